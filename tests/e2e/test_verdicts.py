"""Each row of the verdict table, through the front door."""

import json
from collections.abc import Generator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from typing import cast

import pytest
from support.front_door import Pa
from support.projects import BREAK_DOUBLE, CHECK, MEND

ONE = ("--max-rounds", "1")


def test_a_named_check_that_failed_and_passes_is_proven(pa: Pa) -> None:
    ran = pa.task("--check", CHECK, worker=MEND)
    assert ran.finding(CHECK)["finding"] == "proven"
    assert (ran.code, ran.result["verdict"]) == (0, "verified")
    assert ran.result["branch"].startswith("agentproxy/")


def test_a_named_check_that_failed_and_still_fails_is_refuted(pa: Pa) -> None:
    ran = pa.task("--check", CHECK, *ONE, worker="echo '# no idea' >> calc.py")
    finding = ran.finding(CHECK)
    assert finding["finding"] == "refuted"
    assert [place["where"] for place in finding["places"]] == ["test_calc.py:5"]
    assert (ran.code, ran.result["verdict"]) == (1, "refuted")
    assert ran.result["branch"] == ""


def test_a_test_that_passed_and_fails_refutes_although_the_red_one_was_fixed(pa: Pa) -> None:
    ran = pa.task("--check", CHECK, *ONE, worker=f"{MEND}\n{BREAK_DOUBLE}")
    finding = ran.finding(CHECK)
    assert finding["finding"] == "refuted"
    assert "test_double" in finding["places"][0]["test"]
    assert ran.code == 1


def test_a_named_check_that_passed_and_fails_is_refuted(pa: Pa) -> None:
    pa.write(
        {"calc.py": "def add(a, b):\n    return a + b\n\n\ndef double(a):\n    return a * 2\n"}
    )
    pa.commit()
    ran = pa.task("--check", CHECK, *ONE, worker=BREAK_DOUBLE)
    assert ran.finding(CHECK)["finding"] == "refuted"
    assert ran.code == 1


def test_a_named_check_that_was_green_before_is_unverified(pa: Pa) -> None:
    ran = pa.task(
        "--check", "true", "--keep", CHECK, *ONE, worker="echo '# harmless' >> calc.py"
    )  # fmt: skip
    finding = ran.finding("true")
    assert finding["finding"] == "unverified"
    assert "it was green before" in finding["reason"]
    assert (ran.code, ran.result["verdict"]) == (3, "unverified")


def test_a_kept_check_that_passed_and_fails_refutes_a_task_that_is_proven(pa: Pa) -> None:
    keep = "grep -q 'a \\* 2' calc.py"
    ran = pa.task(
        "--check", CHECK, "--keep", keep, *ONE, worker=f"{MEND}\nsed -i 's/a \\* 2/a + a/' calc.py"
    )
    assert ran.finding("grep")["finding"] == "refuted"
    assert ran.finding(CHECK)["finding"] == "proven"
    assert ran.code == 1


def test_a_kept_check_that_stays_red_is_neutral(pa: Pa) -> None:
    ran = pa.task("--check", CHECK, "--keep", "test -f missing", worker=MEND)
    assert ran.finding("missing")["finding"] == "neutral"
    assert ran.code == 0


def test_a_kept_check_that_is_fixed_is_kept(pa: Pa) -> None:
    ran = pa.task("--check", CHECK, "--keep", "grep -q 'a + b' calc.py", worker=MEND)
    assert ran.finding("grep")["finding"] == "kept"
    assert ran.code == 0


RED = "\n\ndef test_always_red():\n    assert add(0, 0) == 1\n"


def test_a_suite_with_known_red_tests_is_proven_when_the_rest_is_fixed(pa: Pa) -> None:
    pa.write({"test_red.py": f"from calc import add{RED}"})
    pa.commit()
    red = "test_red.py::test_always_red"
    ran = pa.task("--check", CHECK, "--known-red", red, worker=MEND)
    assert ran.finding(CHECK)["finding"] == "proven"
    assert ran.code == 0


