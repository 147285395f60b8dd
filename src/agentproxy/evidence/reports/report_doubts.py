"""Whether the report of a run counts: it agrees with what its runner says at its end."""

import re
from collections.abc import Mapping

from agentproxy.events.check import ReportDoubt
from agentproxy.evidence.reports.report import Report, Runner
from agentproxy.evidence.reports.summaries import (
    count_summaries,
    find_summaries,
    is_pytest_summary,
    last_to_end,
)
from agentproxy.text.colours import strip_colours
from agentproxy.workspace.sandbox.port import Ended

_NODE_FAILED = re.compile(r"^(?:#|\u2139) fail (\d{1,9})$", re.MULTILINE)
_NODE_LIST = re.compile(r"^\u2716 failing tests:$", re.MULTILINE)
# A failing "todo" and a skipped test end with other words, and fail no run.
_NODE_LISTED = re.compile(r"^\u2716 .*\([\d.]+ms\)$", re.MULTILINE)
_NODE_DURATION = re.compile(r"^(?:#|\u2139) duration_ms ([\d.]+)$", re.MULTILINE)
_NAMES_PYTEST = re.compile(r"py\.?test")
# One command, with nothing before or after it.
_IS_UNITTEST = re.compile(r"[^;&|\n]*\bpython[\d.]*\s[^;&|\n]*-m\s+unittest\b[^;&|\n]*")
_PYTEST_FAILED = re.compile(r"\b(\d{1,9}) (?:failed|errors?)\b")


def find_doubt(
    ended: Ended, reports: Mapping[Runner, Report], *, command: str
) -> ReportDoubt | None:
    """Returns why the reports of a run do not count, or None where they do."""
    # An exit code above 0 needs no failed test: a coverage threshold or a second command may fail.
    # Such a run fails whatever its tests say.
    output = strip_colours(ended.output)
    # A runner that runs twice overwrites its report, which then holds only the last run.
    if max(count_summaries(output).values(), default=0) > 1:
        return "several_runs"
    if _may_hide_summary(ended, command):
        return "output_cut"
    hidden = any(_hides_failures(output, runner, report) for runner, report in reports.items())
    return "hides_failures" if hidden else None


def is_of_another_process(output: str, runner: Runner, report: Report, *, command: str) -> bool:
    """Whether a runner that a test of the check has started wrote the report."""
    if runner == "node":
        printed = _NODE_DURATION.findall(output)
        return bool(printed and report.duration) and report.duration not in printed
    if _NAMES_PYTEST.search(command):
        return False
    if _IS_UNITTEST.fullmatch(command):
        return True
    # What a test starts is often read by the test, so its words are not in the output.
    return "pytest" not in find_summaries(output) and last_to_end(output) != ""


def _may_hide_summary(ended: Ended, command: str) -> bool:
    # Only a part of a long output is kept, and the summary of a second run may be in the rest.
    if ended.output_bytes <= len(ended.output.encode(errors="replace")):
        return False
    return bool(re.search(r"[;&|\n]", command)) or not re.search(r"pytest|node\s", command)


def _hides_failures(output: str, runner: Runner, report: Report) -> bool:
    """Whether a runner says at its end that more failed than its report holds."""
    if runner == "pytest":
        lines = filter(is_pytest_summary, output.splitlines())
        return any(
            sum(int(count) for count in _PYTEST_FAILED.findall(line)) > report.failures
            for line in lines
        )
    # node's report has no failure for a test with subtests that fails itself, nor for a hook of a
    # suite. Its list at the end names each of them, and not what fails for its subtests only.
    *_, listed = _NODE_LIST.split(output)
    if listed != output and len(_NODE_LISTED.findall(listed)) > report.failures:
        return True
    most = report.failures + report.failing_suites
    return any(int(count) > most for count in _NODE_FAILED.findall(output))
