"""A claim of tests alone is proven by the faults in the code that its tests notice."""

import pytest
from support.front_door import Pa
from support.projects import NOTHING_DISCOVERED, PYTEST, UNITTEST, unittest_of

CALC = {"calc.py": "def add(a, b):\n    return a + b\n\n\ndef double(a):\n    return a * 2\n"}
PYTEST_GREEN = {
    **CALC,
    "test_calc.py": "from calc import add\n\n\ndef test_add():\n    assert add(1, 2) == 3\n",
}
PYTEST_CHECKED = """
def test_double():
    assert double(3) == 6
"""
GREEN = {
    **CALC,
    **NOTHING_DISCOVERED,
    "test_calc.py": unittest_of("from calc import add", add="self.assertEqual(add(1, 2), 3)"),
}
CHECKED = """
    def test_double(self):
        self.assertEqual(double(3), 6)
"""
CALLED = """
    def test_double(self):
        double(3)
        self.assertTrue(True)
"""
OF_ANOTHER = """
    def test_more_of_add(self):
        self.assertEqual(add(2, 2), 4)
"""
TASK = "Write tests for double"
NODE = "node --test"
NODE_GREEN = {
    "calc.js": "exports.add = (a, b) => a + b;\nexports.double = (a) => a * 2;\n",
    "add.test.js": """\
const test = require('node:test');
const assert = require('node:assert');
const { add } = require('./calc');
test('adds', () => assert.equal(add(1, 2), 3));
""",
}
NODE_TEST = """\
const test = require('node:test');
const assert = require('node:assert');
const { double } = require('./calc');
"""


def adding(test: str) -> str:
    """A worker that puts a test into the old test file."""
    return (
        "sed -i 's/import add/import add, double/' test_calc.py\n"
        f"cat >> test_calc.py <<'END'\n{test}END"
    )


@pytest.fixture
def green(pa: Pa) -> Pa:
    pa.write(GREEN)
    pa.commit("Green")
    return pa


def test_tests_that_notice_faults_of_the_code_are_verified(pa: Pa) -> None:
    pa.write(PYTEST_GREEN)
    pa.commit("Green")
    ran = pa.task("--check", PYTEST, worker=adding(PYTEST_CHECKED), asks=TASK)
    finding = ran.finding(PYTEST)
    assert (finding["finding"], finding["reason_code"]) == ("proven", "mutants_noticed"), finding
    assert "of double by an assertion" in finding["reason"]
    assert (ran.code, ran.result["verdict"]) == (0, "verified")
    on = [each["on"] for each in ran.of_kind("check_finished")]
    assert sum(each.startswith("mutant:1:") for each in on) == 3
    assert pa("evidence", ran.result["run"], "--rerun").code == 0


def test_the_faults_that_no_test_notices_are_in_the_next_brief(green: Pa) -> None:
    told = "grep -qF 'calc.py:6: no test notices that `*` became `+`' \"$AGENTPROXY_BRIEF\""
    script = f"if {told}; then\n{adding(CHECKED)}\nelse\n{adding(CALLED)}\nfi"
    ran = green.task("--check", UNITTEST, "--max-rounds", "2", worker=script, asks=TASK)
    first, second = (each["checks"][0] for each in ran.of_kind("round_judged"))
    assert (first["finding"], first["reason_code"]) == ("unverified", "mutants_survive")
    assert "calc.py:6 (double returns nothing)" in first["reason"]
    assert (second["reason_code"], ran.code) == ("mutants_noticed", 0)


def test_tests_of_other_code_than_the_task_names_prove_nothing(green: Pa) -> None:
    ran = green.task("--check", UNITTEST, "--max-rounds", "1", worker=adding(OF_ANOTHER), asks=TASK)
    finding = ran.finding(UNITTEST)
    assert (finding["finding"], finding["reason_code"]) == ("unverified", "mutants_survive")
    assert "none of them in double, which the task names" in finding["reason"]
    assert ran.code == 3


def test_old_tests_in_the_same_file_prove_nothing(green: Pa) -> None:
    ran = green.task(
        "--check",
        UNITTEST,
        "--max-rounds",
        "1",
        worker=adding("\n    def test_more(self):\n        self.assertTrue(True)\n"),
        asks=TASK,
    )
    assert ran.finding(UNITTEST)["reason_code"] == "mutants_survive"


@pytest.mark.parametrize(
    ("body", "code"),
    [("assert.equal(double(3), 6)", "mutants_noticed"), ("double(3)", "mutants_survive")],
)
def test_faults_are_put_into_javascript_as_well(pa: Pa, body: str, code: str) -> None:
    pa.write(NODE_GREEN)
    pa.commit("Green")
    test = f"{NODE_TEST}test('doubles', () => {{ {body}; }});\n"
    worker = f"cat > double.test.js <<'END'\n{test}END"
    ran = pa.task("--check", NODE, "--max-rounds", "1", worker=worker, asks=TASK)
    finding = ran.finding(NODE)
    assert finding["reason_code"] == code, finding
    assert ran.code == (0 if code == "mutants_noticed" else 3)


@pytest.mark.slow
def test_the_lines_of_a_proven_feature_that_no_test_needs_are_named_on_demand(green: Pa) -> None:
    worker = (
        "printf '\\n\\ndef sub(a, b):\\n    return a - b\\n' >> calc.py\n"
        "printf '\\n\\ndef half(a):\\n    return a / 2\\n' >> calc.py\n"
        "sed -i 's/import add/import add, sub/' test_calc.py\n"
        "printf '\\n    def test_sub(self):\\n        self.assertEqual(sub(5, 3), 2)\\n'"
        " >> test_calc.py"
    )
    user = {"AGENTPROXY_MUTANTS": "all"}
    ran = green.task("--check", UNITTEST, worker=worker, env=user)
    finding = ran.finding(UNITTEST)
    assert (finding["reason_code"], ran.code) == ("falsified", 0)
    assert "no test of the claim notices calc.py:14 (" in finding["reason"]
    assert "calc.py:10" not in finding["reason"]
    packet = green("evidence", ran.result["run"])
    assert "no test of the claim notices calc.py:14" in packet.out


def test_a_test_of_how_it_is_run_notices_no_fault(pa: Pa) -> None:
    pa.write({**PYTEST_GREEN, **NOTHING_DISCOVERED})
    pa.commit("Green")
    test = "from calc import double\n\n\ndef test_double(request):\n    assert double(3)\n"
    lie = f"{test}    assert request.session.items[1:]\n"
    worker = f"cat > test_double.py <<'END'\n{lie}END"
    ran = pa.task("--check", PYTEST, "--max-rounds", "1", asks=TASK, worker=worker)
    finding = ran.finding(PYTEST)
    assert (ran.code, finding["reason_code"]) == (3, "fails_alone"), finding
