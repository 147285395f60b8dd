"""Which files say what is to be installed, and which of them a recipe reads."""

import pytest

from agentproxy.events.git_facts import Change
from agentproxy.evidence.dependency_files import (
    OTHER_PYTHON_LISTS,
    PYTHON_LOCKS,
    REQUIREMENT_FILES,
    find_dependency_files,
    is_dependency_file,
    is_read_by_no_recipe,
)

READ = [
    *("requirements.txt", "web/requirements.txt", "dev-requirements.in", "constraints-ci.txt"),
    *("requirements/base.txt", "api/requirements/docs.in", "pyproject.toml", "setup.py"),
    *("setup.cfg", "uv.lock", "poetry.lock", "yarn.lock", "package.json", "web/package.json"),
    *("package-lock.json", "npm-shrinkwrap.json", "pnpm-lock.yaml", *REQUIREMENT_FILES),
    *PYTHON_LOCKS,
]
UNREAD = [
    *("Pipfile", "Pipfile.lock", "pdm.lock", "environment.yml", "conda/environment.yaml", "go.mod"),
    *("go.sum", "Cargo.toml", "crates/a/Cargo.lock", "Gemfile", "Gemfile.lock", "bun.lock"),
    "bun.lockb",
]
NEITHER = [
    *("requirements.md", "docs/requirements.rst", "requirements/README.md", "constraints.py"),
    *("my-requirements/base.txt", "package.json.bak", "src/lock.py", "lock", "mygo.mod", "calc.py"),
    *("setup.sh", "Gemfile.rb", "pyproject.toml.orig", "environment.py", "tox.ini", "noxfile.py"),
]


@pytest.mark.parametrize("path", READ)
def test_a_list_that_recipes_read_is_a_dependency_file(path: str) -> None:
    assert is_dependency_file(path)
    assert not is_read_by_no_recipe(path)


@pytest.mark.parametrize("path", UNREAD)
def test_a_list_that_only_its_own_tool_reads_is_one_as_well(path: str) -> None:
    assert is_dependency_file(path)
    assert is_read_by_no_recipe(path)


@pytest.mark.parametrize("path", NEITHER)
def test_other_files_are_none(path: str) -> None:
    assert not is_dependency_file(path)


def test_where_a_dropped_name_may_stand_are_dependency_files_and_settings_of_runners() -> None:
    others = [path for path in OTHER_PYTHON_LISTS if not is_dependency_file(path)]
    assert others == ["tox.ini", "noxfile.py"]


def test_of_changes_only_dependency_files_are_named_in_their_order() -> None:
    changes = [Change(path=path, status="modified") for path in ("b/go.mod", "a.py", "setup.py")]
    assert find_dependency_files(changes) == ("b/go.mod", "setup.py")
