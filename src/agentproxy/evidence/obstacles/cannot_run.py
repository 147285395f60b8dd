"""Why a check could not run at all, which is not the same as a check that ran and failed."""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence

from agentproxy.events.check import CannotRun, CannotRunKind, CheckResult, TestResult
from agentproxy.evidence.obstacles.tool_messages import TOOL_MESSAGES
from agentproxy.evidence.reports.summaries import count_summaries, find_summaries, found_nothing
from agentproxy.text.colours import strip_colours
from agentproxy.workspace.sandbox.port import Ended

TAIL_LINES = 60
MAX_REASON_CHARACTERS = 300

_PY_MODULE = re.compile(r"No module named '?([\w.]+)'?")
_JS_MODULE = re.compile(r"Cannot find (?:module|package) '([^'\n]{1,200})'")
_TOP_LEVEL = re.compile(r"(?:@[\w-]+/)?[\w-]+")
_COMMAND = re.compile(
    r"(?:^|: )(?:line )?(?:\d+: )?([\w./@+-]{1,100}): (?:command )?not found$"
    r"|^make(?:\[\d+\])?: ([\w./@+-]{1,100}): No such file or directory$",
    re.MULTILINE,
)
# make exits with 2 whatever its command exits with, and prints 126 or 127 in its last line.
_MAKE_MISSED = re.compile(r"^make(?:\[\d+\])?: \*\*\* .*Error 12[67]$", re.MULTILINE)
_OUTSIDE: tuple[tuple[re.Pattern[str], CannotRunKind, str], ...] = (
    # First: where a tool names what it wanted to fetch, it may also say that no host was found.
    *TOOL_MESSAGES,
    (
        re.compile(r"Connection ?refused|ECONNREFUSED", re.IGNORECASE),
        "refused_connection",
        "a connection was refused",
    ),
    (
        re.compile(
            r"(?:Temporary failure in name|Name or service not|nodename nor servname).{0,60}"
            r"|ENOTFOUND|EAI_AGAIN|Could not resolve host|no such host|NameResolutionError"
        ),
        "name_does_not_resolve",
        "a host name did not resolve",
    ),
    (
        re.compile(r"Network is unreachable|ENETUNREACH", re.IGNORECASE),
        "network_unreachable",
        "the network is unreachable",
    ),
    (
        re.compile(r"Read-only file system|EROFS", re.IGNORECASE),
        "read_only_path",
        "a path is read-only",
    ),
    (
        re.compile(r"Invalid cross-device link|\bEXDEV\b"),
        "other_file_system",
        "a path was renamed to another file system",
    ),
    (
        re.compile(
            r"Cannot connect to the Docker daemon|docker\.sock|DockerException"
            r"|(?:docker|podman)\S* daemon (?:is )?not running",
            re.IGNORECASE,
        ),
        "no_docker",
        "the Docker daemon is not reachable",
    ),
    (
        re.compile(
            # bubblewrap, Chromium, util-linux, podman, runc and newuidmap, in their own words
            r"No permissions to creat(?:e|ing) new namespace|Creating new namespace failed"
            r"|bwrap: setting up uid map: Permission denied"
            r"|No usable sandbox!|Failed to move to new namespace"
            r"|SUID sandbox helper binary was found"
            r"|unshare(?:\(\w*\))?(?: failed)?: (?:Operation not permitted|EPERM)"
            r"|(?:cannot|failed to) (?:clone|unshare|set ?ns)[^\n]{0,60}: Operation not permitted"
            r"|CLONE_NEW(?:USER|NS|PID|NET)[^\n]{0,60}(?:not permitted|EPERM)"
            r"|cannot re-exec process|user namespaces are not enabled"
            r"|newuidmap[^\n]{0,80}(?:not permitted|failed)",
            re.IGNORECASE,
        ),
        "no_namespaces",
        "namespaces cannot be made inside the sandbox",
    ),
    (
        re.compile(
            r"no new privileges. flag is set|sudo: effective uid is not 0"
            r"|sudo: a (?:password|terminal) is required|must be setuid root",
            re.IGNORECASE,
        ),
        "no_privileges",
        "a program wants privileges that nothing has inside the sandbox",
    ),
)
_NO_NETWORK: frozenset[CannotRunKind] = frozenset(
    {"refused_connection", "name_does_not_resolve", "network_unreachable"}
)
_NOTHING = re.compile(
    r"^(?:No tests found, exiting with code 1|No test files found, exiting with code 1"
    r"|error: regex .* matched 0 tests\..*|The following filters did not match any test files:"
    r"|NO TESTS RAN|Ran 0 tests in .*|.*no tests ran in [\d.]+s.*)",
    re.MULTILINE,
)
_PASSED = re.compile(
    r"\b[1-9]\d* (?:tests? )?(?:passed|passing)\b|^\W pass [1-9]"
    r"|^ok \d|^ok\s+\S+\s+[\d.]+s|\u2713|\u2714",
    re.MULTILINE,
)
_SOURCES = (".py", ".pyi", ".pyx", ".so", ".js", ".mjs", ".cjs", ".ts", ".tsx", ".jsx")
# node's runner reports this for a file that it cannot load. The reason is in its output only.
MUTE = ("", "test failed")
# pytest prints this with exit code 4 too, although its arguments are right.
_CONFTEST = "ImportError while loading conftest"
_NEEDS_NETWORK = (
    'if it needs the network, set network = "host" for the check in agentproxy.toml, '
    "then run pa trust"
)
_CURES: Mapping[CannotRunKind, str] = {
    "missing_module": (
        "install it into the project's environment (.venv, node_modules, or the active one)"
    ),
    "missing_command": "install it, or put it on PATH",
    "not_executable": "make it executable, or name the program that runs it",
    "syntax_error": "fix the command; sh -n -c COMMAND checks its syntax",
    "unusable_arguments": "install the plugin that defines the options, or fix the command",
    "refused_connection": (
        'if it needs a server, start it and set network = "host" for the check in agentproxy.toml, '
        "then run pa trust"
    ),
    "name_does_not_resolve": _NEEDS_NETWORK,
    "network_unreachable": _NEEDS_NETWORK,
    "read_only_path": "change it to write only below the project, HOME or /tmp",
    "other_file_system": "move files by copying: in checks /tmp and HOME are other file systems",
    "no_docker": "checks cannot reach Docker; use a check that does not need it",
    "no_namespaces": (
        "checks run in a sandbox, where programs cannot open a second one; switch theirs off (as "
        "--no-sandbox does for Chromium), or use a check without it"
    ),
    "no_privileges": "use a check that needs no root and no sudo",
    "needs_download": (
        "name the tool's cache in `environment` in agentproxy.toml and set its variable with env, "
        'or set network = "host" for the check; then run pa trust'
    ),
    "wrong_tool_version": "install that version, and put it on PATH",
    "nothing_collected": "use a command that runs tests",
    "timed_out": "set a longer timeout for the check in agentproxy.toml",
    "not_isolated": "omit --sandbox plain, or use an environment without links into the repository",
    "other_checkout": (
        "make an environment of this tree's own: python -m venv .venv && .venv/bin/pip install -e ."
    ),
    "prepare_failed": "run that command in a fresh clone, and fix it",
}


