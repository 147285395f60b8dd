"""Which failures are for want of a file that git ignores."""

import pytest

from agentproxy.events.check import CheckResult, TestResult
from agentproxy.evidence.ignored_files import missing_in

ENV = "FileNotFoundError: [Errno 2] No such file or directory: '.env'"
MODULE = "ModuleNotFoundError: No module named 'pkg._version'"
HANDLED = "\nDuring handling of the above exception, another exception occurred:\n\n"
NODE = "Error: Cannot find module './dist/x'\nRequire stack:\n- /p/a.test.js"


def failed(output: str = "", *messages: str) -> CheckResult:
    tests = tuple(TestResult(name=text, outcome="failed", message=text) for text in messages)
    return CheckResult(exit_code=1, ending="exited", seconds=1.0, tests=tests, output=output)


@pytest.mark.parametrize(
    ("result", "errors"),
    [
        (failed(f"Traceback (most recent call last):\n{ENV}\n"), [ENV]),
        (failed(f"WARN {ENV}, using defaults\nAssertionError: 5 is not 4"), []),
        (failed(f"WARN {ENV}, using defaults\nTotal: wrong"), []),
        (failed(f"{ENV}\n{HANDLED}ValueError: no settings"), ["ValueError: no settings"]),
        (failed(f"KeyError: 'x'\n{HANDLED}{ENV}"), [ENV]),
        (failed(f"{ENV}\n\nAssertionError"), []),
        (failed(f"ImportError: Failed to import test module: a\nTraceback:\n{MODULE}"), [MODULE]),
        (failed(f"{NODE}\n    at f (node:internal:1:1) {{\n  code: 'X'\n}}"), [NODE]),
        (failed("# " + NODE.replace("\n", "\n# "), "test failed"), ["# " + NODE]),
        (failed(f"{NODE}\nAssertionError [ERR_ASSERTION]: wrong", "test failed"), []),
        (failed("", "Cannot find module './x'"), ["Cannot find module './x'"]),
        (failed("", ENV, MODULE), [ENV, MODULE]),
        (failed("", ENV, "assert 4 == 5"), []),
        (failed("", ENV, "wrong: " + ENV), []),
        (failed("", f"AssertionError: {ENV}\nassert 1 == 0"), []),
        (failed("", f"{ENV}\nValueError: bad"), ["ValueError: bad"]),
        (failed("", f"Failed: {ENV}"), []),
        (failed("src/a.ts(1,2): error TS2307: Cannot find module './x'"),
         ["src/a.ts(1,2): error TS2307: Cannot find module './x'"]),
    ],
)  # fmt: skip
def test_only_the_errors_that_ended_the_check_or_its_tests_count(
    result: CheckResult, errors: list[str]
) -> None:
    assert missing_in(result) == errors
