"""What an environment lacks of what the project asks for."""

from pathlib import Path

import pytest

from agentproxy.evidence.environments.find_recipes import find_recipes
from agentproxy.evidence.environments.lacking import describe_lacking, packages_lacking

SITE = "lib/python3.11/site-packages"


def new_environment(at: Path, *, more: str = "false") -> Path:
    (at / SITE / "Flask_Login-1.0.dist-info").mkdir(parents=True)
    (at / "pyvenv.cfg").write_text(f"home = /usr\ninclude-system-site-packages = {more}\n")
    return at


def test_packages_of_python_are_known_by_their_records(tmp_path: Path) -> None:
    venv = new_environment(tmp_path / ".venv")
    assert packages_lacking(venv, ["flask-login", "pytest"]) == ["pytest"]


def test_an_environment_that_sees_others_lacks_nothing_for_sure(tmp_path: Path) -> None:
    venv = new_environment(tmp_path / ".venv", more="true")
    assert packages_lacking(venv, ["pytest"]) == []
    assert packages_lacking(tmp_path / "none", ["pytest"]) == []


def test_packages_of_node_are_known_by_their_folders(tmp_path: Path) -> None:
    modules = tmp_path / "node_modules"
    (modules / "@corp/pad").mkdir(parents=True)
    assert packages_lacking(modules, ["@corp/pad", "jest"]) == ["jest"]


def test_what_a_machine_may_do_without_is_not_needed(tmp_path: Path) -> None:
    (tmp_path / "requirements.txt").write_text("idna\ncolorama; sys_platform == 'win32'\n-c x\n")
    (tmp_path / "package.json").write_text(
        '{"dependencies": {"a": "1"}, "devDependencies": {"b": "1"},'
        ' "optionalDependencies": {"c": "1"}}'
    )
    found = find_recipes(tmp_path, ["."], path="/usr/bin")
    assert {each.ecosystem: each.needs for each in found} == {
        "python": ("idna",),
        "node": ("a", "b"),
    }


def test_a_person_reads_what_is_lacking_and_what_to_type() -> None:
    said = describe_lacking("node_modules", list("abcdefg"), by_hand="npm ci")
    assert said == "node_modules lacks a, b, c, d, e and 2 more, which the project asks for: npm ci"


@pytest.mark.parametrize(
    ("more", "needs"),
    [
        ("", ("my-parcel",)),
        ("[tool.pytest.ini_options]\npythonpath = ['src']\n", ()),
        ("[tool.poetry]\npackage-mode = false\n", ()),
    ],
)
def test_a_project_below_src_needs_itself_unless_it_is_found_without(
    tmp_path: Path, more: str, needs: tuple[str, ...]
) -> None:
    (tmp_path / "src/my_parcel").mkdir(parents=True)
    (tmp_path / "src/my_parcel/__init__.py").touch()
    text = f"[project]\nname = 'My_Parcel'\n[build-system]\nrequires = []\n{more}"
    (tmp_path / "pyproject.toml").write_text(text)
    (found,) = find_recipes(tmp_path, ["."], path="/usr/bin")
    assert found.needs == needs
