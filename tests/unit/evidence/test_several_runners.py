"""Several runners, and several packages, in one check."""

import pytest

from agentproxy.evidence.instrumentation import instrument, interpret
from agentproxy.workspace.sandbox.port import Ended


def test_a_report_that_cannot_be_read_takes_only_those_of_its_runner_away() -> None:
    words = "1 passed in 0.1s\nTests:       1 passed, 1 total\n"
    case = b'<testcase classname="t" name="a" file="t.py"/>'
    good = b"<testsuites><testsuite>" + case + b"</testsuite></testsuites>"
    both = {"pytest-1.xml": good, "jest-1.jsonl": b"{"}
    result = interpret(Ended("exited", 0, 1.0, words, len(words), "d"), both, command="make")
    assert [test.name for test in result.tests] == ["t.py::a"]
    assert (result.by_test, result.doubt, result.runners) == (True, None, ("pytest", "jest"))
    # What another run of the same runner says is not all that it ran.
    two = {"pytest-1.xml": good, "pytest-2.xml": b"<", "jest-1.jsonl": b"{"}
    assert interpret(Ended("exited", 0, 1.0, words, len(words), "d"), two).doubt == "unreadable"


@pytest.mark.parametrize(
    ("command", "package_json", "goes_on"),
    [
        ("pnpm -r test", "", True),
        ("pnpm --filter './packages/*' run test", "", True),
        ("npm test", '{"scripts": {"test": "pnpm --recursive run test"}}', True),
        ("pnpm test", "", False),
        ("npm test", '{"scripts": {"test": "pnpm lint && node --test -r x"}}', False),
    ],
)
def test_pnpm_runs_every_package_also_where_one_fails(
    command: str, package_json: str, *, goes_on: bool
) -> None:
    wanted = instrument(command, {}, package_json=package_json)
    assert (wanted.env.get("npm_config_bail") == "false") == goes_on
    own = instrument(command, {"npm_config_bail": "true"}, package_json=package_json)
    assert "npm_config_bail" not in own.env
