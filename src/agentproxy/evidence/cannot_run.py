"""Why a check could not do its work at all, as told from a check that did it and failed."""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence

from agentproxy.events.check import CannotRun, CannotRunKind, TestResult
from agentproxy.evidence.summaries import count_summaries, found_nothing
from agentproxy.workspace.sandbox.port import Ended

TAIL_LINES = 60
MAX_REASON_CHARACTERS = 300

_COLOURS = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
_PY_MODULE = re.compile(r"No module named '?([\w.]+)'?")
_JS_MODULE = re.compile(r"Cannot find (?:module|package) '([^'\n]{1,200})'")
_COMMAND = re.compile(
    r"(?:^|: )(?:line )?(?:\d+: )?([\w./@+-]{1,100}): (?:command )?not found$"
    r"|^make(?:\[\d+\])?: ([\w./@+-]{1,100}): No such file or directory$",
    re.MULTILINE,
)
_MAKE_MISSED = re.compile(r"^make(?:\[\d+\])?: \*\*\* .*Error 12[67]$", re.MULTILINE)
_OUTSIDE: tuple[tuple[re.Pattern[str], CannotRunKind, str], ...] = (
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
        "a name did not resolve",
    ),
    (
        re.compile(r"Network is unreachable|ENETUNREACH", re.IGNORECASE),
        "network_unreachable",
        "the network is not reachable",
    ),
    (
        re.compile(r"Read-only file system|EROFS", re.IGNORECASE),
        "read_only_path",
        "a path is read-only",
    ),
    (
        re.compile(
            r"Cannot connect to the Docker daemon|docker\.sock|DockerException"
            r"|(?:docker|podman)\S* daemon (?:is )?not running",
            re.IGNORECASE,
        ),
        "no_docker",
        "the docker daemon is not there",
    ),
)
_NO_NETWORK: frozenset[CannotRunKind] = frozenset(
    {"refused_connection", "name_does_not_resolve", "network_unreachable"}
)
_NOTHING = re.compile(
    r"^(?:No tests found, exiting with code 1|No test files found, exiting with code 1"
    r"|NO TESTS RAN|Ran 0 tests in .*|.*no tests ran in [\d.]+s.*)",
    re.MULTILINE,
)
_PASSED = re.compile(
    r"\b[1-9]\d* (?:tests? )?(?:passed|passing)\b|^\W pass [1-9]"
    r"|^ok \d|^ok\s+\S+\s+[\d.]+s|\u2713|\u2714",
    re.MULTILINE,
)
_SOURCES = (".py", ".pyi", ".pyx", ".so", ".js", ".mjs", ".cjs", ".ts", ".tsx", ".jsx")
# What node's runner reports of a file that could not be loaded; the reason is in its output.
_MUTE = ("", "test failed")
# pytest prints this with exit 4 as well, though nothing is wrong with its arguments.
_CONFTEST = "ImportError while loading conftest"


_NEEDS_NETWORK = (
    'where it needs the network: give the check network = "host" in agentproxy.toml, and pa trust'
)
_CURES: Mapping[CannotRunKind, str] = {
    "missing_module": (
        "install it into the environment of the project (.venv, node_modules, or active)"
    ),
    "missing_command": "install it, or put it on PATH",
    "not_executable": "make it executable, or name the program that runs it",
    "syntax_error": "correct the command; sh -n -c COMMAND says whether the shell can read it",
    "unusable_arguments": "install the plugin that knows them, or fix them",
    "refused_connection": (
        'where it needs a server: start it, give the check network = "host" in agentproxy.toml, '
        "and pa trust"
    ),
    "name_does_not_resolve": _NEEDS_NETWORK,
    "network_unreachable": _NEEDS_NETWORK,
    "read_only_path": "let it write below the project, HOME or /tmp only",
    "no_docker": "no check can reach docker: name one that does without it",
    "nothing_collected": "name a check that runs tests",
    "timed_out": "give the check a longer timeout in agentproxy.toml",
    "not_isolated": "leave --sandbox plain out, or use an environment without it",
    "prepare_failed": "run that command in a fresh clone, and fix it",
}


def cure_for(kind: CannotRunKind) -> str:
    """What a person can do about it, or "" where nothing is known to help."""
    return _CURES.get(kind, "")


def strip_colours(text: str) -> str:
    """The text without the terminal's colours."""
    return _COLOURS.sub("", text)


def find_cannot_run(
    ended: Ended,
    tests: Sequence[TestResult],
    *,
    command: str,
    tree: Iterable[str],
    reported: bool,
) -> CannotRun | None:
    """What kept the check from its work, or None where it did it, well or badly.

    A test that fails for want of a server has failed where other tests passed; only where every
    failure is of that kind and nothing passed could the check not run.
    """
    cut = _cut_short(ended)
    if cut is not None:
        return cut
    output = strip_colours(ended.output)
    if tests:
        return _in_tests(tests, output, tree)
    if ended.exit_code == 4 and re.search(r"pytest|py\.test", f"{command}\n{output}"):
        return _pytest_usage(output, tree)
    if _collected_nothing(ended, output, reported=reported):
        return CannotRun(kind="nothing_collected", text="no tests were found to run")
    if ended.exit_code == 0:
        return None
    return _in_output(ended, output, tree)