def test_a_suite_where_some_tests_are_fixed_and_others_stay_red_is_unverified_and_names_them(
    pa: Pa,
) -> None:
    pa.write({"test_red.py": f"from calc import add{RED}"})
    pa.commit()
    ran = pa.task("--check", CHECK, *ONE, worker=MEND)
    finding = ran.finding(CHECK)
    assert finding["finding"] == "unverified"
    assert "test_always_red" in str(finding)
    assert ran.code == 3


def test_a_check_that_could_run_and_cannot_any_more_is_refuted(pa: Pa) -> None:
    ran = pa.task("--check", CHECK, *ONE, worker="rm test_calc.py")
    assert ran.finding(CHECK)["finding"] == "refuted"
    assert ran.code == 1


def test_a_check_that_times_out_at_the_claim_only_is_refuted(pa: Pa) -> None:
    pa.write(
        {
            "agentproxy.toml": "[checks.quick]\ncommand = 'sh quick.sh'\n"
            "role = 'acceptance'\ntimeout = 1\n",
            "quick.sh": "exit 1\n",
        }
    )
    pa.commit()
    ran = pa.task(*ONE, worker="echo 'sleep 30' > quick.sh")
    assert ran.finding("quick")["finding"] == "refuted"
    assert ran.code == 1


def test_a_check_that_cannot_run_at_either_is_unverified_with_the_cure(pa: Pa) -> None:
    ran = pa.task("--check", "no-such-tool --all", *ONE, worker=MEND)
    finding = ran.finding("no-such-tool")
    assert finding["finding"] == "unverified"
    assert "no-such-tool" in finding["reason"]
    assert (ran.code, finding["fixable"]) == (3, False)


def test_a_kept_check_that_cannot_run_at_either_is_said_and_neutral(pa: Pa) -> None:
    ran = pa.task("--check", CHECK, "--keep", "no-such-tool", worker=MEND)
    assert ran.finding("no-such-tool")["finding"] == "neutral"
    assert ran.code == 0


def test_a_check_that_lacked_at_the_base_what_the_claim_brings_had_failed_there(pa: Pa) -> None:
    command = "python -m tools.verify"
    ran = pa.task(
        "--check", command, *ONE,
        worker="mkdir tools; touch tools/__init__.py; echo 'print(1)' > tools/verify.py",
    )  # fmt: skip
    assert ran.finding("verify")["finding"] == "proven"
    assert ran.code == 0


def test_a_check_that_could_not_run_at_the_base_and_fails_is_refuted(pa: Pa) -> None:
    ran = pa.task(
        "--check", "./late-tool", *ONE,
        worker="printf '#!/bin/sh\\nexit 3\\n' > late-tool; chmod +x late-tool",
    )  # fmt: skip
    assert ran.finding("late-tool")["finding"] == "refuted"
    assert ran.code == 1


def test_with_nothing_named_a_failing_test_that_is_unchanged_and_passes_is_proven(pa: Pa) -> None:
    ran = pa.task(worker=MEND)
    assert ran.finding("test")["finding"] == "proven"
    assert ran.code == 0


def test_with_nothing_named_and_nothing_red_nothing_is_proven(pa: Pa) -> None:
    pa.write(
        {"calc.py": "def add(a, b):\n    return a + b\n\n\ndef double(a):\n    return a * 2\n"}
    )
    pa.commit()
    ran = pa.task(*ONE, worker="echo '# harmless' >> calc.py")
    assert ran.finding("test")["finding"] == "kept"
    assert ran.code == 3


def marked(mark: str) -> str:
    """A script that puts a mark on the failing test."""
    marks = f"import pytest\\n@pytest.mark.{mark}\\ndef test_add"
    return f"sed -i 's/^def test_add/{marks}/' test_calc.py"


