"""Makes test runners report each test of a check by name, and reads what came out."""

import json
import re
import shlex
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import cast

from agentproxy.events.check import CheckResult
from agentproxy.evidence.obstacles.cannot_run import find_cannot_run
from agentproxy.evidence.reports.report import Report, ReportUnusable, Runner, read_report
from agentproxy.evidence.reports.report_doubts import find_doubt, is_of_another_process
from agentproxy.text.colours import strip_colours
from agentproxy.workspace.sandbox.port import Ended

REPORT_FOLDER = "/run/agentproxy/report"
REPORTS: dict[str, Runner] = {"pytest.xml": "pytest", "node.xml": "node"}

_PYTEST = f"--junitxml={REPORT_FOLDER}/pytest.xml -o junit_family=xunit1"
_NODE = (
    "--test-reporter=spec --test-reporter-destination=stdout "
    f"--test-reporter=junit --test-reporter-destination={REPORT_FOLDER}/node.xml"
)
_RUNS_NODE_TEST = re.compile(r"(?<![\w/.-])(?:\S*/)?node(?:js)?\s(?:[^|;&\n]*\s)?--test(?![\w-])")
_NAMES_SCRIPT = re.compile(
    r"(?<![\w/.-])(?:npm|pnpm|yarn|bun)\s+(?:-\S+\s+)*(?:run(?:-script)?\s+(?:-\S+\s+)*)?([\w:.-]+)"
)
# A script may name another one, or itself.
_DEEPEST_SCRIPT = 5
_MAX_DESELECTED_BYTES = 60_000  # Linux bounds one variable at 128 KiB
_LONGEST_SCRIPT = 4_000
_SHORT_FOR_TEST = {"t": "test", "tst": "test"}


@dataclass(frozen=True, slots=True)
class Instrumentation:
    """Variables to set for a check, the reports that it may write into REPORT_FOLDER, and the files
    that its runner is told to leave out.
    """

    env: Mapping[str, str] = field(default_factory=dict[str, str])
    reports: tuple[str, ...] = ()
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
    # through make, tox and npm.
    added: dict[str, str] = {}
    reports: list[str] = []
    left_out: tuple[str, ...] = ()
    own = env.get("PYTEST_ADDOPTS", "")
    if "no:junitxml" not in f"{command} {own}":
        options = _deselect(leave_out)
        left_out = tuple(leave_out) if options else ()
        added["PYTEST_ADDOPTS"] = f"{own} {_PYTEST}{options}".strip()
        reports.append("pytest.xml")
    # Every process of node reads NODE_OPTIONS. So it is set only where the command, or a script
    # that it names, runs `node --test`.
    options = env.get("NODE_OPTIONS", "")
    commands = _with_named_scripts(command, _scripts(package_json))
    # node pairs reporters with destinations by position, so ours cannot join the user's.
    reports_itself = "--test-reporter" in f"{options} {' '.join(commands)}"
    if not reports_itself and any(_RUNS_NODE_TEST.search(text) for text in commands):
        added["NODE_OPTIONS"] = f"{options} {_NODE}".strip()
        reports.append("node.xml")
    return Instrumentation(env=added, reports=tuple(reports), left_out=left_out)


def _deselect(files: Collection[str]) -> str:
    # pytest takes a prefix of the ids; with its separator it means this file and no other.
    options = "".join(f" --deselect={shlex.quote(file + '::')}" for file in sorted(files))
    return options if len(options.encode(errors="surrogateescape")) <= _MAX_DESELECTED_BYTES else ""


def interpret(
    ended: Ended,
    reports: Mapping[str, bytes],
    *,
    command: str = "",
    tree: Collection[str] = (),
    root: str = "",
) -> CheckResult:
    """Returns what one run of a check says.

    `reports` maps names of REPORTS to their content. `tree` holds all paths of the tree under test:
    a check that lacks a module of the tree has failed. Paths are shown relative to `root`.
    """
    read = _read(reports, root)
    unreadable = bool(reports) and not read
    output = strip_colours(ended.output)
    others: set[Runner] = {
        runner
        for runner, report in read.items()
        if is_of_another_process(output, runner, report, command=command)
    }
    for runner in others:
        del read[runner]
    tests = tuple(test for report in read.values() for test in report.tests)
    complete = bool(read)
    doubt = find_doubt(ended, read, command=command) if complete else None
    if unreadable:
        doubt = "unreadable"
    elif others and not complete:
        doubt = "of_another_process"
    return CheckResult(
        exit_code=ended.exit_code,
        ending=ended.ending,
        seconds=ended.seconds,
        tests=tests,
        by_test=doubt is None and bool(tests),
        doubt=doubt,
        cannot_run=find_cannot_run(ended, tests, command=command, tree=tree, reported=complete),
        output=ended.output,
        output_bytes=ended.output_bytes,
        digest=ended.digest,
    )


def _read(reports: Mapping[str, bytes], root: str) -> dict[Runner, Report]:
    """Returns the reports by runner, none where one of them cannot be read."""
    try:
        return {
            runner: read_report(reports[name], runner=runner, root=root)
            for name, runner in REPORTS.items()
            if name in reports
        }
    except ReportUnusable:
        return {}


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


def _with_named_scripts(command: str, scripts: Mapping[str, str]) -> list[str]:
    found, todo = [command], [command]
    for _ in range(_DEEPEST_SCRIPT):
        matches = [match[1] for text in todo for match in _NAMES_SCRIPT.finditer(text)]
        names = sorted({_SHORT_FOR_TEST.get(name, name) for name in matches})
        todo = [scripts[name] for name in names if name in scripts]
        found += [text for text in todo if text not in found]
    return found
