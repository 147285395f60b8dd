"""Checks that name their program by a path: a program inside the tree is the tree's."""

from pathlib import Path

import pytest
from support.environments import as_user, new_venv
from support.front_door import Pa
from support.projects import MEND, UNITTEST, UNITTESTED_CALC

ONE = ("--max-rounds", "1")
SCRIPT = f'#!/bin/sh\nset -e\ncd "$(dirname "$0")"\n{UNITTEST}\n'


def add_script(pa: Pa, name: str = "check.sh") -> None:
    """A committed program that runs the tests."""
    pa.write({**UNITTESTED_CALC, name: SCRIPT})
    (pa.project / name).chmod(0o755)
    pa.commit()


@pytest.mark.parametrize("command", ["./check.sh", "sh ./check.sh", "cd . && CI=2 ./check.sh"])
def test_a_check_by_a_relative_path_runs_the_program_of_the_tree(pa: Pa, command: str) -> None:
    add_script(pa)
    ran = pa.task("--check", command, *ONE, worker=MEND)
    assert (ran.code, ran.result["verdict"]) == (0, "verified"), (ran.records[-1], ran.err)
    assert ran.finding(command)["finding"] == "proven"


def test_what_a_claim_makes_of_a_script_is_what_runs(pa: Pa) -> None:
    add_script(pa)
    ran = pa.task("--check", "./check.sh", *ONE, worker=f"{MEND}; echo 'exit 7' > check.sh")
    assert ran.code == 1, ran.records[-1]


@pytest.mark.parametrize(
    ("place", "command"),
    [
        (".", ".venv/bin/pytest -q"),
        (".", ".venv/bin/python -m unittest -q"),
        ("sub", ".venv/bin/python -m unittest discover -q -s .."),
        ("sub", "../.venv/bin/python -m pytest -q .."),
        ("sub", "cd .. && ./check.sh"),
    ],
)
def test_a_program_of_an_environment_is_named_from_where_the_person_stands(
    pa: Pa, tmp_path: Path, place: str, command: str
) -> None:
    pa.write({"sub/notes.txt": "\n"})
    add_script(pa)
    at = "sub/.venv" if command.startswith(".venv") and place == "sub" else ".venv"
    venv = new_venv(pa.project / at, pytest="pytest" in command)
    program = venv / "bin/pytest"
    program.write_text(f"#!{venv}/bin/python\nimport pytest\nraise SystemExit(pytest.main())\n")
    program.chmod(0o755)
    worker = pa.worker(f"cd {pa.project} && {MEND}")
    words = ["--output", "json", "--worker", worker, "--check", command, *ONE, "Mend it"]
    ran = pa(*words, cwd=pa.project / place, env=as_user(tmp_path / "user"))
    assert (ran.code, ran.result["verdict"]) == (0, "verified"), (ran.records[-1], ran.err)


def test_a_program_that_npm_installed_is_named_by_its_path(pa: Pa, tmp_path: Path) -> None:
    programs = pa.project / "node_modules/.bin"
    (pa.project / "node_modules/x").mkdir(parents=True)
    programs.mkdir()
    (pa.project / "node_modules/x/cli.sh").write_text("#!/bin/sh\ngrep -q 'a + b' calc.py\n")
    (pa.project / "node_modules/x/cli.sh").chmod(0o755)
    (programs / "x").symlink_to("../x/cli.sh")
    user = as_user(tmp_path / "user")
    ran = pa.task("--check", "node_modules/.bin/x", *ONE, worker=MEND, env=user)
    assert (ran.code, ran.result["verdict"]) == (0, "verified"), (ran.records[-1], ran.err)
