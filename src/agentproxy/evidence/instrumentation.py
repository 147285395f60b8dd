"""Makes test runners report each test of a check by name, and reads what came out."""

import json
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import cast

from agentproxy.events.check import CannotRun, CheckResult, ReportDoubt, TestResult
from agentproxy.evidence.obstacles.cannot_run import ended_early, find_cannot_run
from agentproxy.evidence.reports.doctest_counts import IS_COUNT, count_examples
from agentproxy.evidence.reports.report import Report, ReportUnusable, Runner, number_tests
from agentproxy.evidence.reports.report_doubts import find_doubt, is_of_another_process
from agentproxy.evidence.reports.runners import ADAPTERS, PRINTED, Asked, leaves_out
from agentproxy.evidence.reports.summaries import last_to_end
from agentproxy.text.colours import strip_colours
from agentproxy.workspace.sandbox.port import Ended

_NAMES_SCRIPT = re.compile(
    r"(?<![\w/.-])(?:npm|pnpm|yarn|bun)\s+(?:-\S+\s+)*(?:run(?:-script)?\s+(?:-\S+\s+)*)?([\w:.-]+)"
)
# A script may name another one, or itself.
_DEEPEST_SCRIPT = 5
_LONGEST_SCRIPT = 4_000
# Python's tests are often skipped where the machine lacks something.
_MAY_SKIP_ALL = {"pytest", "unittest"}
_SHORT_FOR_TEST = {"t": "test", "tst": "test"}


@dataclass(frozen=True, slots=True)
class Instrumentation:
    """Variables to set for a check, the names of the reports that it may then write, and the files
    that its runner is told to leave out.
    """

    env: Mapping[str, str] = field(default_factory=dict[str, str])
    reports: tuple[re.Pattern[str], ...] = ()
    left_out: tuple[str, ...] = ()


def instrument(
    command: str,
    env: Mapping[str, str],
    *,
    package_json: str = "",
    leave_out: Collection[str] = (),
) -> Instrumentation:
    """Returns the variables that make a check's runners write reports; `env` is its own."""
    # The command line stays as it is: a change would need the grammar of a shell. Variables pass
    # through make and npm.
    scripts = _named_scripts(command, _scripts(package_json))
    added: dict[str, str] = {}
    reports = [IS_COUNT]
    for adapter in ADAPTERS:
        variables = adapter.ask(Asked(command, {**env, **added}, scripts, leave_out))
        added |= variables
        if variables:
            reports.append(adapter.reports)
    for printed in PRINTED:
        if printed.recognised.search(command):
            added |= printed.ask(Asked(command, {**env, **added}, scripts, leave_out))
    left_out = tuple(leave_out) if leaves_out(added) else ()
    return Instrumentation(env=added, reports=tuple(reports), left_out=left_out)


def interpret(
    ended: Ended,
    reports: Mapping[str, bytes],
    *,
    command: str = "",
    tree: Collection[str] = (),
    root: str = "",
) -> CheckResult:
    """Returns what one run of a check says.

    `reports` maps names of reports to their content. `tree` holds all paths of the tree under test:
    a check that lacks a module of the tree has failed. Paths are shown relative to `root`.
    """
    examples = count_examples(reports)
    reports = {name: text for name, text in reports.items() if not IS_COUNT.fullmatch(name)}
    read = _read(reports, root)
    unreadable = bool(reports) and not read
    output = strip_colours(ended.output)
    own: dict[Runner, list[Report]] = {}
    for runner, found in read.items():
        of_check = [
            report
            for report in found
            if not is_of_another_process(output, runner, report, command=command)
        ]
        if of_check:
            own[runner] = of_check
    doubt = find_doubt(ended, own, command=command) if own else None
    if unreadable:
        doubt = "unreadable"
    elif read and not own:
        doubt = "of_another_process"
    printed, unprinted = _read_printed(ended, output, command=command, root=root)
    own |= printed
    doubt = doubt or unprinted
    tests = tuple(number_tests(_tests_of(own)))
    complete = bool(own)
    cannot_run = find_cannot_run(ended, tests, command=command, tree=tree, reported=complete)
    return CheckResult(
        exit_code=ended.exit_code,
        ending=ended.ending,
        seconds=ended.seconds,
        tests=tests,
        by_test=doubt is None and bool(tests),
        runners=tuple(own),
        doubt=doubt,
        cannot_run=cannot_run
        or _passes_nothing(ended, own, doubt)
        or _runs_no_example(ended, output, examples, ran=bool(tests)),
        output=ended.output,
        output_bytes=ended.output_bytes,
        digest=ended.digest,
    )


