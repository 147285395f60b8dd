"""Environments that are kept between runs: swept, gone, and built by two runs at once."""

import json
import os
import shutil
import signal
import sys
import time
from pathlib import Path

import pytest
from support.environments import MEND_PARCEL, PACKAGE, as_user, new_project
from support.front_door import Pa
from support.packages import new_wheel, repack

CHECK = "python -m pytest -q tests"
USES = "import scales\n\n\ndef test_scales():\n    assert scales.UNIT == 'g'\n"
PATH = "import sys\nsys.path.insert(0, 'src')\n"

pytestmark = pytest.mark.slow


@pytest.fixture
def user(pa: Pa, tmp_path: Path) -> dict[str, str]:
    """A user without any environment, and a project that asks for a package."""
    files = {name: text for name, text in PACKAGE.items() if name != "pyproject.toml"}
    asked = {"tests/test_scales.py": USES, "conftest.py": PATH}
    new_project(pa, {**files, **asked, "requirements.txt": "pytest\nscales\n"})
    wheels = tmp_path / "wheels"
    new_wheel(wheels, "scales", "1.0", {"scales.py": "UNIT = 'g'\n"})
    for name in ("pytest", "pluggy", "iniconfig", "packaging", "pygments"):
        repack(name, wheels)
    return as_user(tmp_path / "user", Path(sys.base_prefix, "bin"), PIP_FIND_LINKS=str(wheels))


def test_what_was_left_half_built_is_swept_and_what_is_being_built_is_not(
    pa: Pa, user: dict[str, str]
) -> None:
    kept = pa.home / "environments"
    ages = {"a.part-left": 2 * 3600, "b.part-busy": 600, "unused": 31 * 86400, "used": 86400}
    for name, age in ages.items():
        (kept / name / "bin").mkdir(parents=True)
        then = time.time() - age
        os.utime(kept / name, (then, then))
    ran = pa.task("--check", CHECK, worker=MEND_PARCEL, env=user)
    assert ran.code == 0, ran.of_kind("environment_built")
    built = Path(*ran.of_kind("environment_built")[0]["folders"].values()).name
    assert {entry.name for entry in kept.iterdir()} == {"b.part-busy", "used", built}


def test_two_runs_that_build_the_same_at_once_both_stand_on_it(
    pa: Pa, user: dict[str, str]
) -> None:
    worker = pa.worker(MEND_PARCEL)
    command = ["--output", "json", "--check", CHECK, "--worker", worker, "Make it right"]
    runs = [pa.start(*command, env=user) for _ in range(2)]
    ends = [(run.communicate(timeout=110), run.returncode) for run in runs]
    assert [code for _, code in ends] == [0, 0], ends
    assert len(list((pa.home / "environments").iterdir())) == 1


def test_an_environment_that_vanished_while_the_run_waited_is_built_again(
    pa: Pa, user: dict[str, str]
) -> None:
    worker = pa.worker(f"{MEND_PARCEL}\nsleep 100")
    run = pa.start("--output", "json", "--check", CHECK, "--worker", worker, "Fix", env=user)
    assert run.stdout is not None
    for line in run.stdout:
        if json.loads(line)["kind"] == "check_finished":
            break
    run.send_signal(signal.SIGINT)
    run.communicate(timeout=60)
    assert run.returncode == 130
    shutil.rmtree(pa.home / "environments")
    (script,) = pa.scripts.iterdir()
    script.write_text(f"#!/bin/sh\nset -e\n{MEND_PARCEL}\n")
    name = json.loads(pa("list", "--output", "json", env=user).out.splitlines()[0])["run"]
    again = pa("resume", name, "--output", "json", env=user)
    assert again.code == 0, [*again.records[-3:], again.err]
    assert again.result["verdict"] == "verified"
    assert len(list((pa.home / "environments").iterdir())) == 1