def cure_for(kind: CannotRunKind) -> str:
    """Returns what a person can do, or "" where no cure is known."""
    return _CURES.get(kind, "")


def find_cannot_run(
    ended: Ended,
    tests: Sequence[TestResult],
    *,
    command: str,
    tree: Iterable[str],
    reported: bool,
) -> CannotRun | None:
    """Returns what kept the check from running, or None where it ran, whatever its result.

    `reported` says whether the runner wrote a report that could be read.
    """
    cut = _cut_short(ended)
    if cut is not None:
        return cut
    output = strip_colours(ended.output)
    # Tests that were reported show that the runner ran, so the exit code explains nothing.
    if tests:
        return _in_tests(tests, output, tree)
    # pytest exits with 4 for wrong arguments.
    if ended.exit_code == 4 and re.search(r"pytest|py\.test", f"{command}\n{output}"):
        return _pytest_usage(output, tree)
    if _collected_nothing(ended, output, reported=reported):
        return CannotRun(kind="nothing_collected", text="no tests were found to run")
    if ended.exit_code == 0:
        return None
    return _in_output(ended, output, tree)


def _cut_short(ended: Ended) -> CannotRun | None:
    if ended.ending == "timed_out" or ended.killed == "time":
        text = f"it reached its time limit after {ended.seconds:.0f} s"
        return CannotRun(kind="timed_out", text=text)
    if ended.ending == "not_started":
        why = ended.output.strip()[-MAX_REASON_CHARACTERS:]
        return CannotRun(kind="not_started", text=f"it could not be started: {why}")
    if ended.killed == "output":
        text = f"it was stopped after too much output ({ended.output_bytes} bytes)"
        return CannotRun(kind="too_much_output", text=text)
    if ended.killed == "cancelled" or ended.exit_code is None:
        return CannotRun(kind="stopped", text="it was stopped before it ended")
    return None


def _in_tests(tests: Sequence[TestResult], output: str, tree: Iterable[str]) -> CannotRun | None:
    failed = [test for test in tests if test.outcome == "failed"]
    # Where other tests pass, the environment works: a test without its server has failed.
    if not failed or any(test.outcome == "passed" for test in tests):
        return None
    own = modules_of(tree)
    # Each text is searched once: all tests without a message share the same long output.
    texts = dict.fromkeys(output if test.message in MUTE else test.message for test in failed)
    reasons: list[CannotRun] = []
    for text in texts:
        if (reason := _find_outside_cause(text, own)) is None:
            return None
        reasons.append(reason)
    return reasons[0]


def _find_outside_cause(text: str, own: Collection[str]) -> CannotRun | None:
    modules = [*_PY_MODULE.findall(text), *_JS_MODULE.findall(text)]
    foreign = [module for module in modules if not is_of_tree(module, own)]
    if modules:
        # One missing module of the tree is a real failure, whatever else is missing.
        return _missing_module(foreign[0]) if len(foreign) == len(modules) else None
    return outside_reason(text)


