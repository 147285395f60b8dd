"""Which environments tell where the project is imported from."""

import os
from pathlib import Path

import pytest
from support.environments import install_editable
from support.repositories import write

from agentproxy.events.check import BASE
from agentproxy.events.git_facts import EnvironmentBuilt
from agentproxy.evidence.environments.build import with_built
from agentproxy.workspace.environment.discover import WantedEnvironment, find_environment

PROJECT = {"pyproject.toml": '[project]\nname = "parcel"\n', "src/parcel/__init__.py": ""}


@pytest.mark.parametrize(
    ("wrong", "on_path", "command", "counts"),
    [
        ("root/.venv", (), "pytest", True),
        ("root/.venv", ("root/.venv",), "pytest", True),
        ("root/examples/.venv", (), "pytest", False),
        ("root/examples/.venv", (), "examples/.venv/bin/pytest", True),
        ("active", ("root/.venv", "active"), "pytest", False),
        ("active", ("active", "root/.venv"), "pytest", True),
        ("active", (), "pytest", False),
    ],
)
def test_a_copy_counts_only_in_an_environment_that_checks_use(
    tmp_path: Path, wrong: str, on_path: tuple[str, ...], command: str, *, counts: bool
) -> None:
    root, other = tmp_path / "root", tmp_path / "other/libs/parcel"
    write(root, PROJECT)
    write(other, PROJECT)
    (tmp_path / "other/.git").mkdir()
    for name in ("root/.venv", "root/examples/.venv", "active"):
        write(tmp_path / name, {"pyvenv.cfg": "", "bin/x": ""})
        (tmp_path / name / "lib/python3.11/site-packages").mkdir(parents=True)
    install_editable(tmp_path / wrong, other, how="path")
    path = os.pathsep.join(f"{tmp_path}/{name}/bin" for name in on_path)
    environ = {"PATH": path, "HOME": "/nonexistent", "VIRTUAL_ENV": f"{tmp_path}/active"}
    found = find_environment(
        root, ".", environ=environ, wanted=WantedEnvironment(commands=(command,))
    )
    assert found.elsewhere == ((str(other),) if counts else ())
    fresh = EnvironmentBuilt(on=BASE, programs=(f"{root}/build/.venv/bin",))
    renewed = EnvironmentBuilt(on=BASE, programs=(f"{root}/.venv/bin",))
    assert with_built(found, [fresh]).elsewhere == ()
    assert with_built(found, [renewed]).elsewhere == found.elsewhere
