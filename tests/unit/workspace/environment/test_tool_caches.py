"""Which caches of tools a job sees, and how a tool finds them there: a row for each tool."""

from dataclasses import dataclass, field
from pathlib import Path

import pytest
from support.repositories import write

from agentproxy.events.git_facts import EnvironmentFound
from agentproxy.workspace.environment.discover import WantedEnvironment, find_environment
from agentproxy.workspace.environment.job_layout import place_tree
from agentproxy.workspace.environment.tool_caches import CACHES, store_of
from agentproxy.workspace.sandbox.port import Mount

INSIDE = "/home/agent"


@dataclass(frozen=True)
class Row:
    tool: str
    command: str
    cached: str  # a file in the user's HOME
    shown: str  # where a job finds its folder; "~" is the user's HOME
    env: dict[str, str] = field(default_factory=dict[str, str])
    project: dict[str, str] = field(default_factory=dict[str, str])


ROWS = [
    Row(
        "uv", "uv run tool.py", ".cache/uv/archive-v0/a/x.py", "~/.cache/uv",
        {"UV_CACHE_DIR": "~/.cache/uv"},
    ),
    Row(
        "uv", "make test", ".cache/uv/archive-v0/a/x.py", "~/.cache/uv",
        {"UV_CACHE_DIR": "~/.cache/uv"}, {"Makefile": "test:\n\tuv run tool.py\n"},
    ),
    Row(
        "uv", "./tool", ".cache/uv/archive-v0/a/x.py", "~/.cache/uv",
        {"UV_CACHE_DIR": "~/.cache/uv"}, {"tool": "#!/usr/bin/env -S uv run --script\n"},
    ),
    Row(
        "Yarn", "node --test", ".yarn/berry/cache/a.zip", "~/.yarn/berry",
        {"YARN_GLOBAL_FOLDER": "~/.yarn/berry"}, {".pnp.cjs": ""},
    ),
    Row(
        "corepack", "npm test", ".cache/node/corepack/v1/pnpm/10.0.0/x", "~/.cache/node/corepack",
        {"COREPACK_HOME": "~/.cache/node/corepack"},
        {"package.json": '{"scripts": {"test": "pnpm -r test"}}'},
    ),
    Row(
        "pre-commit", "pre-commit run -a", ".cache/pre-commit/db.db", "~/.cache/pre-commit",
        {"PRE_COMMIT_HOME": "~/.cache/pre-commit"},
    ),
    Row(
        "hatch", "hatch test", ".local/share/hatch/env/virtual/x", "~/.local/share/hatch",
        {"HATCH_DATA_DIR": "~/.local/share/hatch"},
    ),
    Row(
        "bun", "bun test", ".bun/install/cache/a@1/index.js", "~/.bun/install/cache",
        {"BUN_INSTALL_CACHE_DIR": "~/.bun/install/cache"},
    ),
    Row(
        "deno", "make", ".cache/deno/npm/x", "~/.cache/deno",
        {"DENO_DIR": "~/.cache/deno"}, {"deno.json": "{}"},
    ),
    Row(
        "Go", "make", "go/pkg/mod/a@v1/a.go", "~/go/pkg/mod",
        {"GOMODCACHE": "~/go/pkg/mod", "GOPROXY": "off"}, {"go.mod": "module x\n"},
    ),
    Row(
        "cargo", "cargo test", ".cargo/registry/cache/a", f"{INSIDE}/.cargo/registry",
        {"CARGO_NET_OFFLINE": "true"},
    ),
    Row("Maven", "./mvnw test", ".m2/repository/a/a.jar", f"{INSIDE}/.m2/repository"),
    Row(
        "Gradle", "make", ".gradle/caches/modules-2/a", f"{INSIDE}/.gradle/caches",
        project={"build.gradle.kts": ""},
    ),
    Row(
        "NuGet", "make", ".nuget/packages/a/a.dll", "~/.nuget/packages",
        {"NUGET_PACKAGES": "~/.nuget/packages"}, {"app.csproj": ""},
    ),
    Row(
        "Composer", "composer test", ".cache/composer/files/a.zip", "~/.cache/composer",
        {"COMPOSER_CACHE_DIR": "~/.cache/composer"},
    ),
    Row(
        "RubyGems", "bundle exec rspec", ".local/share/gem/ruby/3.1.0/a.rb",
        f"{INSIDE}/.local/share/gem/ruby",
    ),
    Row("RubyGems", "bundle exec rspec", ".gem/ruby/3.1.0/a.rb", f"{INSIDE}/.gem/ruby"),
]  # fmt: skip
# What must never be seen, by the folders of the tools.
CREDENTIALS = (
    ".cargo/credentials.toml", ".npmrc", ".yarnrc.yml", ".m2/settings.xml",
    ".m2/settings-security.xml", ".gradle/gradle.properties", ".gradle/init.d/corp.gradle",
    ".nuget/NuGet/NuGet.Config", ".gem/credentials", ".local/share/gem/credentials",
    ".config/composer/auth.json", ".pypirc", ".config/uv/uv.toml",
)  # fmt: skip


