"""The way to a verdict through the front door; every row of its table is a unit test."""

import json

from support.front_door import Pa
from support.projects import BREAK_DOUBLE, CHECK, MEND, PYTEST
from support.servers import server

ONE = ("--max-rounds", "1")


def test_an_acceptance_check_that_failed_and_passes_is_proven(tested: Pa) -> None:
    ran = tested.task("--check", PYTEST, worker=MEND)
    assert ran.finding(PYTEST)["finding"] == "proven"
    assert (ran.code, ran.result["verdict"]) == (0, "verified")
    assert ran.result["branch"].startswith("agentproxy/")


def test_an_acceptance_check_that_failed_and_still_fails_is_refuted(tested: Pa) -> None:
    ran = tested.task("--check", PYTEST, *ONE, worker="echo '# no idea' >> calc.py")
    finding = ran.finding(PYTEST)
    assert finding["finding"] == "refuted"
    assert [place["where"] for place in finding["places"]] == ["test_calc.py:5"]
    assert (ran.code, ran.result["verdict"]) == (1, "refuted")
    assert ran.result["branch"] == ""


def test_a_regression_check_that_passed_and_fails_refutes_a_task_that_is_proven(pa: Pa) -> None:
    keep = "grep -q 'a \\* 2' calc.py"
    ran = pa.task(
        "--check", CHECK, "--keep", keep, *ONE, worker=f"{MEND}\nsed -i 's/a \\* 2/a + a/' calc.py"
    )
    assert ran.finding(keep)["finding"] == "refuted"
    assert ran.finding(CHECK)["finding"] == "proven"
    assert ran.code == 1


def test_a_suite_with_known_red_tests_is_proven_when_the_rest_is_fixed(tested: Pa) -> None:
    tested.write({"test_red.py": "def test_always_red():\n    assert False\n"})
    tested.commit()
    red = "test_red.py::test_always_red"
    ran = tested.task("--check", PYTEST, "--known-red", red, worker=MEND)
    assert ran.finding(PYTEST)["finding"] == "proven"
    assert ran.code == 0


def test_a_check_that_cannot_run_at_either_is_unverified_with_the_cure(pa: Pa) -> None:
    ran = pa.task("--check", "no-such-tool --all", *ONE, worker=MEND)
    finding = ran.finding("no-such-tool")
    assert finding["finding"] == "unverified"
    assert "no-such-tool" in finding["reason"]
    assert "put it on PATH" in finding["reason"]
    assert (ran.code, finding["fixable"]) == (3, False)


def test_a_check_that_lacked_at_the_base_what_the_claim_brings_had_failed_there(pa: Pa) -> None:
    command = "python -m tools.verify"
    ran = pa.task(
        "--check", command, *ONE,
        worker="mkdir tools; touch tools/__init__.py; echo 'print(1)' > tools/verify.py",
    )  # fmt: skip
    assert ran.finding("verify")["finding"] == "proven"
    assert ran.code == 0


def test_without_an_acceptance_check_a_failing_test_that_is_unchanged_and_passes_is_proven(
    tested: Pa,
) -> None:
    ran = tested.task(worker=MEND)
    assert ran.finding("test")["finding"] == "proven"
    assert ran.code == 0


def test_an_acceptance_check_with_two_outcomes_on_one_tree_is_unverified(pa: Pa) -> None:
    with server(200, 500, 200, 200) as port:
        ask = f"import urllib.request as r; r.urlopen('http://127.0.0.1:{port}', timeout=5)"
        command = json.dumps(f'python -c "{ask}"')
        table = f"[checks.flaky]\ncommand = {command}\nrole = 'acceptance'\nnetwork = 'host'\n"
        pa.write({"agentproxy.toml": table})
        pa.commit()
        assert pa("trust").code == 0
        ran = pa.task(*ONE, worker=MEND)
    finding = ran.finding("flaky")
    assert (ran.code, finding["finding"], finding["reason_code"]) == (3, "unverified", "flaky")


def test_a_configured_check_that_no_shell_can_read_is_unverified_with_the_cure(pa: Pa) -> None:
    command = "touch x; test -f 'c"
    pa.write({"agentproxy.toml": f"[checks.odd]\ncommand = \"{command}\"\nrole = 'acceptance'\n"})
    pa.commit()
    ran = pa.task(*ONE, worker="touch c")
    finding = ran.finding("odd")
    assert (ran.code, finding["finding"], finding["reason_code"]) == (3, "unverified", "cannot_run")
    assert "nterminated quoted string" in finding["reason"]
    assert "fix the command" in finding["reason"]
    results = [each["result"] for each in ran.of_kind("check_finished") if each["check"] == "odd"]
    assert {each["cannot_run"]["kind"] for each in results} == {"syntax_error"}


def test_a_claim_that_changes_nothing_is_never_verified(pa: Pa) -> None:
    ran = pa.task("--check", CHECK, *ONE, worker="true")
    assert ran.code in (1, 3)
    assert ran.result["branch"] == ""


def test_the_worker_is_told_what_was_refuted_and_fixes_it_in_the_next_round(tested: Pa) -> None:
    script = f"""
    if [ $AGENTPROXY_ROUND = 1 ]; then {BREAK_DOUBLE}; {MEND}; exit 0; fi
    grep -q 'test_calc.py:9' "$AGENTPROXY_BRIEF"
    sed -i 's/a \\* 3/a * 2/' calc.py
    """
    ran = tested.task("--check", PYTEST, worker=script)
    assert [judged["verdict"] for judged in ran.of_kind("round_judged")] == ["refuted", "verified"]
    assert ran.code == 0
