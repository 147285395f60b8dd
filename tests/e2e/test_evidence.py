"""`pa evidence`: what differs is told round by round, and the exit code says it."""

import json

import pytest
from support.front_door import Pa
from support.projects import MEND

pytestmark = pytest.mark.slow

GREP = "grep -q 'a + b' calc.py"


def two_rounds(pa: Pa) -> str:
    """A run that was refuted once and then verified: its number."""
    pa.write({"agentproxy.toml": "discovered = false\n"})
    pa.commit()
    worker = f"[ $AGENTPROXY_ROUND = 1 ] && echo more >> notes.txt || {MEND}"
    ran = pa.task("--check", GREP, worker=worker)
    assert (ran.code, ran.result["rounds"]) == (0, 2)
    return str(ran.result["run"])


def never_judged(pa: Pa) -> str:
    script = pa.scripts / "ask.json"
    script.write_text(json.dumps([[{"do": "ask", "text": "Which?"}]]))
    worker = f"scripted:{script}"
    ran = pa("-o", "json", "--worker", worker, "--check", GREP, "Make it right")
    assert ran.code == 4
    return str(ran.result["run"])


@pytest.mark.parametrize("harm", ["a word is edited", "the file is deleted"])
def test_a_harmed_bundle_is_a_difference_and_the_other_rounds_are_told(pa: Pa, harm: str) -> None:
    run = two_rounds(pa)
    digest = pa("evidence", run, "--verify", "-o", "json").records[0]["sha256"]
    first = pa.home / "runs" / run / "evidence" / f"{digest}.json"
    if harm == "a word is edited":
        first.write_text(first.read_text().replace('"verdict":"refuted"', '"verdict":"splendid"'))
    else:
        first.unlink()
    ran = pa("evidence", run, "--verify")
    assert ran.code == 1
    assert "✗ round 1: the bundle" in ran.out
    assert "✓ round 2: " in ran.out
    assert pa("evidence", run, "--round", "1").code == 1
    assert pa("evidence", run, "--round", "1", "--rerun").code == 1


def test_a_commit_that_somebody_wrote_into_a_bundle_is_never_given_to_git(pa: Pa) -> None:
    run = two_rounds(pa)
    for bundle in (pa.home / "runs" / run / "evidence").iterdir():
        text = bundle.read_text().replace('"base_commit":"', '"base_commit":"\\u0000')
        bundle.write_text(text)
    ran = pa("evidence", run, "--verify")
    assert ran.code == 1, ran.err
    assert ran.out.count("does not match the digest") == 2


def test_a_run_that_was_never_judged_has_proven_nothing(pa: Pa) -> None:
    run = never_judged(pa)
    for how in ([], ["--verify"], ["--rerun"]):
        ran = pa("evidence", run, *how)
        assert ran.code == 3, how
        assert "was judged yet" in ran.out + ran.err


def test_a_round_that_does_not_exist_is_a_usage_error_that_names_the_others(pa: Pa) -> None:
    ran = pa("evidence", two_rounds(pa), "--round", "9")
    assert ran.code == 2
    assert "1, 2" in ran.err


@pytest.mark.parametrize("asked", [["--verify", "--rerun"], ["--verify", "--round", "1"]])
def test_what_cannot_be_asked_together_is_a_usage_error(pa: Pa, asked: list[str]) -> None:
    ran = pa("evidence", *asked)
    assert ran.code == 2
    assert asked[1] in ran.err


def test_verify_and_rerun_as_json_are_an_object_a_line_with_the_result_last(pa: Pa) -> None:
    run = two_rounds(pa)
    verified = pa("evidence", run, "--verify", "-o", "json")
    assert [record["kind"] for record in verified.records] == ["round", "round", "result"]
    assert [record["faults"] for record in verified.records[:2]] == [[], []]
    assert verified.result["exit_code"] == verified.code == 0
    again = pa("evidence", run, "--rerun", "-o", "json")
    assert {(each["kind"], each["on"], each["same"]) for each in again.records[:-1]} == {
        ("check", "base", True),
        ("check", "claim:2", True),
    }
    assert again.result["exit_code"] == again.code == 0


def test_a_command_of_the_repository_cannot_steer_the_terminal(pa: Pa) -> None:
    command = "true # \\u001b]0;PWNED\\u0007\\u001b[2J"
    pa.write({"agentproxy.toml": f'discovered = false\n[checks.x]\ncommand = "{command}"\n'})
    pa.commit()
    run = pa.task(worker=MEND).result["run"]
    for how in ([], ["--verify"], ["--rerun"]):
        ran = pa("evidence", run, *how)
        assert "\x1b" not in ran.out + ran.err, how
    assert "PWNED" in pa("evidence", run).out


def test_a_folder_with_a_hostile_name_cannot_steer_the_terminal(pa: Pa) -> None:
    folder = pa.project.rename(pa.project.with_name("it\x1b]0;PWNED\x07"))
    pa.project = folder
    assert pa.task("--check", GREP, worker=MEND).code == 0
    for words in (["list"], ["doctor"], ["trust"], ["-d", "no\x1b[2J", "Fix it"]):
        ran = pa(*words)
        assert "\x1b" not in ran.out + ran.err, words
