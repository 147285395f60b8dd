"""Words of a runner that a program prints name no tests of another runner."""

import pytest
from support.results import ACCEPTANCE, modified, ran

from agentproxy.evidence.check_evidence import CheckEvidence, Rules
from agentproxy.evidence.reports.bun_results import read_bun
from agentproxy.evidence.reports.cargo_results import read_cargo
from agentproxy.evidence.reports.ctest_results import read_ctest
from agentproxy.evidence.verdict import judge_check


@pytest.mark.parametrize(
    ("before", "after", "finding"),
    [
        (("node",), ("node", "bun"), "unverified"),
        (("pytest",), ("ctest",), "refuted"),  # pytest did not come to its end
        (("bun",), ("bun",), "proven"),
        (("node",), ("node",), "proven"),
        ((), ("bun",), "proven"),
    ],
)
def test_a_runner_that_only_prints_and_is_new_names_nothing(
    before: tuple[str, ...], after: tuple[str, ...], finding: str
) -> None:
    base = ran(a="f", b="p").model_copy(update={"runners": before})
    claim = ran(a="p", b="p").model_copy(update={"runners": after})
    evidence = CheckEvidence(ACCEPTANCE, [base], [claim])
    assert judge_check(evidence, Rules(changes=modified("src/a.py"))).finding == finding


BUN = """bun test v1.4.5 (abc)
test/a.test.js:
{before}(fail) adds [0.1ms]
 0 pass
 1 fail
Ran 1 test across 1 file. [1.00ms]
"""
ENDS = "(pass) adds\n 1 pass\n 0 fail\nRan 1 test across 1 file. [9.00ms]\n"
CARGO = (
    "     Running unittests src/lib.rs (t)\n\nrunning 1 test\n{}test adds ... FAILED\n\n"
    "test result: FAILED. 0 passed; 1 failed; 0 ignored; 0 measured; 0 filtered out\n"
)
CARGO_ENDS = "test adds ... ok\ntest result: ok. 1 passed; 0 failed; 0 ignored; 0 measured; 0 x\n"
CTEST = "1/2 Test #1: new ....***Failed    0.01 sec\n{}2/2 Test #2: old ....   Passed    0.01 sec\n"
CTEST_END = "\n{}% tests passed, {} tests failed out of 2\n"


def test_what_follows_printed_last_words_counts() -> None:
    assert read_bun(BUN.format(before=ENDS), "/x") == "of_another_process"
    assert read_cargo(CARGO.format(CARGO_ENDS)) == "other_totals"
    assert read_cargo(CARGO.format(CARGO_ENDS.replace("1 p", 5000 * "1" + " p"))) is not None


def test_no_printed_line_betters_a_result_of_ctest() -> None:
    better = "     Test #1: new ....   Passed    0.00 sec\n"
    assert read_ctest(CTEST.format("") + CTEST_END.format(50, 1)) not in (None, "other_totals")
    assert read_ctest(CTEST.format(better) + CTEST_END.format(100, 0)) == "other_totals"
