"""Where packages come from, and what is never handed to a build."""

from pathlib import Path

import pytest

from agentproxy.workspace.environment.registries import PUBLIC, find_registries


def test_without_any_wish_only_the_public_registries_are_reached(tmp_path: Path) -> None:
    found = find_registries({"HOME": str(tmp_path), "ANTHROPIC_API_KEY": "sk-secret"})
    assert found.hosts == PUBLIC
    assert found.env == {}


def test_the_users_own_registry_and_folders_are_passed_on(tmp_path: Path) -> None:
    wheels = tmp_path / "wheels"
    wheels.mkdir()
    environ = {
        "HOME": str(tmp_path / "home"),
        "PIP_INDEX_URL": "https://pypi.corp.example/simple",
        "PIP_FIND_LINKS": f"{wheels} file://{wheels}",
        "npm_config_registry": "http://npm.corp.example:8081/",
        "UV_INDEX": "corp=https://uv.corp.example/simple",
    }
    found = find_registries(environ)
    assert set(found.hosts) - set(PUBLIC) == {
        "pypi.corp.example:443",
        "npm.corp.example:8081",
        "uv.corp.example:443",
    }
    assert found.paths == (wheels,)
    assert found.withheld == ()


def test_pips_own_files_count_and_its_variables_win(tmp_path: Path) -> None:
    folder = tmp_path / ".config/pip"
    folder.mkdir(parents=True)
    (folder / "pip.conf").write_text(
        "[global]\nindex-url = https://a.example/simple\nextra-index-url =\n  https://b.example/x\n"
    )
    found = find_registries({"HOME": str(tmp_path), "PIP_INDEX_URL": "https://c.example/simple"})
    assert found.env["PIP_INDEX_URL"] == "https://c.example/simple"
    assert found.env["PIP_EXTRA_INDEX_URL"] == "https://b.example/x"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PIP_INDEX_URL", "https://user:s3cret@pypi.corp.example/simple"),
        ("PIP_EXTRA_INDEX_URL", "https://a.example/x https://token@b.example/x"),
        ("UV_INDEX", "corp=https://user:s3cret@uv.corp.example/simple"),
        ("npm_config_registry", "https://npm.corp.example/?token=s3cret"),
    ],
)
def test_what_holds_a_secret_is_withheld_and_named(tmp_path: Path, name: str, value: str) -> None:
    found = find_registries({"HOME": str(tmp_path), name: value})
    assert found.withheld == (name,)
    assert found.env == {}
    assert found.hosts == PUBLIC


def test_a_folder_that_holds_more_than_packages_is_not_shown(tmp_path: Path) -> None:
    home = tmp_path / "home"
    (home / ".ssh").mkdir(parents=True)
    for folder in (tmp_path, home, home / ".ssh"):
        found = find_registries({"HOME": str(home), "PIP_FIND_LINKS": str(folder)})
        assert found.paths == ()


def test_what_the_user_named_may_be_private_and_nothing_else(tmp_path: Path) -> None:
    assert find_registries({"HOME": str(tmp_path)}).named == ()
    environ = {"HOME": str(tmp_path), "PIP_INDEX_URL": "https://pypi.corp.example/simple"}
    assert find_registries(environ).named == ("pypi.corp.example:443",)
    mirrored = find_registries({**environ, "PIP_INDEX_URL": "https://pypi.org/simple"})
    assert set(mirrored.named) == set(PUBLIC)


@pytest.mark.parametrize(
    ("line", "named"),
    [
        ("registry=https://npm.corp.example/", ("npm.corp.example:443",)),
        ("  registry = http://localhost:4873", ("localhost:4873",)),
        ("@corp:registry=https://npm.corp.example/", ("npm.corp.example:443",)),
        ("//npm.corp.example/:_authToken=s3cret", ()),
        ("registry=https://user:s3cret@npm.corp.example/", ()),
        ("registry=${SECRET}", ()),
    ],
)
def test_of_the_users_npmrc_only_registries_are_read(
    tmp_path: Path, line: str, named: tuple[str, ...]
) -> None:
    (tmp_path / ".npmrc").write_text(f"{line}\n//a.example/:_authToken=token\n")
    found = find_registries({"HOME": str(tmp_path)})
    assert found.named == named
    assert "token" not in str(found.env)
    other = {"HOME": str(tmp_path), "npm_config_registry": "https://b.example/"}
    assert "b.example:443" in find_registries(other).named


def write_home(home: Path, files: dict[str, str]) -> dict[str, str]:
    for name, text in files.items():
        (home / name).parent.mkdir(parents=True, exist_ok=True)
        (home / name).write_text(text)
    return {"HOME": str(home)}


UV = """
index-url = "https://a.example/simple"
extra-index-url = ["https://b.example/x", "https://c.example/x"]
[[index]]
url = "https://d.example/simple"
default = true
[[index]]
name = "corp"
url = "https://e.example/simple"
[pip]
index-url = "https://f.example/simple"
"""


def test_the_registries_in_uvs_file_count_and_its_variables_win(tmp_path: Path) -> None:
    user = write_home(tmp_path, {".config/uv/uv.toml": UV})
    found = find_registries({**user, "UV_INDEX_URL": "https://own.example/simple"})
    assert found.env == {
        "UV_INDEX_URL": "https://own.example/simple",
        "UV_EXTRA_INDEX_URL": "https://b.example/x https://c.example/x",
        "UV_DEFAULT_INDEX": "https://d.example/simple",
        "UV_INDEX": "corp=https://e.example/simple",
    }
    assert "e.example:443" in found.named


@pytest.mark.parametrize("text", ["index = 3", "[[index]]\nurl = 1", "index-url = [1", "\0"])
def test_an_odd_file_of_uv_names_no_registry(tmp_path: Path, text: str) -> None:
    assert find_registries(write_home(tmp_path, {".config/uv/uv.toml": text})).env == {}


def test_the_registries_of_npms_scopes_and_of_yarn_count_without_their_tokens(
    tmp_path: Path,
) -> None:
    npmrc = (
        "@corp:registry=https://npm.corp.example/\n"
        "@secret:registry=https://user:s3cret@npm.example/\n"
        "//npm.corp.example/:_authToken=s3cret\n"
    )
    yarnrc = 'npmRegistryServer: "https://yarn.corp.example"\nnpmAuthToken: s3cret\n'
    found = find_registries(write_home(tmp_path, {".npmrc": npmrc, ".yarnrc.yml": yarnrc}))
    assert found.npm_lines == ("@corp:registry=https://npm.corp.example/",)
    assert found.env == {"YARN_NPM_REGISTRY_SERVER": "https://yarn.corp.example"}
    assert set(found.hosts) - set(PUBLIC) == {"npm.corp.example:443", "yarn.corp.example:443"}
    assert "s3cret" not in repr(found)
