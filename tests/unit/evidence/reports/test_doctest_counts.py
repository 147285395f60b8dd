"""A run of doctest without an example passes nothing."""

import sys
from pathlib import Path

import pytest

from agentproxy.evidence.instrumentation import instrument, interpret
from agentproxy.evidence.reports.doctest_counts import count_examples
from agentproxy.workspace.sandbox.port import Ended
from tests.support.real_reports import really_ran

NOTHING = "doctest found no example to run"


@pytest.mark.parametrize(
    ("reports", "examples"),
    [
        ({}, None),
        ({"pytest-0.xml": b"0"}, None),
        ({"doctest-1-2.txt": b"0\n", "pytest-0.xml": b""}, 0),
        ({"doctest-1-2.txt": b"0\n", "doctest-1-3.txt": b"3\n"}, 3),
        ({"doctest-1-2.txt": b"", "doctest-1-3.txt": b"3\n"}, None),
        ({"doctest-1-2.txt": b"x\n"}, None),
        ({"doctest-1-2.txt": b"9" * 5000}, None),
    ],
)
def test_examples_are_counted_over_all_runs(
    reports: dict[str, bytes], examples: int | None
) -> None:
    assert count_examples(reports) == examples


@pytest.mark.parametrize(
    ("exit_code", "output", "count", "says"),
    [
        (0, "", b"0\n", NOTHING),
        (0, "", b"1\n", ""),
        (1, "", b"0\n", ""),
        (0, "2 passed in 0.05s\n", b"0\n", ""),
        (0, "", b"?", ""),
    ],
)
def test_no_example_is_no_pass_where_nothing_else_ran(
    exit_code: int, output: str, count: bytes, says: str
) -> None:
    ended = Ended("exited", exit_code, 1.0, output, len(output), "d")
    result = interpret(ended, {"doctest-1-2.txt": count}, command="make docs")
    assert (result.cannot_run.text if result.cannot_run else "") == says


def test_a_real_run_of_doctest_says_how_many_examples_ran(tmp_path: Path) -> None:
    (tmp_path / "some.rst").write_text("Sums::\n\n    >>> 1 + 1\n    2\n")
    (tmp_path / "none.rst").write_text("Sums.\n")
    (tmp_path / "mod.py").write_text("def f():\n    pass\n")
    said: list[str] = []
    for files in ("none.rst", "mod.py", "some.rst", "none.rst some.rst"):
        folder = tmp_path / f"in-{files}"
        folder.mkdir()
        command = f"cd .. && {sys.executable} -m doctest {files}"
        result = really_ran(command, instrument(command, {}), folder)
        assert result.exit_code == 0
        said.append(result.cannot_run.text if result.cannot_run else "")
    assert said == [NOTHING, NOTHING, "", ""]
