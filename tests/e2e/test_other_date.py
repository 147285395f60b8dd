"""A test that holds only today proves nothing, where libfaketime is installed."""

import pytest
from support.front_door import Pa
from support.projects import PYTEST, TESTED_CALC

from agentproxy.evidence.other_date import find_clock_library

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not find_clock_library(), reason="needs apt-get install faketime"),
]

STAMP = (
    "printf '\\n\\nfrom datetime import date\\n\\n\\ndef stamp(day=None):\\n    "
    'return f"of {day or date.today()}"\\n\' >> calc.py\n'
)
TEST = "from calc import stamp\\n\\n\\ndef test_stamp():\\n    "
ONLY_TODAY = f"printf '{TEST}assert stamp() == \"of '$(date +%F)'\"\\n' > test_stamp.py"
ANY_DAY = f'printf \'{TEST}assert stamp("2020-02-02") == "of 2020-02-02"\\n\' > test_stamp.py'
MENDED = {**TESTED_CALC, "calc.py": TESTED_CALC["calc.py"].replace("a - b", "a + b")}


@pytest.mark.parametrize(
    ("test", "finding"),
    [(ONLY_TODAY, ("unverified", "holds_only_now")), (ANY_DAY, ("proven", "falsified"))],
)
def test_a_test_of_the_present_date(pa: Pa, test: str, finding: tuple[str, str]) -> None:
    pa.write(MENDED)
    pa.commit("Tested")
    ran = pa.task("--check", PYTEST, "--max-rounds", "1", worker=f"{STAMP}{test}")
    found = ran.finding(PYTEST)
    assert (found["finding"], found["reason_code"]) == finding, found
    tried = [each["on"] for each in ran.of_kind("check_finished") if "later" in each["on"]]
    assert len(tried) == (2 if test is ONLY_TODAY else 1)
    assert pa("evidence", ran.result["run"], "--rerun").code == 0
