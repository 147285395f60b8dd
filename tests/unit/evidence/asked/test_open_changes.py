"""Changes of old tests that the words do not excuse: which of them a judge may be asked about."""

import pytest

from agentproxy.evidence.asked.task_text import read_task
from agentproxy.evidence.asked.test_changes import read_test_changes

OLD = "def test_size():\n    assert size() == 20\n\n\ndef test_name():\n    assert name() == 'a'\n"
TASK = "The page is too long: show half as many"


@pytest.mark.parametrize(
    ("new", "names"),
    [
        (OLD.replace("20", "10"), ("test_size",)),
        (OLD.partition("\n\n\n")[2], ("test_size",)),  # it is gone
        (OLD.replace("== 20", ">= 0"), ()),
        (OLD.replace("assert size() == 20", "size()"), ()),
        (OLD.replace("def test_size", "@skip\ndef test_size"), ()),
        (OLD.replace("    assert size", "    monkeypatch.setattr(a, 'b', 1)\n    assert size"), ()),
        (f"import os\nos.x = 1\n{OLD.replace('20', '10')}", ()),  # settings beside it
        (OLD, ()),
    ],
)
def test_only_another_expectation_or_a_test_that_is_gone_is_open(
    new: str, names: tuple[str, ...]
) -> None:
    found = read_test_changes(read_task(TASK), {"tests/test_a.py": (OLD, new)})
    assert found.open.get("tests/test_a.py", ()) == names