def _read_printed(
    ended: Ended, output: str, *, command: str, root: str
) -> tuple[dict[Runner, list[Report]], ReportDoubt | None]:
    """Returns what runners print of their tests, or why it does not count."""
    is_cut = ended.output_bytes > len(ended.output.encode(errors="replace"))
    found: dict[Runner, list[Report]] = {}
    for adapter in PRINTED:
        if not adapter.recognised.search(command):
            continue
        said = adapter.read(output, root)
        if said is not None and is_cut:
            return {}, "output_cut"
        if isinstance(said, Report):
            found[adapter.runner] = [said]
        elif said is not None:
            return {}, said
    return found, None


def _passes_nothing(
    ended: Ended, reports: Mapping[Runner, Sequence[Report]], doubt: ReportDoubt | None
) -> CannotRun | None:
    """Returns why an exit code of 0 says nothing, as the reports show it."""
    if ended.exit_code != 0:
        return None
    if doubt == "ended_early" and not reports:
        return ended_early("a test runner")
    for runner, found in reports.items():
        if not all(report.counts.ended for report in found if report.counts):
            return ended_early(runner)
    ran = any(test.outcome != "skipped" for test in _tests_of(reports))
    if reports and not ran and not reports.keys() & _MAY_SKIP_ALL:
        return CannotRun(kind="nothing_collected", text="no test ran")
    return None


def _runs_no_example(
    ended: Ended, output: str, examples: int | None, *, ran: bool
) -> CannotRun | None:
    """Returns what to say of a run of doctest that found no example, beside no other runner."""
    if ended.exit_code != 0 or examples != 0 or ran or last_to_end(output):
        return None
    return CannotRun(kind="nothing_collected", text="doctest found no example to run")


def _tests_of(reports: Mapping[Runner, Sequence[Report]]) -> Iterable[TestResult]:
    return (test for found in reports.values() for report in found for test in report.tests)


def _read(reports: Mapping[str, bytes], root: str) -> dict[Runner, list[Report]]:
    """Returns the reports by runner, none where one of them cannot be read."""
    found: dict[Runner, list[Report]] = {}
    try:
        for adapter in ADAPTERS:
            names = sorted(name for name in reports if adapter.reports.fullmatch(name))
            if names:
                found[adapter.runner] = [adapter.read(reports[name], root) for name in names]
    except ReportUnusable:
        return {}
    return found


def _scripts(package_json: str) -> Mapping[str, str]:
    try:
        package: object = json.loads(package_json)
    except (ValueError, RecursionError):
        return {}
    scripts = _table(_table(package).get("scripts"))
    pairs = ((name, text) for name, text in scripts.items() if isinstance(text, str))
    return {name: text for name, text in pairs if len(text) <= _LONGEST_SCRIPT}


def _table(value: object) -> Mapping[str, object]:
    return cast("dict[str, object]", value) if isinstance(value, dict) else {}


def _named_scripts(command: str, scripts: Mapping[str, str]) -> tuple[str, ...]:
    found, todo = [command], [command]
    for _ in range(_DEEPEST_SCRIPT):
        matches = [match[1] for text in todo for match in _NAMES_SCRIPT.finditer(text)]
        names = sorted({_SHORT_FOR_TEST.get(name, name) for name in matches})
        todo = [scripts[name] for name in names if name in scripts]
        found += [text for text in todo if text not in found]
    return tuple(found[1:])
