"""Where tools keep what they have downloaded, and how a job finds it there. Pure.

A row for each tool. A cache gets a layer that is thrown away, since most tools write locks into it.
"""

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

LONGEST_TEXT = 1 << 20  # characters
_WORD = re.compile(r"[\w.+-]+")
_STORE = re.compile(r"/(?:[^/]+/)*?(?:v\d+/links|archive-v\d+)(?=/)")


@dataclass(frozen=True, slots=True)
class Cache:
    """A folder of a tool. It is shown where a command or a file shows that the project uses it."""

    tool: str
    tried: str  # the version of the tool; "" where it was not tried
    words: tuple[str, ...]  # programs
    usual: str  # below HOME; .cache and .local/share mean XDG_CACHE_HOME and XDG_DATA_HOME
    files: tuple[str, ...] = ()  # of the project, as patterns of names
    variable: str = ""  # the tool's own, for another folder
    # What is shown of the folder; without any, all of it. The rest may hold credentials.
    parts: tuple[str, ...] = ()
    # Whether a job finds it in its own HOME. Else it is at the user's path, and `variable` is set:
    # so where what is in it has absolute paths, or something else names it.
    in_home: bool = False
    hidden: tuple[str, ...] = ()  # patterns below the folder
    environments: str = ""  # pattern of pyvenv.cfg files in it: their interpreters are shown too
    env: Mapping[str, str] = field(default_factory=dict[str, str])


CACHES = (
    Cache(
        tool="uv",
        tried="0.13.9",
        words=("uv", "uvx"),
        files=("uv.lock",),
        usual=".cache/uv",
        variable="UV_CACHE_DIR",
        environments="environments-v*/*/pyvenv.cfg",
    ),
    Cache(
        tool="Yarn",
        tried="4.18.1",
        words=("yarn",),
        files=(".yarnrc.yml", ".pnp.cjs"),
        usual=".yarn/berry",
        variable="YARN_GLOBAL_FOLDER",
    ),
    Cache(
        tool="corepack",
        tried="0.34.6",
        words=("corepack", "pnpm", "pnpx", "yarn"),
        usual=".cache/node/corepack",
        variable="COREPACK_HOME",
    ),
    Cache(
        tool="pre-commit",
        tried="4.7.0",
        words=("pre-commit", "prek"),
        usual=".cache/pre-commit",
        variable="PRE_COMMIT_HOME",
        environments="*/py_env-*/pyvenv.cfg",
    ),
    Cache(
        tool="hatch",
        tried="1.18.2",
        words=("hatch",),
        usual=".local/share/hatch",
        variable="HATCH_DATA_DIR",
        environments="env/virtual/*/*/*/pyvenv.cfg",
    ),
    Cache(
        tool="bun",
        tried="1.4.5",
        words=("bun", "bunx"),
        files=("bun.lock", "bun.lockb"),
        usual=".bun/install/cache",
        variable="BUN_INSTALL_CACHE_DIR",
    ),
    Cache(
        tool="deno",
        tried="2.9.6",
        words=("deno",),
        files=("deno.json", "deno.jsonc", "deno.lock"),
        usual=".cache/deno",
        variable="DENO_DIR",
        hidden=("location_data",),
    ),
    Cache(
        tool="Go",
        tried="1.27.3",
        words=("go",),
        files=("go.mod", "go.work"),
        usual="go/pkg/mod",
        variable="GOMODCACHE",
        hidden=("cache/vcs",),
        # Checks have no network: the tools must use what is here.
        env={"GOPROXY": "off", "GOFLAGS": "-modcacherw"},
    ),
    Cache(
        tool="cargo",
        tried="1.95.0",
        words=("cargo",),
        files=("Cargo.toml",),
        usual=".cargo",
        variable="CARGO_HOME",
        parts=("registry", "git"),
        in_home=True,
        env={"CARGO_NET_OFFLINE": "true"},
    ),
    Cache(
        tool="Maven",
        tried="3.8.7",
        words=("mvn", "mvnw", "mvnd"),
        files=("pom.xml",),
        usual=".m2",
        parts=("repository", "wrapper"),
        in_home=True,
        # The user's settings.xml may hold passwords, so it is not shown. Without its mirrors Maven
        # would want to fetch again what came from them.
        env={"MAVEN_OPTS": "-Dmaven.legacyLocalRepo=true"},
    ),
    Cache(
        tool="Gradle",
        tried="",
        words=("gradle", "gradlew"),
        files=("build.gradle", "build.gradle.kts", "settings.gradle", "settings.gradle.kts"),
        usual=".gradle",
        variable="GRADLE_USER_HOME",
        parts=("caches", "wrapper", "jdks", "native"),
        in_home=True,
    ),
    Cache(
        tool="NuGet",
        tried="",
        words=("dotnet", "nuget", "msbuild"),
        files=("*.csproj", "*.fsproj", "*.vbproj", "*.sln", "*.slnx"),
        usual=".nuget/packages",
        variable="NUGET_PACKAGES",
    ),
    Cache(
        tool="Composer",
        tried="",
        words=("composer",),
        files=("composer.json",),
        usual=".cache/composer",
        variable="COMPOSER_CACHE_DIR",
        hidden=("vcs",),
        env={"COMPOSER_DISABLE_NETWORK": "1"},
    ),
    Cache(
        tool="RubyGems",
        tried="",
        words=("bundle", "bundler", "gem", "rspec", "rake"),
        files=("Gemfile",),
        usual=".local/share/gem",
        parts=("ruby",),
        in_home=True,
    ),
    Cache(
        tool="RubyGems",
        tried="",
        words=("bundle", "bundler", "gem", "rspec", "rake"),
        files=("Gemfile",),
        usual=".gem",
        parts=("ruby",),
        in_home=True,
    ),
)  # fmt: skip

PDM_PYTHON = ".pdm-python"
# What Yarn and PDM write into a project, have git ignore, and need again.
WRITTEN_BY_TOOLS = (".pnp.cjs", ".pnp.loader.mjs", PDM_PYTHON)


def words_in(texts: Iterable[str]) -> frozenset[str]:
    """Returns the words of commands: programs by their last name."""
    return frozenset(word for text in texts for word in _WORD.findall(text[:LONGEST_TEXT]))


def used_caches(words: Collection[str], names: Collection[str]) -> list[Cache]:
    """Returns the caches of the tools that a project names, or that its files show."""
    return [
        cache
        for cache in CACHES
        if any(word in words for word in cache.words)
        or any(fnmatchcase(name, pattern) for name in names for pattern in cache.files)
    ]


def store_of(path: str) -> str:
    """Returns the store of packages that a path is in: of pnpm's links, of uv's archives, or "".

    Packages find what they need beside them, so all of the store must be seen.
    """
    found = _STORE.match(path)
    return found[0] if found else ""
