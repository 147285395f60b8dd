"""The branch moves while the worker works: a proof counts only if it holds there too."""

import json
import time

import pytest
from support.front_door import Pa, Ran
from support.projects import MEND, UNITTEST, UNITTESTED_CALC, unittest_of

pytestmark = pytest.mark.slow

HOLDS_THE_OLD = unittest_of("from calc import add", use="self.assertEqual(add(5, 3), 2)")


def moved_while_at_work(pa: Pa, files: dict[str, str]) -> Ran:
    """A run during which the user commits these files."""
    pa.write(UNITTESTED_CALC)
    pa.commit("Tested")
    worker = pa.worker(f"until test -e $HOME/moved; do sleep 0.05; done\n{MEND}")
    asked = ("--check", UNITTEST, "--max-rounds", "1", "-o", "json", "--worker", worker, "Mend add")
    running = pa.start(*asked)
    deadline = time.monotonic() + 30
    while not (homes := list(pa.home.glob("runs/*/home"))) and time.monotonic() < deadline:
        time.sleep(0.05)
    pa.write(files)
    pa.commit("Meanwhile")
    (homes[0] / "moved").touch()
    out, err = running.communicate(timeout=100)
    return Ran(running.returncode, out, err)


def outcome(ran: Ran) -> str:
    return ran.of_kind("target_merged")[0]["outcome"]


def test_red_once_merged_withholds_the_proof_and_a_conflict_is_only_said(pa: Pa) -> None:
    ran = moved_while_at_work(pa, {"test_use.py": HOLDS_THE_OLD})
    finding = ran.finding(UNITTEST)
    assert (finding["finding"], finding["reason_code"]) == ("unverified", "red_once_merged")
    assert "test_use.py::Test::test_use" in finding["reason"]
    assert (ran.code, outcome(ran)) == (3, "clean")
    assert pa("evidence", ran.result["run"], "--verify").code == 0


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({"README.md": "# Meanwhile\n"}, "clean"),
        ({"calc.py": UNITTESTED_CALC["calc.py"].replace("a - b", "a-b")}, "conflict"),
    ],
)
def test_a_branch_that_moves_elsewhere_or_conflicts_changes_no_verdict(
    pa: Pa, files: dict[str, str], said: str
) -> None:
    ran = moved_while_at_work(pa, files)
    assert (ran.code, outcome(ran)) == (0, said), json.dumps(ran.result)