def _cut_short(ended: Ended) -> CannotRun | None:
    if ended.ending == "timed_out" or ended.killed == "time":
        text = f"the time limit: it was still running after {ended.seconds:.0f} s"
        return CannotRun(kind="timed_out", text=text)
    if ended.ending == "not_started":
        why = ended.output.strip()[-MAX_REASON_CHARACTERS:]
        return CannotRun(kind="not_started", text=f"it could not be started: {why}")
    if ended.killed == "output":
        text = f"it printed without end ({ended.output_bytes} bytes) and was stopped"
        return CannotRun(kind="too_much_output", text=text)
    if ended.killed == "cancelled" or ended.exit_code is None:
        return CannotRun(kind="stopped", text="it was stopped before its end")
    return None


def _in_tests(tests: Sequence[TestResult], output: str, tree: Iterable[str]) -> CannotRun | None:
    failed = [test for test in tests if test.outcome == "failed"]
    if not failed or any(test.outcome == "passed" for test in tests):
        return None
    own = modules_of(tree)
    # Each text once: all tests that fail without a message have the same long output to search.
    texts = dict.fromkeys(output if test.message in _MUTE else test.message for test in failed)
    reasons: list[CannotRun] = []
    for text in texts:
        if (reason := _outside(text, own)) is None:
            return None
        reasons.append(reason)
    return reasons[0]


def _outside(text: str, own: Collection[str]) -> CannotRun | None:
    """What a text says is missing outside the tree, or None where it says nothing of the kind."""
    modules = [*_PY_MODULE.findall(text), *_JS_MODULE.findall(text)]
    foreign = [module for module in modules if not is_of_tree(module, own)]
    if modules:
        # One module of the tree that is missing is a real failure, whatever else is missing.
        return _missing_module(foreign[0]) if len(foreign) == len(modules) else None
    return next(
        (
            CannotRun(kind=kind, text=words)
            for pattern, kind, words in _OUTSIDE
            if pattern.search(text)
        ),
        None,
    )


def _missing_module(module: str) -> CannotRun:
    return CannotRun(kind="missing_module", subject=module, text=f"no module named {module}")


def invalid_syntax(output: str) -> CannotRun:
    """The reason where the shell cannot read the command; `output` is what it says about it."""
    message = " ".join(strip_colours(output).split())[:MAX_REASON_CHARACTERS]
    return CannotRun(kind="syntax_error", text=f"the shell cannot read the command: {message}")


def failed_preparation(command: str) -> CannotRun:
    """The reason where the command that prepares a tree failed."""
    return CannotRun(kind="prepare_failed", subject=command, text=f"prepare failed: {command}")


def names_unreachable_host(text: str) -> bool:
    """Whether a text says that a host cannot be reached."""
    return any(pattern.search(text) for pattern, kind, _ in _OUTSIDE if kind in _NO_NETWORK)


def names_missing_package(text: str, tree: Iterable[str]) -> bool:
    """Whether a text says that a module is missing which is none of the tree's own."""
    reason = _outside(text, modules_of(tree))
    return reason is not None and reason.kind == "missing_module"


def was_brought_by(reason: CannotRun | None, tree: Iterable[str]) -> bool:
    """Whether what kept a check from its work is a missing module that these files define."""
    if reason is None or reason.kind != "missing_module":
        return False
    return is_of_tree(reason.subject, modules_of(tree))


def modules_of(tree: Iterable[str]) -> frozenset[str]:
    """The names of all modules and packages that the files of a tree define, wherever in it."""
    # A folder counts where it holds source: `docs/yaml/` is not the module.
    return frozenset(
        part.partition(".")[0]
        for path in tree
        if path.endswith(_SOURCES)
        for part in path.split("/")
    )


def is_of_tree(module: str, own: Collection[str]) -> bool:
    """Whether a module is one of a tree's own; one that is imported by its path always is."""
    if module.startswith((".", "/", "file:")):
        return True
    return (module.rpartition("/")[2] if module[0] == "@" else re.split(r"[./]", module)[0]) in own


def _collected_nothing(ended: Ended, output: str, *, reported: bool) -> bool:
    pytest_runs = count_summaries(output)["pytest"]
    if reported and ended.exit_code in (0, 5) and pytest_runs <= 1:
        return True
    if found_nothing(output):
        return True
    return ended.exit_code != 0 and not _PASSED.search(output) and bool(_NOTHING.search(output))


def _in_output(ended: Ended, output: str, tree: Iterable[str]) -> CannotRun | None:
    tail = "\n".join(output.splitlines()[-TAIL_LINES:])
    missing = _missing_command(ended, tail)
    if missing is not None:
        return missing
    return None if _PASSED.search(output) else _outside(tail, modules_of(tree))


def _missing_command(ended: Ended, tail: str) -> CannotRun | None:
    match = _COMMAND.search(tail)
    name = (match[1] or match[2]) if match else ""
    named = f": {name}" if name else ""
    if ended.exit_code == 126:
        text = f"a command may not be executed{named}"
        return CannotRun(kind="not_executable", subject=name, text=text)
    if ended.exit_code == 127 or (match and _MAKE_MISSED.search(tail)):
        text = f"a command is missing{named}"
        return CannotRun(kind="missing_command", subject=name, text=text)
    return None


def _pytest_usage(output: str, tree: Iterable[str]) -> CannotRun | None:
    if _CONFTEST in output:
        return _outside(output, modules_of(tree))
    lines = [line for line in output.splitlines() if line.startswith("ERROR")]
    text = f"pytest could not use its arguments: {' '.join(lines)[:MAX_REASON_CHARACTERS]}"
    return CannotRun(kind="unusable_arguments", subject="pytest", text=text.rstrip(": "))