@pytest.mark.parametrize(
    ("how", "script"),
    [
        ("deleted", "sed -i '/def test_add/,/== 3/d' test_calc.py"),
        ("skipped", marked("skip")),
        ("expected to fail", marked("xfail")),
        ("renamed", "sed -i 's/def test_add/def check_add/' test_calc.py"),
    ],
)  # fmt: skip
def test_a_failing_test_that_is_not_made_to_pass_is_not_fixed(
    pa: Pa, how: str, script: str
) -> None:
    ran = pa.task("--check", CHECK, *ONE, worker=script)
    assert ran.finding(CHECK)["finding"] in ("refuted", "unverified"), how
    assert ran.code in (1, 3)


def test_a_passing_test_that_is_gone_is_named_and_never_kept_silently(pa: Pa) -> None:
    ran = pa.task(
        "--check", CHECK, *ONE, worker=f"{MEND}\nsed -i '/def test_double/,$d' test_calc.py"
    )
    finding = ran.finding(CHECK)
    assert finding["finding"] == "unverified"
    assert "test_double" in str(finding)
    assert ran.code == 3


def test_a_claim_that_changes_nothing_is_never_verified(pa: Pa) -> None:
    ran = pa.task("--check", CHECK, *ONE, worker="true")
    assert ran.code in (1, 3)
    assert ran.result["branch"] == ""


class Answers(BaseHTTPRequestHandler):
    """Answers 200 or 500 as the server's list says, then 200 for ever."""

    def do_GET(self) -> None:
        answers = cast("list[int]", self.server.answers)  # type: ignore[attr-defined]
        self.send_response(answers.pop(0) if answers else 200)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name
        """Silence."""


@contextmanager
def server(*answers: int) -> Generator[int]:
    """The port of a server that gives these answers in turn."""
    http = HTTPServer(("127.0.0.1", 0), Answers)
    http.answers = list(answers)  # type: ignore[attr-defined]
    thread = Thread(target=http.serve_forever, daemon=True)
    thread.start()
    try:
        yield http.server_port
    finally:
        http.shutdown()
        thread.join()
        http.server_close()


ASK = "import sys, urllib.request as r; r.urlopen('http://127.0.0.1:{port}', timeout=5)"


def flaky_project(pa: Pa, port: int, role: str) -> None:
    command = f'python -c "{ASK.format(port=port)}"'
    pa.write(
        {
            "agentproxy.toml": f"[checks.flaky]\ncommand = {json.dumps(command)}\n"
            f'role = "{role}"\nnetwork = "host"\n'
        }
    )
    pa.commit()
    assert pa("trust").code == 0


def test_a_kept_check_with_two_outcomes_on_one_tree_is_flaky_and_refutes_nobody(pa: Pa) -> None:
    with server(200, 500, 200, 200) as port:
        flaky_project(pa, port, "regression")
        ran = pa.task("--check", CHECK, worker=MEND)
    assert ran.finding("flaky")["finding"] == "neutral"
    assert ran.code == 0


def test_a_named_check_with_two_outcomes_on_one_tree_is_unverified(pa: Pa) -> None:
    with server(200, 500, 200, 200) as port:
        flaky_project(pa, port, "acceptance")
        ran = pa.task(*ONE, worker=MEND)
    finding = ran.finding("flaky")
    assert finding["finding"] == "unverified"
    assert "flaky" in finding["reason"]
    assert ran.code == 3


def test_the_worker_is_told_what_was_refuted_and_mends_it_in_the_next_round(pa: Pa) -> None:
    script = f"""
    if [ $AGENTPROXY_ROUND = 1 ]; then {BREAK_DOUBLE}; {MEND}; exit 0; fi
    grep -q 'test_calc.py:9' "$AGENTPROXY_BRIEF"
    sed -i 's/a \\* 3/a * 2/' calc.py
    """
    ran = pa.task("--check", CHECK, worker=script)
    assert [judged["verdict"] for judged in ran.of_kind("round_judged")] == ["refuted", "verified"]
    assert ran.code == 0
