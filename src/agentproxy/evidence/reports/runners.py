"""The runners that report by test: how each is recognised, asked and read. Pure.

A report counts only where it agrees with what its runner prints (`report_doubts`).
"""

import re
import shlex
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field

from agentproxy.events.check import ReportDoubt
from agentproxy.evidence.reports.bun_results import read_bun
from agentproxy.evidence.reports.cargo_results import read_cargo
from agentproxy.evidence.reports.ctest_results import read_ctest
from agentproxy.evidence.reports.deno_results import read_deno
from agentproxy.evidence.reports.dotnet_results import read_dotnet
from agentproxy.evidence.reports.go_results import read_go
from agentproxy.evidence.reports.gradle_results import read_gradle
from agentproxy.evidence.reports.line_report import read_lines
from agentproxy.evidence.reports.phpunit_results import read_phpunit
from agentproxy.evidence.reports.report import (
    LineRunner,
    PrintedRunner,
    Report,
    Runner,
    read_pytest,
)
from agentproxy.evidence.reports.surefire_results import read_surefire
from agentproxy.evidence.reports.tape_results import read_tape
from agentproxy.evidence.reports.unittest_results import read_unittest

# Folders of a job, as the runners see them.
REPORT_FOLDER = "/run/agentproxy/report"
PYTHON_START = "/run/agentproxy/python_start"
NODE_PRELOAD = "/run/agentproxy/node_preload"
PHP_START = "/run/agentproxy/php_start"
PERL_START = "/run/agentproxy/perl_start"
JAVA_COLLECT = "/run/agentproxy/java_collect"
RUBY_START = "/run/agentproxy/ruby_start"
# Names a script of ours that runs after the command of a check, in its folder.
COLLECT = "AGENTPROXY_COLLECT"
TREE = "/run/agentproxy/tree"
# The folders of ours beside this file.
START_FOLDERS = {
    PYTHON_START: "python_start",
    NODE_PRELOAD: "node_preload",
    JAVA_COLLECT: "java_collect",
    PERL_START: "perl_start",
    PHP_START: "php_start",
    RUBY_START: "ruby_start",
}

# Every Python process puts its own word here, so that each run has a report of its own
# (`python_start/agentproxy_watch.py`).
_PROCESS = "AGENTPROXY_PROCESS"
_PYTEST = f"--junitxml={REPORT_FOLDER}/pytest-${{{_PROCESS}}}.xml -o junit_family=xunit1"
# What node prints by itself where it has no terminal differs by its version.
_NODE = (
    "--test-reporter=spec --test-reporter-destination=stdout "
    f"--test-reporter={NODE_PRELOAD}/node_test.cjs --test-reporter-destination=stdout"
)
_RUNS_NODE_TEST = re.compile(r"(?<![\w/.-])(?:\S*/)?node(?:js)?\s(?:[^|;&\n]*\s)?--test(?![\w-])")
# A program that runs commands from a file may run any of them.
_BY_FILE = r"(?<![\w/.-])(?:make|just|task)(?![\w.-])"
_RUNS_PROVE = re.compile(rf"(?<![\w.-])prove(?![\w-])|{_BY_FILE}")
_RUNS_MAVEN = re.compile(rf"(?<![\w.-])mvnw?(?![\w-])|{_BY_FILE}")
_RUNS_GRADLE = re.compile(rf"(?<![\w.-])gradlew?(?![\w-])|{_BY_FILE}")
_RUNS_RUBY = re.compile(rf"(?<![\w.-])(?:ruby|rake|rails|bundle|mtest|m)(?![\w.-])|{_BY_FILE}")
_RUNS_DOTNET = re.compile(rf"(?<![\w.-])dotnet\s+(?:test|msbuild|build)(?![\w-])|{_BY_FILE}")
# Who names a place or a logger reads what comes there.
_NAMES_LOGGER = re.compile(r"\s(?:-l|--logger|-r|--results-directory)[\s:=]|VSTest(?:Log|Res)")
_MAX_DESELECTED_BYTES = 60_000  # Linux bounds one variable at 128 KiB