def look(tmp_path: Path, command: str, **environ: str) -> EnvironmentFound:
    env = {"HOME": str(tmp_path / "user"), "PATH": "/usr/bin:/bin", **environ}
    wanted = WantedEnvironment(commands=(command,), caches=True)
    return find_environment(tmp_path / "project", ".", environ=env, wanted=wanted)


def lay_out(tmp_path: Path, found: EnvironmentFound) -> dict[str, Mount]:
    root = tmp_path / "project"
    tree = [Mount(at=str(root), mode="overlay", source=root)]
    layout = place_tree(tree, root=root, directory=".", environment=found)
    return {mount.at: mount for mount in layout.mounts}


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row.tool}-{row.command}")
def test_the_cache_of_a_tool_that_the_project_uses_is_shown_in_a_layer_and_found(
    tmp_path: Path, row: Row
) -> None:
    user = tmp_path / "user"
    write(user, {row.cached: "", **dict.fromkeys(CREDENTIALS, "token")})
    write(tmp_path / "project", {"README": "", **row.project})
    found = look(tmp_path, row.command)
    mounts = lay_out(tmp_path, found)
    mount = mounts[row.shown.replace("~", str(user))]
    assert (mount.mode, mount.may_copy) == ("overlay", False)
    assert mount.source is not None
    assert (user / row.cached).is_relative_to(mount.source)
    wanted = {name: text.replace("~", str(user)) for name, text in row.env.items()}
    assert wanted.items() <= found.env.items()
    shown = [mount.source for mount in mounts.values() if mount.source]
    for name in CREDENTIALS:
        assert not any((user / name).is_relative_to(source) for source in shown), name


def test_every_tool_of_the_table_has_a_row_here() -> None:
    assert {cache.tool for cache in CACHES} == {row.tool for row in ROWS}
    assert all(cache.tried or cache.tool in UNTRIED for cache in CACHES)


# No engine of these could be installed here: their rows follow their manuals.
UNTRIED = {"Gradle", "NuGet", "Composer", "RubyGems"}


def test_no_cache_is_shown_of_a_tool_that_the_project_does_not_use(tmp_path: Path) -> None:
    write(tmp_path / "user", {row.cached: "" for row in ROWS})
    write(tmp_path / "project", {"README": "uv, yarn and go\n"})
    assert look(tmp_path, "pytest -q").caches == {}


def test_a_variable_of_the_tool_or_of_xdg_says_where_its_cache_is(tmp_path: Path) -> None:
    write(tmp_path, {"big/uv/x": "", "xdg/uv/x": "", "project/uv.lock": ""})
    named = look(tmp_path, "pytest", UV_CACHE_DIR=f"{tmp_path}/big/uv")
    assert named.caches == {f"{tmp_path}/big/uv": f"{tmp_path}/big/uv"}
    by_xdg = look(tmp_path, "pytest", XDG_CACHE_HOME=f"{tmp_path}/xdg")
    assert by_xdg.env["UV_CACHE_DIR"] == f"{tmp_path}/xdg/uv"


