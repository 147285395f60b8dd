"""Makes test runners report each test of a check by name, and reads what came out."""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from agentproxy.events.check import CannotRun, CheckResult, ReportDoubt, TestResult
from agentproxy.evidence.obstacles.cannot_run import ended_early, find_cannot_run
from agentproxy.evidence.package_scripts import named_scripts
from agentproxy.evidence.reports.doctest_counts import IS_COUNT, count_examples
from agentproxy.evidence.reports.report import Report, ReportUnusable, Runner, number_tests
from agentproxy.evidence.reports.report_doubts import find_doubt, is_of_another_process
from agentproxy.evidence.reports.runners import ADAPTERS, PRINTED, RunnerRequest, leaves_out
from agentproxy.evidence.reports.summaries import last_to_end
from agentproxy.text.colours import strip_colours
from agentproxy.workspace.sandbox.port import Ended

# Python's tests are often skipped where the machine lacks something.
_MAY_SKIP_ALL = {"pytest", "unittest"}
# pnpm stops the packages that still run where one fails, so that their tests have no outcome.
_EVERY_PACKAGE = re.compile(
    r"(?<![\w/.-])pnpm\s(?:[^|;&\n]*\s)?(?:-r|--recursive|recursive|--filter|-F)(?![\w-])"
)
_BAIL = ("npm_config_bail", "pnpm_config_bail")


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
    of_workspace: Sequence[str] = (),
    leave_out: Collection[str] = (),
    loads_all: bool = True,
) -> Instrumentation:
    """Returns the variables that make a check's runners write reports; `env` is its own.

    `of_workspace` are the texts of package.json of the packages whose scripts it may run too.
    """
    # The command line stays as it is: a change would need the grammar of a shell. Variables pass
    # through make and npm.
    scripts = named_scripts(command, package_json, of_workspace=of_workspace)
    added: dict[str, str] = {}
    reports = [IS_COUNT]
    for adapter in ADAPTERS:
        variables = adapter.ask(
            RunnerRequest(command, {**env, **added}, scripts, leave_out, loads_all)
        )
        added |= variables
        if variables:
            reports.append(adapter.reports)
    for printed in PRINTED:
        if printed.recognised.search(command):
            added |= printed.ask(
                RunnerRequest(command, {**env, **added}, scripts, leave_out, loads_all)
            )
    if any(_EVERY_PACKAGE.search(text) for text in (command, *scripts)):
        added |= {name: "false" for name in _BAIL if name not in env}
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
    read, lost = _read(reports, root)
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
    if lost and not read:
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
        # A runner whose report is lost beside those of others is named: it did not end early.
        runners=(*own, *(sorted(lost) if own else ())),
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


def _read(
    reports: Mapping[str, bytes], root: str
) -> tuple[dict[Runner, list[Report]], set[Runner]]:
    """Returns the reports by runner, and the runners of which one report cannot be read: what
    another one of theirs says is not all that they ran.
    """
    found: dict[Runner, list[Report]] = {}
    lost: set[Runner] = set()
    for adapter in ADAPTERS:
        names = sorted(name for name in reports if adapter.reports.fullmatch(name))
        try:
            if names:
                found[adapter.runner] = [adapter.read(reports[name], root) for name in names]
        except ReportUnusable:
            lost.add(adapter.runner)
    return found, lost
