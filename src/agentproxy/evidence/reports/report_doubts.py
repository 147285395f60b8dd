"""Whether the reports of a run count: they agree with what their runners say at their ends."""

import re
from collections.abc import Mapping, Sequence

from agentproxy.events.check import ReportDoubt
from agentproxy.evidence.reports.counted_doubts import find_doubt_of_counts
from agentproxy.evidence.reports.dotnet_results import find_doubt_of_dotnet
from agentproxy.evidence.reports.gradle_results import find_doubt_of_gradle
from agentproxy.evidence.reports.report import Report, Runner
from agentproxy.evidence.reports.summaries import find_summaries, last_to_end, unmixed
from agentproxy.evidence.reports.surefire_results import find_doubt_of_surefire
from agentproxy.text.colours import strip_colours
from agentproxy.workspace.sandbox.port import Ended

# Their words are not among the summaries: they have none where all is well.
GATHERED = ("Surefire", "Gradle", "dotnet test")
_NAMES_PYTEST = re.compile(r"py\.?test")
# One command, with nothing before or after it.
_ONE_RUN = re.compile(
    r"\s*(?:\w+=\S*\s+)*(?:(?:uv|poetry|pdm|pipenv)\s+run\s+)?(?:\S*/)?"
    r"(?:(?:python[\d.]*|coverage\s+run)\s+(?:-[\w-]+\s+)*-m\s+(pytest|unittest)|py\.?test)"
    r"(?:\s[^;&|\n`$()<>]*)?"
)
_PYTEST_FAILED = re.compile(r"\b(\d{1,9}) (?:failed|errors?)\b")
_PHPUNIT_FAILED = re.compile(r"\b(?:Errors|Failures): (\d{1,9})")
# These count their tests in the words that they end with.
_RAN: Mapping[Runner, re.Pattern[str]] = {
    "unittest": re.compile(r"^Ran (\d{1,9}) "),
    "PHPUnit": re.compile(r"^(?:OK \(|Tests: )(\d{1,9})\b"),
}
_UNITTEST_END = re.compile(r"^FAILED \((.{1,200})\)$", re.MULTILINE)
_UNITTEST_FAILED = re.compile(r"\b(?<!expected )(?:failures|errors|unexpected successes)=(\d{1,9})")
_OF_COUNT: frozenset[ReportDoubt] = frozenset(
    {"several_runs", "of_another_process", "other_totals", "no_totals"}
)


def find_doubt(
    ended: Ended, reports: Mapping[Runner, Sequence[Report]], *, command: str
) -> ReportDoubt | None:
    """Returns why the reports of a run do not count, or None where they do."""
    # An exit code above 0 needs no failed test: a coverage threshold or a second command may fail.
    # Such a run fails whatever its tests say.
    output = strip_colours(ended.output)
    is_cut = ended.output_bytes > len(ended.output.encode(errors="replace"))
    summaries = find_summaries(output)
    for runner, found in reports.items():
        printed = summaries.get(runner, [])
        counts = [report.counts for report in found if report.counts]
        if counts:
            printed = printed or find_summaries(unmixed(output)).get(runner, [])
            if doubt := find_doubt_of_counts(ended, printed, counts, is_cut=is_cut):
                return doubt
            continue
        # What a test starts may print a summary too. The run's own is the last one.
        if _is_one_run(command, runner):
            printed = printed[-1:]
        elif is_cut and not printed:
            return "output_cut"
        if runner == "Surefire":
            doubt = find_doubt_of_surefire(output, command, found[0])
        elif runner == "Gradle":
            doubt = find_doubt_of_gradle(output, command, found[0])
        elif runner == "dotnet test":
            doubt = find_doubt_of_dotnet(output, found)
        else:
            doubt = _doubt_of_totals(runner, printed, found, output=output)
        if doubt:
            return "output_cut" if is_cut and doubt in _OF_COUNT else doubt
    return None


def _doubt_of_totals(
    runner: Runner, printed: Sequence[str], reports: Sequence[Report], *, output: str
) -> ReportDoubt | None:
    if doubt := _differs(runner, printed, reports):
        return doubt
    said = _said_to_fail(runner, printed, output)
    return "hides_failures" if said > _count_failures(reports) else None


def is_of_another_process(output: str, runner: Runner, report: Report, *, command: str) -> bool:
    """Whether a runner that a test of the check has started wrote the report."""
    one = _ONE_RUN.fullmatch(command)
    if one:
        return runner != (one[1] or "pytest")
    if runner == "PHPUnit":
        return runner not in find_summaries(output)
    if runner in GATHERED:
        return False
    if report.counts:
        # A reporter of the user's may print no words at the end.
        return runner not in find_summaries(output) and last_to_end(output) not in ("", runner)
    if runner == "unittest" or _NAMES_PYTEST.search(command):
        return False
    # What a test starts is often read by the test, so its words are not in the output.
    return "pytest" not in find_summaries(output) and last_to_end(output) != ""


def _is_one_run(command: str, runner: Runner) -> bool:
    one = _ONE_RUN.fullmatch(command)
    return one is not None and runner == (one[1] or "pytest")


def _differs(
    runner: Runner, printed: Sequence[str], reports: Sequence[Report]
) -> ReportDoubt | None:
    """Whether the runs that a runner has printed are not the runs that have reports."""
    # pytest prints no summary with -qq.
    if runner not in _RAN and not printed:
        return None
    if len(printed) > len(reports):
        return "several_runs"
    if len(printed) < len(reports):
        return "of_another_process"
    if runner not in _RAN:
        return None
    counts = [_RAN[runner].match(line) for line in printed]
    said = sorted(int(count[1]) if count else 0 for count in counts)
    return None if said == sorted(report.ran for report in reports) else "other_totals"


def _said_to_fail(runner: Runner, printed: Sequence[str], output: str) -> int:
    """Returns how many failures the runs print at their ends."""
    lines, pattern = {
        "pytest": (printed, _PYTEST_FAILED),
        "PHPUnit": (printed, _PHPUNIT_FAILED),
        "unittest": (_UNITTEST_END.findall(output)[-len(printed) :], _UNITTEST_FAILED),
    }.get(runner, ((), _PYTEST_FAILED))
    return sum(int(count) for line in lines for count in pattern.findall(line))


def _count_failures(reports: Sequence[Report]) -> int:
    return sum(report.failures for report in reports)