def test_a_cache_that_is_home_or_holds_credentials_is_not_shown(tmp_path: Path) -> None:
    write(tmp_path, {"user/x": "", "kept/.netrc": "", "project/uv.lock": ""})
    for folder in ("user", "kept", "project/../user", "absent"):
        assert look(tmp_path, "pytest", UV_CACHE_DIR=f"{tmp_path}/{folder}").caches == {}


def test_private_parts_of_a_cache_are_covered(tmp_path: Path) -> None:
    write(tmp_path, {"user/go/pkg/mod/cache/vcs/a/config": "", "project/go.mod": ""})
    mounts = lay_out(tmp_path, look(tmp_path, "go test ./..."))
    assert mounts[f"{tmp_path}/user/go/pkg/mod/cache/vcs"].mode == "hidden"


@pytest.mark.parametrize(
    ("link", "store"),
    [
        ("/h/.local/share/pnpm/store/v10/links/@/is-odd/3.0.1/aa/node_modules/is-odd",
         "/h/.local/share/pnpm/store/v10/links"),
        ("/h/.cache/uv/archive-v0/AbC/pytest/__init__.py", "/h/.cache/uv/archive-v0"),
        ("/h/work/links/a", ""),
        ("/h/lib/archive/v0/a", ""),
    ],
)  # fmt: skip
def test_links_into_a_store_tell_which_store(link: str, store: str) -> None:
    assert store_of(link) == store


def test_the_store_that_links_of_an_environment_lead_into_is_shown_as_a_whole(
    tmp_path: Path,
) -> None:
    store = tmp_path / "user/.local/share/pnpm/store/v10/links"
    archive = tmp_path / "user/.cache/uv/archive-v0"
    write(store, {"@/is-odd/3/h/node_modules/is-odd/index.js": ""})
    write(archive, {"h/pytest/__init__.py": ""})
    write(tmp_path / "project", {
        "node_modules/.keep": "", ".venv/pyvenv.cfg": "",
        ".venv/lib/python3.11/site-packages/pytest/.keep": "",
    })  # fmt: skip
    site = tmp_path / "project/.venv/lib/python3.11/site-packages"
    (site / "pytest/__init__.py").symlink_to(archive / "h/pytest/__init__.py")
    (tmp_path / "project/node_modules/is-odd").symlink_to(
        store / "@/is-odd/3/h/node_modules/is-odd"
    )
    assert {str(store), str(archive)} <= set(look(tmp_path, "npm test").toolchains)


@pytest.mark.parametrize(
    ("folder", "mark", "command"),
    [
        (".nox/tests", "pyvenv.cfg", "nox -R"),
        (".tox/py311", "pyvenv.cfg", "python -m tox"),
        ("__pypackages__", "3.11/lib/x.py", "pdm run pytest"),
        (".yarn/unplugged", "x/index.js", "yarn test"),
        (".yarn/cache", "x.zip", "yarn test"),
        ("vendor", "composer/installed.json", "vendor/bin/phpunit"),
        ("vendor/bundle", "ruby/x.rb", "bundle exec rspec"),
    ],
)
def test_what_a_tool_installs_into_the_project_is_an_environment(
    tmp_path: Path, folder: str, mark: str, command: str
) -> None:
    write(tmp_path / "project", {f"{folder}/{mark}": ""})
    assert look(tmp_path, command).folders == (f"{tmp_path}/project/{folder}",)


def test_environments_of_tox_and_nox_are_shown_only_where_a_check_names_the_tool(
    tmp_path: Path,
) -> None:
    write(tmp_path / "project", {".tox/py311/pyvenv.cfg": "", ".nox/tests/pyvenv.cfg": ""})
    assert look(tmp_path, "pytest -q").folders == ()
