"""Which failures are for want of a file that git ignores."""

from pathlib import Path
from typing import Literal

import pytest
from support.repositories import write

from agentproxy.events.check import CannotRun, CheckResult, TestResult
from agentproxy.evidence.obstacles.ignored_files import (
    MAX_TRIED,
    cannot_run_without,
    find_candidates,
    missing_in,
    reason_at_base,
)

ENV = "FileNotFoundError: [Errno 2] No such file or directory: '.env'"
MODULE = "ModuleNotFoundError: No module named 'pkg._version'"
HANDLED = "\nDuring handling of the above exception, another exception occurred:\n\n"
NODE = "Error: Cannot find module './dist/x'\nRequire stack:\n- /p/a.test.js"

NONE: list[str] = []


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


@pytest.mark.parametrize(
    ("missed", "named"),
    [
        (["conf/local.ini"], "conf/local.ini"),
        ([".env"], ".env"),
        (["certs/server.key", "conf/local.ini"], "conf/local.ini"),
        (["certs/server.key"], ""),
        (["a/tls.pem"], ""),
        (["credentials.json"], ""),
        ([".aws/config"], ""),
    ],
)
def test_nobody_is_advised_to_show_a_file_that_looks_secret(
    tmp_path: Path, missed: list[str], named: str
) -> None:
    reason = cannot_run_without(missed, root=tmp_path)
    assert reason.subject == named
    assert ("carry = " in reason.text) == bool(named)
    assert named in reason.text
    assert named or missed[0] not in reason.text


@pytest.mark.parametrize(("kind", "counts"), [("ignored_file", True), ("missing_module", False)])
def test_a_claim_misses_an_ignored_file_only_where_the_base_does(
    kind: Literal["ignored_file", "missing_module"], counts: bool
) -> None:
    reason = CannotRun(kind=kind, subject="x", text="t")
    result = failed().model_copy(update={"cannot_run": reason})
    assert reason_at_base([failed(), result]) == (reason if counts else None)


@pytest.mark.parametrize(
    ("errors", "found"),
    [
        ([ENV, MODULE], [[".env"], ["pkg/_version.py"]]),
        (["No module named 'top'"], [["src/top.py"]]),
        (["cannot import name '_fast' from 'pkg'"], [["pkg/_fast.cpython-311.so"]]),
        (["No such file or directory: 'link'"], [NONE]),
        ([f"No such file or directory: '{'x' * 300}'"], [NONE]),
        (["No such file or directory: '\ud800'"], [NONE]),
        (["No such file or directory: 'pkg/a.py'"], [NONE]),
        ([f"No module named 'm{n}'" for n in range(20)] + [MODULE], [NONE] * 21),
    ],
)
def test_an_error_means_the_files_that_the_clone_does_not_have(
    tmp_path: Path, errors: list[str], found: list[list[str]]
) -> None:
    root = tmp_path / "root"
    missing = (".env", "pkg/_version.py", "src/top.py", "pkg/_fast.cpython-311.so")
    write(root, dict.fromkeys((*missing, "pkg/a.py", "../outside"), ""))
    (root / "link").symlink_to("../outside")
    files = {"pkg/a.py", "src/b.py"}
    assert find_candidates(errors, root=root, directory=".", files=files) == found


def test_the_search_has_one_bound_for_all_errors(tmp_path: Path) -> None:
    write(tmp_path, {"z/last.py": ""})
    files = {f"f{number}/a.py" for number in range(4_000)} | {"z/a.py"}
    errors = [*(f"No module named 'm{number}'" for number in range(3)), "No module named 'last'"]
    assert 3 * 2 * len(files) > MAX_TRIED
    found = find_candidates(errors, root=tmp_path, directory=".", files=files)
    assert found == [[], [], [], []]
    assert find_candidates(errors[-1:], root=tmp_path, directory=".", files=files) == [
        ["z/last.py"]
    ]


@pytest.mark.parametrize("piece", ["#", " ", "E ", "a.", "x(1", "(1,1):", "# E "])
def test_a_long_line_is_searched_in_time_linear_in_it(piece: str) -> None:
    # A pattern that goes back over the marks takes minutes for this.
    assert missing_in(failed(piece * 100_000)) == []