def _missing_module(module: str) -> CannotRun:
    return CannotRun(kind="missing_module", subject=module, text=f"no module named {module}")


def invalid_syntax(shell_message: str) -> CannotRun:
    message = " ".join(strip_colours(shell_message).split())[:MAX_REASON_CHARACTERS]
    return CannotRun(kind="syntax_error", text=f"the shell cannot read the command: {message}")


def failed_preparation(command: str) -> CannotRun:
    return CannotRun(kind="prepare_failed", subject=command, text=f"prepare failed: {command}")


def ended_early(runner: str) -> CannotRun:
    text = f"it ended with 0 before {runner} had said how many tests ran"
    return CannotRun(kind="ended_early", subject=runner, text=text)


def outside_reason(message: str) -> CannotRun | None:
    """Returns what a test missed outside of the tree and of its packages, by its own message."""
    found = (
        CannotRun(kind=kind, text=words)
        for pattern, kind, words in _OUTSIDE
        if pattern.search(message)
    )
    return next(found, None)


def crosses_file_systems(result: CheckResult) -> bool:
    """Whether a check failed since a path could not be renamed or linked."""
    texts = (result.output, *(test.message for test in result.tests if test.outcome == "failed"))
    pattern = next(each for each, kind, _ in _OUTSIDE if kind == "other_file_system")
    return not result.passed and any(map(pattern.search, texts))


def names_unreachable_host(text: str) -> bool:
    return any(pattern.search(text) for pattern, kind, _ in _OUTSIDE if kind in _NO_NETWORK)


def names_missing_package(text: str, tree: Iterable[str]) -> bool:
    """Whether a text says that a module is missing that the tree does not define."""
    reason = _find_outside_cause(text, modules_of(tree))
    return reason is not None and reason.kind == "missing_module"


def is_missing_module_of(reason: CannotRun | None, tree: Iterable[str]) -> bool:
    """Whether the reason is a missing module that these files define."""
    if reason is None or reason.kind != "missing_module":
        return False
    return is_of_tree(reason.subject, modules_of(tree))


def module_not_found(message: str) -> str:
    """Returns the one top-level module that a test could not import by its name, or ""."""
    found = {*_PY_MODULE.findall(message), *_JS_MODULE.findall(message)}
    return next(iter(found)) if len(found) == 1 and _TOP_LEVEL.fullmatch(min(found)) else ""


def modules_of(tree: Iterable[str]) -> frozenset[str]:
    # Only a folder with source code counts: `docs/yaml/` does not define the module `yaml`.
    return frozenset(
        part.partition(".")[0]
        for path in tree
        if path.endswith(_SOURCES)
        for part in path.split("/")
    )


def is_of_tree(module: str, own: Collection[str]) -> bool:
    """Whether a tree defines the module; `own` are the names of its modules."""
    # An import by path never means an installed package.
    if module.startswith((".", "/", "file:")):
        return True
    return (module.rpartition("/")[2] if module[0] == "@" else re.split(r"[./]", module)[0]) in own


def _collected_nothing(ended: Ended, output: str, *, reported: bool) -> bool:
    pytest_runs = count_summaries(output)["pytest"]
    # pytest exits with 5 when it collects no tests. With two summaries the report holds only the
    # last run, so an empty report proves nothing.
    if reported and ended.exit_code in (0, 5) and pytest_runs <= 1:
        return True
    # Other runners count no test either where none of their files can be loaded, and then fail.
    if found_nothing(output) and (ended.exit_code == 0 or set(find_summaries(output)) == {"node"}):
        return True
    return ended.exit_code != 0 and not _PASSED.search(output) and bool(_NOTHING.search(output))


def _in_output(ended: Ended, output: str, tree: Iterable[str]) -> CannotRun | None:
    tail = "\n".join(output.splitlines()[-TAIL_LINES:])
    missing = _missing_command(ended, tail)
    if missing is not None:
        return missing
    return None if _PASSED.search(output) else _find_outside_cause(tail, modules_of(tree))


def _missing_command(ended: Ended, tail: str) -> CannotRun | None:
    match = _COMMAND.search(tail)
    name = (match[1] or match[2]) if match else ""
    named = f": {name}" if name else ""
    # A shell exits with 126 for a file that it may not execute, and with 127 for a missing one.
    if ended.exit_code == 126:
        text = f"a command is not executable{named}"
        return CannotRun(kind="not_executable", subject=name, text=text)
    if ended.exit_code == 127 or (match and _MAKE_MISSED.search(tail)):
        text = f"a command is missing{named}"
        return CannotRun(kind="missing_command", subject=name, text=text)
    return None


def _pytest_usage(output: str, tree: Iterable[str]) -> CannotRun | None:
    if _CONFTEST in output:
        return _find_outside_cause(output, modules_of(tree))
    lines = [line for line in output.splitlines() if line.startswith("ERROR")]
    text = f"pytest rejected its arguments: {' '.join(lines)[:MAX_REASON_CHARACTERS]}"
    return CannotRun(kind="unusable_arguments", subject="pytest", text=text.rstrip(": "))
