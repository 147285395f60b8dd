"""Before a claim is refuted, what fails runs again: alone, and with all others if need be."""

from support.front_door import Pa, Ran
from support.projects import PYTEST

CALC = "seen = []\n\n\ndef add(a, b):\n    return a + b\n\n\ndef double(a):\n    return a * 2\n"
TESTS = {
    "calc.py": CALC,
    "test_add.py": "from calc import add\n\n\ndef test_add():\n    assert add(1, 2) == 3\n",
    "test_double.py": (
        "from calc import double\n\n\ndef test_double():\n    assert double(2) == 4\n"
    ),
}


def attempts(ran: Ran, on: str) -> list[tuple[str, ...]]:
    """What each attempt on a tree left out."""
    finished = [each for each in ran.of_kind("check_finished") if each["on"] == on]
    return [tuple(each["result"]["left_out"]) for each in finished]


def refuted_by(pa: Pa, script: str) -> Ran:
    pa.write(TESTS)
    pa.commit()
    ran = pa.task("--check", PYTEST, "--max-rounds", "1", worker=script)
    finding = ran.finding(PYTEST)
    assert (ran.code, finding["reason_code"]) == (1, "newly_failing"), finding
    assert "test_double" in finding["reason"]
    return ran


def test_only_the_files_that_fail_run_again_where_that_confirms_it(pa: Pa) -> None:
    ran = refuted_by(pa, "sed -i 's/a \\* 2/a * 3/' calc.py")
    alone = [(), ("test_add.py",)]
    assert (attempts(ran, "base"), attempts(ran, "claim:1")) == (alone, alone)
    assert pa("evidence", ran.result["run"], "--rerun").code == 0


def test_a_test_that_fails_only_beside_others_is_refuted_by_a_whole_run(pa: Pa) -> None:
    leaks = "s/return a + b/seen.append(a); return a + b/; s/a \\* 2/a * 2 + len(seen)/"
    ran = refuted_by(pa, f"sed -i '{leaks}' calc.py")
    whole = [(), ("test_add.py",), ()]
    assert (attempts(ran, "base"), attempts(ran, "claim:1")) == (whole, whole)
