"""Environments that a tool keeps elsewhere: the tool is asked, and the tree under proof is met."""

import json
import subprocess
from pathlib import Path

import pytest
from support.environments import (
    MEND_PARCEL,
    PACKAGE,
    as_user,
    install_editable,
    new_project,
    new_venv,
    picture,
)
from support.front_door import Pa
from support.real_tools import programs_of

pytestmark = pytest.mark.slow

CHECK = "python -m pytest -q tests"
POETRY_PROJECT = (
    '[project]\nname = "parcel"\nversion = "1.0"\nrequires-python = ">=3.11"\n'
    '[tool.poetry]\npackages = [{include = "parcel", from = "src"}]\n'
)


def stand_in_for_conda(at: Path, envs: list[Path]) -> None:
    """A `conda` that lists these environments, as `conda env list --json` does."""
    at.parent.mkdir(parents=True)
    answer = json.dumps({"envs": [str(env) for env in envs]})
    at.write_text(f"#!/bin/sh\n[ \"$1 $2 $3\" = 'env list --json' ] && echo '{answer}'\n")
    at.chmod(0o755)


def test_the_conda_environment_that_the_project_names_is_found_by_asking_conda(
    pa: Pa, tmp_path: Path
) -> None:
    new_project(pa, {**PACKAGE, "environment.yml": "name: parcels\ndependencies: []\n"})
    other = new_venv(tmp_path / "user/miniconda/envs/other", pytest=False)
    env = new_venv(tmp_path / "user/miniconda/envs/parcels")
    (env / "conda-meta").mkdir()
    install_editable(env, pa.project, how="path")
    stand_in_for_conda(tmp_path / "user/miniconda/condabin/conda", [other, env])
    before = picture(env)
    user = as_user(tmp_path / "user", tmp_path / "user/miniconda/condabin")
    ran = pa.task("--check", CHECK, worker=MEND_PARCEL, env=user)
    assert str(env) in ran.of_kind("environment_found")[0]["folders"]
    assert ran.finding(CHECK)["finding"] == "proven", ran.finding(CHECK)
    assert ran.code == 0
    assert picture(env) == before


def test_where_conda_has_no_such_environment_the_cure_is_said(pa: Pa, tmp_path: Path) -> None:
    new_project(pa, {**PACKAGE, "environment.yml": "name: parcels\ndependencies: []\n"})
    stand_in_for_conda(tmp_path / "user/conda/bin/conda", [])
    user = as_user(tmp_path / "user", tmp_path / "user/conda/bin")
    ran = pa.task("--check", CHECK, "--max-rounds", "1", worker=MEND_PARCEL, env=user)
    assert "conda env create" in " ".join(ran.of_kind("environment_found")[0]["notes"])
    assert ran.code == 3


@pytest.mark.timeout(300)
def test_the_environment_that_poetry_keeps_is_found_by_asking_poetry(
    pa: Pa, tmp_path: Path
) -> None:
    new_project(pa, {**PACKAGE, "pyproject.toml": POETRY_PROJECT})
    poetry = programs_of("poetry") / "poetry"
    user = as_user(tmp_path / "user", poetry.parent)
    install = [poetry, "install", "-q", "--no-interaction"]
    subprocess.run(install, check=True, cwd=pa.project, env=user)
    show = [poetry, "env", "info", "--path"]
    done = subprocess.run(
        show, check=True, cwd=pa.project, env=user, capture_output=True, text=True
    )
    env = Path(done.stdout.strip())
    new_venv(env)
    pa.commit("The lock")
    before = picture(env)
    check = "poetry run python -m pytest -q tests"
    ran = pa.task("--check", check, "--check", CHECK, worker=MEND_PARCEL, env=user)
    assert str(env) in ran.of_kind("environment_found")[0]["folders"]
    checks = ran.of_kind("round_judged")[0]["checks"]
    assert [each["finding"] for each in checks[:2]] == ["proven", "proven"], checks
    assert ran.code == 0
    assert picture(env) == before
