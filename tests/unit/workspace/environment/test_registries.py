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
        ("@corp:registry=https://npm.corp.example/", ()),
        ("//npm.corp.example/:_authToken=s3cret", ()),
        ("registry=https://user:s3cret@npm.corp.example/", ()),
        ("registry=${SECRET}", ()),
    ],
)
def test_of_the_users_npmrc_only_the_registry_is_read(
    tmp_path: Path, line: str, named: tuple[str, ...]
) -> None:
    (tmp_path / ".npmrc").write_text(f"{line}\n//a.example/:_authToken=token\n")
    found = find_registries({"HOME": str(tmp_path)})
    assert found.named == named
    assert "token" not in str(found.env)
    other = {"HOME": str(tmp_path), "npm_config_registry": "https://b.example/"}
    assert find_registries(other).named == ("b.example:443",)