@dataclass(frozen=True, slots=True)
class RunnerRequest:
    """What a runner is recognised by, and asked with."""

    command: str
    env: Mapping[str, str]  # what the check has, and what was added for other runners
    scripts: Sequence[str] = ()  # of package.json, as far as the command names them
    leave_out: Collection[str] = field(default=())
    loads_all: bool = True  # also what is left out, where the runner can do that


@dataclass(frozen=True, slots=True)
class Adapter:
    """One runner."""

    runner: Runner
    tried: str
    # Returns the variables to set; none where it is not recognised, or reports for itself.
    ask: Callable[[RunnerRequest], Mapping[str, str]]
    reports: re.Pattern[str]  # the names of its reports, in the order of its runs
    read: Callable[[bytes, str], Report]  # relative to a root


@dataclass(frozen=True, slots=True)
class PrintedAdapter:
    """A runner whose only report is what it prints."""

    runner: PrintedRunner
    tried: str
    recognised: re.Pattern[str]  # searched in the command
    ask: Callable[[RunnerRequest], Mapping[str, str]]
    # Returns why the output does not count, and None where it has no test by name. The second
    # argument is a root, as above.
    read: Callable[[str, str], Report | ReportDoubt | None]


def _ask_pytest(asked: RunnerRequest) -> Mapping[str, str]:
    # Every Python program passes it on, so the command need not name pytest.
    own = asked.env.get("PYTEST_ADDOPTS", "")
    if "no:junitxml" in f"{asked.command} {own}":
        return {}
    ours = f"{_PYTEST}{_leave_out(asked.leave_out, loads_all=asked.loads_all)}"
    # tox passes on only what its settings name.
    return {"PYTEST_ADDOPTS": f"{own} {ours}".strip(), "AGENTPROXY_PYTEST_OPTIONS": ours}


def _leave_out(files: Collection[str], *, loads_all: bool) -> str:
    # pytest takes a prefix of the ids; with its separator it means this file and no other. It would
    # still load the files, except those that it ignores. One that the command names is not ignored.
    deselected = "".join(f" --deselect={shlex.quote(file + '::')}" for file in sorted(files))
    ignored = "".join(f" --ignore={shlex.quote(f'{TREE}/{file}')}" for file in sorted(files))
    options = (deselected,) if loads_all else (f"{deselected}{ignored}", deselected)
    return next((each for each in options if len(_encoded(each)) <= _MAX_DESELECTED_BYTES), "")


def _encoded(text: str) -> bytes:
    return text.encode(errors="surrogateescape")


def leaves_out(env: Mapping[str, str]) -> bool:
    """Whether these variables of ours tell a runner to leave files out."""
    pytest = env.get("AGENTPROXY_PYTEST_OPTIONS", "")
    return "--deselect=" in pytest or "AGENTPROXY_LEAVE_OUT" in env


def _ask_unittest(asked: RunnerRequest) -> Mapping[str, str]:
    own = asked.env.get("PYTHONPATH", "")
    return {
        "PYTHONPATH": f"{PYTHON_START}:{own}" if own else PYTHON_START,
        "AGENTPROXY_REPORTS": REPORT_FOLDER,
        _PROCESS: "0",
    }


def _ask_node(asked: RunnerRequest) -> Mapping[str, str]:
    # Every process of node reads NODE_OPTIONS. So it is set only where the command, or a script
    # that it names, runs `node --test`.
    options = asked.env.get("NODE_OPTIONS", "")
    commands = (asked.command, *asked.scripts)
    # node pairs reporters with destinations by position, so ours cannot join the user's.
    reports_itself = "--test-reporter" in f"{options} {' '.join(commands)}"
    if reports_itself or not any(_RUNS_NODE_TEST.search(text) for text in commands):
        return {}
    return {"NODE_OPTIONS": f"{options} {_NODE}".strip()}


