"""What was green on a base serves later runs on it, as long as nothing else has changed."""

import json
import os
from collections.abc import Callable, Mapping
from dataclasses import replace

import pytest
from support.front_door import Pa, Ran
from support.projects import CHECK, MEND

GREEN = "test -e calc.py"


def base_results(ran: Ran) -> dict[str, str]:
    """Each check on the base, and the run that its result was taken over from."""
    return {
        each["check"]: each["result"]["taken_from"]
        for each in ran.of_kind("check_finished")
        if each["on"] == "base"
    }


@pytest.fixture
def pa(pa: Pa) -> Pa:
    """With few tools on PATH: all of them are looked at, twice in a run."""
    few = {"PATH": os.defpath, "VIRTUAL_ENV": ""}
    return replace(pa, env={**few, "AGENTPROXY_KEEP_BASES": "auto"})


def again(pa: Pa, *arguments: str, env: Mapping[str, str] | None = None) -> Ran:
    return pa.task("--check", GREEN, "--max-rounds", "1", *arguments, worker=MEND, env=env)


def test_a_green_base_is_taken_over_and_said(pa: Pa) -> None:
    first = again(pa).result["run"]
    second = again(pa)
    assert base_results(second) == {GREEN: first}
    run = second.result["run"]
    assert f"taken over from run {first}" in pa("evidence", run).out
    assert pa("evidence", run, "--verify").code == 0
    assert pa("evidence", run, "--rerun").code == 0
    entries = json.loads(pa("evidence", run, "--output", "json").out)["entries"]
    assert [each["result"]["taken_from"] for each in entries] == [first, ""]


def test_a_base_that_failed_runs_anew(pa: Pa) -> None:
    for _ in range(2):
        ran = pa.task("--check", CHECK, worker=MEND)
        assert (ran.code, base_results(ran)) == (0, {CHECK: ""})


def commit_another_file(pa: Pa) -> None:
    pa.write({"other.txt": "x"})
    pa.commit()


def tag(pa: Pa) -> None:
    pa.git("tag", "v1")


def install(pa: Pa) -> None:
    pa.write({"node_modules/package/index.js": "2"})


@pytest.mark.parametrize("change", [commit_another_file, tag, install])
def test_whoever_changes_what_a_check_may_read_gets_a_new_result(
    pa: Pa, change: Callable[[Pa], None]
) -> None:
    again(pa)
    change(pa)
    assert base_results(again(pa)) == {GREEN: ""}


def test_it_can_be_switched_off(pa: Pa) -> None:
    again(pa)
    off = again(pa, env={"AGENTPROXY_KEEP_BASES": "never"})
    assert base_results(off) == {GREEN: ""}


def test_a_kept_base_that_is_no_longer_green_refutes_nobody_and_is_forgotten(pa: Pa) -> None:
    # No key holds the objects that no commit leads to.
    content = pa.scripts / "content"
    content.write_text("a blob")
    blob = pa.git("hash-object", str(content))
    lacks = f"! git cat-file -e {blob}"
    arguments = ("--check", lacks, "--max-rounds", "1")
    first = pa.task(*arguments, worker=MEND).result["run"]
    pa.git("hash-object", "-w", str(content))
    second = pa.task(*arguments, worker=MEND)
    attempts = [each["result"] for each in second.of_kind("check_finished") if each["on"] == "base"]
    assert [(each["taken_from"], each["exit_code"]) for each in attempts] == [(first, 0), ("", 1)]
    assert (second.code, second.finding(lacks)["reason_code"]) == (3, "flaky")
    assert base_results(pa.task(*arguments, worker=MEND)) == {lacks: ""}
