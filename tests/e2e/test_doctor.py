"""`pa doctor -d DIR` runs the checks once at the base, and says what a run would need."""

from typing import Any

import pytest
from support.front_door import Pa, Ran
from support.projects import PYTEST, TESTED_CALC


def finding(ran: Ran, what: str) -> dict[str, Any]:
    return next(row for row in ran.records if row["what"] == what)


def test_checks_that_run_are_ready_red_or_green_and_nothing_is_kept(pa: Pa) -> None:
    pa.write({**TESTED_CALC, "notes.txt": "mine\n"})
    pa.git("add", "calc.py", "test_calc.py", ".gitignore")
    pa.git("commit", "-q", "-m", "Tests")
    ran = pa("doctor", "-d", ".", "--check", PYTEST, "-o", "json")
    assert ran.code == 0, ran.err
    check = finding(ran, f"check {PYTEST}")
    assert check["works"]
    assert "red at the base: 1 passed, 1 failed" in check["detail"]
    assert "notes.txt" in finding(ran, "left out")["detail"]
    assert pa.git("for-each-ref", "refs/agentproxy") == ""
    assert list((pa.home / "runs").iterdir()) == []
    assert pa("list", "-o", "json").records == []


def test_a_check_that_cannot_run_has_a_cure_and_the_lines_to_write(pa: Pa) -> None:
    missing, refused = "no-such-tool --all", "echo 'ECONNREFUSED 127.0.0.1:5432'; exit 1"
    ran = pa("doctor", "--check", missing, "--check", refused)
    assert ran.code == 3
    assert "cannot run: a command is missing: no-such-tool" in ran.out
    assert "install it, or put it on PATH" in ran.out
    lines = [line.strip() for line in ran.out.splitlines()]
    at = lines.index(f'[checks."{refused}"]')
    assert lines[at + 1 : at + 3] == [f'command = "{refused}"', 'network = "host"']


@pytest.mark.slow
def test_the_line_for_an_ignored_file_is_said(pa: Pa) -> None:
    pa.write({"check.py": "open('made.cfg').read()\n", ".gitignore": "made.cfg\n"})
    pa.commit("It needs a file that git ignores")
    pa.write({"made.cfg": "x"})
    ran = pa("doctor", "--check", "python3 check.py")
    assert (ran.code, 'carry = ["made.cfg"]' in ran.out) == (3, True), ran.out


def test_without_a_check_nothing_is_ready(pa: Pa) -> None:
    pa.write({"agentproxy.toml": "discovered = false\n"})
    pa.commit("Nothing is discovered")
    ran = pa("doctor", "-d", ".")
    assert (ran.code, "no check was found" in ran.out) == (3, True), ran.out


def test_a_folder_without_a_repository_is_a_usage_error(pa: Pa) -> None:
    outside = pa.project.parent / "outside"
    outside.mkdir()
    ran = pa("doctor", "-d", str(outside))
    assert (ran.code, "git init" in ran.err) == (2, True), ran.err
