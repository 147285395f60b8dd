"""Environments that are links: followed where they are the user's, else said with what to write."""

from collections.abc import Collection
from pathlib import Path

import pytest
from support.environments import install_editable
from support.repositories import write

from agentproxy.events.git_facts import EnvironmentFound
from agentproxy.workspace.environment.discover import WantedEnvironment, find_environment


@pytest.fixture
def root(tmp_path: Path) -> Path:
    write(tmp_path, {"project/pyproject.toml": '[project]\nname = "parcel"\n', "user/x": ""})
    return tmp_path / "project"


def look(root: Path, committed: Collection[str] = ()) -> EnvironmentFound:
    environ = {"PATH": "/usr/bin", "HOME": f"{root.parent}/user"}
    return find_environment(
        root, ".", environ=environ, wanted=WantedEnvironment(committed=committed)
    )


def link(root: Path, name: str, target: Path, mark: str) -> Path:
    write(target, {mark: ""})
    (root / name).symlink_to(target)
    return target


@pytest.mark.parametrize(
    ("name", "mark"), [(".venv", "pyvenv.cfg"), ("node_modules", "a/index.js")]
)
def test_a_link_to_an_environment_is_followed_and_said(root: Path, name: str, mark: str) -> None:
    target = link(root, name, root.parent / "envs/one", mark)
    found = look(root)
    assert found.folders == (str(root / name), str(target))
    assert f"{name} is a link to {target}" in found.notes


def test_the_programs_of_a_linked_environment_come_first_on_path(root: Path) -> None:
    target = link(root, ".venv", root.parent / "envs/one", "pyvenv.cfg")
    write(target, {"bin/pytest": ""})
    assert look(root).path.startswith(f"{root}/.venv/bin")


def test_a_link_into_the_environment_of_another_checkout_shows_the_tree_there(root: Path) -> None:
    main = root.parent / "main"
    write(main, {"pyproject.toml": '[project]\nname = "parcel"\n', "src/parcel/__init__.py": ""})
    target = link(root, ".venv", main / ".venv", "pyvenv.cfg")
    (target / "lib/python3.11/site-packages").mkdir(parents=True)
    write(target, {"bin/x": ""})
    install_editable(target, main, how="path")
    found = look(root)
    assert found.checkouts == (str(main),)
    assert str(target) in found.folders


def test_a_link_to_a_private_folder_is_not_followed(root: Path) -> None:
    (root / "node_modules").symlink_to(root.parent / "user")
    (root / "sub").mkdir()
    (root / "sub/node_modules").symlink_to(root)
    found = look(root)
    assert found.folders == ()
    assert len([note for note in found.notes if "stays private" in note]) == 2


def test_a_committed_link_out_of_the_tree_is_only_named_with_the_line_to_write(root: Path) -> None:
    target = link(root, ".venv", root.parent / "envs/one", "pyvenv.cfg")
    found = look(root, committed={".venv"})
    assert found.folders == ()
    assert f'write environment = ["{target}"]' in " ".join(found.notes)


def test_a_link_that_leads_nowhere_is_no_environment(root: Path) -> None:
    (root / "node_modules").symlink_to(root.parent / "absent")
    assert look(root).folders == ()