def _ask_our_reporters(asked: RunnerRequest) -> Mapping[str, str]:
    # Our file sees by itself which runner a process loads (`node_preload/preload.cjs`).
    options = asked.env.get("NODE_OPTIONS", "")
    ours = f'--require="{NODE_PRELOAD}/preload.cjs"'
    both = options if ours in options else f"{ours} {options}".strip()
    variables = {"NODE_OPTIONS": both, "AGENTPROXY_REPORTS": REPORT_FOLDER}
    paths = "\n".join(f"{TREE}/{file}" for file in sorted(asked.leave_out))
    if paths and len(_encoded(paths)) <= _MAX_DESELECTED_BYTES:
        variables["AGENTPROXY_LEAVE_OUT"] = paths
    # A script that sets the variable anew would lose our file.
    path = asked.env.get("PATH", "")
    first = f"{NODE_PRELOAD}/bin:"
    sets_anew = any("NODE_OPTIONS=" in text for text in (asked.command, *asked.scripts))
    if sets_anew and path and not path.startswith(first):
        variables["PATH"] = f"{first}{path}"
    return variables


def _gather(runs: re.Pattern[str]) -> Callable[[RunnerRequest], Mapping[str, str]]:
    # These always report, into the folders of the build. Those are gathered after the command.
    def ask(asked: RunnerRequest) -> Mapping[str, str]:
        if not any(runs.search(text) for text in (asked.command, *asked.scripts)):
            return {}
        return {COLLECT: f"{JAVA_COLLECT}/collect.sh"}

    return ask


def _ask_dotnet(asked: RunnerRequest) -> Mapping[str, str]:
    # Properties of a build that `dotnet test` runs; each variable is one, unless an option is.
    texts = (asked.command, *asked.scripts)
    named = any(_NAMES_LOGGER.search(text) for text in texts) or "VSTestLogger" in asked.env
    if named or not any(_RUNS_DOTNET.search(text) for text in texts):
        return {}
    return {
        "VSTestLogger": "trx",
        "VSTestResultsDirectory": REPORT_FOLDER,
        "DOTNET_CLI_UI_LANGUAGE": "en",  # its totals are read
    }


def _ask_prove(asked: RunnerRequest) -> Mapping[str, str]:
    # Every program in Perl reads PERL5OPT, and many tools are such programs.
    if not any(_RUNS_PROVE.search(text) for text in (asked.command, *asked.scripts)):
        return {}
    ours = f"-I{PERL_START} -MAgentProxyTAP"
    return {"PERL5OPT": f"{asked.env.get('PERL5OPT', '')} {ours}".strip()}


def _ask_phpunit(asked: RunnerRequest) -> Mapping[str, str]:
    # An empty part stands for the folder that PHP was built with.
    own = asked.env.get("PHP_INI_SCAN_DIR", "")
    return {"PHP_INI_SCAN_DIR": f"{own}:{PHP_START}", "AGENTPROXY_PHP_START": PHP_START}


def _ask_rspec(asked: RunnerRequest) -> Mapping[str, str]:
    own = asked.env.get("SPEC_OPTS", "")
    ours = f"--require '{RUBY_START}/agentproxy_rspec.rb'"
    return {"SPEC_OPTS": f"{own} {ours}".strip(), "AGENTPROXY_SPEC_OPTIONS": ours}


def _ask_minitest(asked: RunnerRequest) -> Mapping[str, str]:
    # Every program in Ruby reads RUBYOPT. Minitest looks for plugins where this one is.
    if not any(_RUNS_RUBY.search(text) for text in (asked.command, *asked.scripts)):
        return {}
    ours = f"-I{RUBY_START}"
    both = f"{asked.env.get('RUBYOPT', '')} {ours}".strip()
    return {"RUBYOPT": both, "AGENTPROXY_RUBY_OPTIONS": ours}


def _by_our_reporter(
    runner: LineRunner,
    tried: str,
    ask: Callable[[RunnerRequest], Mapping[str, str]] = _ask_our_reporters,
) -> Adapter:
    return Adapter(runner, tried, ask, re.compile(rf"{runner}-[0-9a-f]+\.jsonl"), read_lines)


ADAPTERS: tuple[Adapter, ...] = (
    Adapter("pytest", "9.2", _ask_pytest, re.compile(r"pytest-[\d-]+\.xml"), read_pytest),
    # unittest of 3.8 to 3.13, Django 5.2, nose2 0.16, unittest-xml-reporting 4.0
    Adapter("unittest", "3.13", _ask_unittest, re.compile(r"unittest-[\d-]+\.xml"), read_unittest),
    _by_our_reporter("node", "18.20, 20.20, 22.23, 24.22", _ask_node),
    _by_our_reporter("jest", "27.5, 29.7, 30.5"),
    _by_our_reporter("vitest", "3.2, 4.1, 5.1"),
    _by_our_reporter("mocha", "10.8, 11.8, 12.0"),
    _by_our_reporter("ava", "6.4, 7.0"),
    _by_our_reporter("playwright", "1.65"),
    _by_our_reporter("prove", "3.44", _ask_prove),
    _by_our_reporter("RSpec", "3.12", _ask_rspec),
    _by_our_reporter("minitest", "5.15", _ask_minitest),
    Adapter("Surefire", "3.2", _gather(_RUNS_MAVEN), re.compile(r"surefire\.xml"), read_surefire),
    # later versions of Gradle, and dotnet, by their documents only
    Adapter("Gradle", "4.4", _gather(_RUNS_GRADLE), re.compile(r"gradle\.xml"), read_gradle),
    Adapter("dotnet test", "none", _ask_dotnet, re.compile(r"[^/]+\.trx"), read_dotnet),
    Adapter("PHPUnit", "9.6", _ask_phpunit, re.compile(r"phpunit-\d+-\d+\.xml"), read_phpunit),
)


def _ask_go(asked: RunnerRequest) -> Mapping[str, str]:
    return {"GOFLAGS": f"{asked.env.get('GOFLAGS', '')} -v".strip()}


def _ask_ctest(_: RunnerRequest) -> Mapping[str, str]:
    # What a failed test printed is its message.
    return {"CTEST_OUTPUT_ON_FAILURE": "1"}


def _ask_nothing(_: RunnerRequest) -> Mapping[str, str]:
    return {}


_BY_SCRIPT = re.compile(rf"(?<![\w.-])(?:bun|deno|npm|npx|pnpm|yarn)(?![\w.-])|{_BY_FILE}")
PRINTED: tuple[PrintedAdapter, ...] = (
    PrintedAdapter(
        "go test",
        "1.19 and 1.27",
        re.compile(rf"(?<![\w.-])go\s+test(?![\w-])(?!.*\s-json\b)|{_BY_FILE}"),
        _ask_go,
        lambda output, _: read_go(output),
    ),
    PrintedAdapter(
        "cargo test",
        "1.95",
        re.compile(rf"(?<![\w.-])cargo\s.*(?<![\w-])t(?:est)?(?![\w-])|{_BY_FILE}"),
        _ask_nothing,
        lambda output, _: read_cargo(output),
    ),
    PrintedAdapter(
        "ctest",
        "3.25",
        re.compile(rf"(?<![\w.-])(?:ctest|cmake|ninja)(?![\w.-])|{_BY_FILE}"),
        _ask_ctest,
        lambda output, _: read_ctest(output),
    ),
    PrintedAdapter(
        "tape",
        "5.10",
        re.compile(rf"(?<![\w.-])(?:tape|node(?:js)?|nyc|c8)(?![\w.-])|{_BY_SCRIPT.pattern}"),
        _ask_nothing,
        read_tape,
    ),
    PrintedAdapter("bun", "1.4", _BY_SCRIPT, _ask_nothing, read_bun),
    PrintedAdapter("deno", "2.9", _BY_SCRIPT, _ask_nothing, read_deno),
)
