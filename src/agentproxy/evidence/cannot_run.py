"""Why a check could not do its work at all, as told from a check that did it and failed."""

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from agentproxy.events.check import TestResult
from agentproxy.evidence.summaries import count_summaries, found_nothing
from agentproxy.workspace.sandbox.port import Ended

TAIL_LINES = 60
MAX_REASON_CHARACTERS = 300
NO_MODULE = "no module named "
NO_COMMAND = "a command is missing"

_COLOURS = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
_PY_MODULE = re.compile(r"No module named '?([\w.]+)'?")
_JS_MODULE = re.compile(r"Cannot find (?:module|package) '([^'\n]{1,200})'")
_COMMAND = re.compile(
    r"(?:^|: )(?:line )?(?:\d+: )?([\w./@+-]{1,100}): (?:command )?not found$"
    r"|^make(?:\[\d+\])?: ([\w./@+-]{1,100}): No such file or directory$",
    re.MULTILINE,
)
_MAKE_MISSED = re.compile(r"^make(?:\[\d+\])?: \*\*\* .*Error 12[67]$", re.MULTILINE)
_OUTSIDE: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"Connection ?refused|ECONNREFUSED", re.IGNORECASE), "a connection was refused"),
    (
        re.compile(
            r"(?:Temporary failure in name|Name or service not|nodename nor servname).{0,60}"
            r"|ENOTFOUND|EAI_AGAIN|Could not resolve host|no such host|NameResolutionError"
        ),
        "a name did not resolve",
    ),
    (
        re.compile(r"Network is unreachable|ENETUNREACH", re.IGNORECASE),
        "the network is not reachable",
    ),
    (re.compile(r"Read-only file system|EROFS", re.IGNORECASE), "a path is read-only"),
    (
        re.compile(
            r"Cannot connect to the Docker daemon|docker\.sock|DockerException"
            r"|(?:docker|podman)\S* daemon (?:is )?not running",
            re.IGNORECASE,
        ),
        "the docker daemon is not there",
    ),
)
_LONELY = (
    "a connection was refused",
    "a name did not resolve",
    "the network is not reachable",
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


_CURES = (
    (NO_MODULE, "install it into the environment of the project (.venv, node_modules, or active)"),
    (NO_COMMAND, "install it, or put it on PATH"),
    (
        "a connection was refused",
        'where it needs a server: start it, give the check network = "host" in agentproxy.toml, '
        "and pa trust",
    ),
    (
        "a name did not resolve",
        'where it needs the network: give the check network = "host" in agentproxy.toml, and '
        "pa trust",
    ),
    (
        "the network is not",
        'where it needs the network: give the check network = "host" in agentproxy.toml, and '
        "pa trust",
    ),
    ("a path is read-only", "let it write below the project, HOME or /tmp only"),
    ("the docker daemon", "no check can reach docker: name one that does without it"),
    ("the time limit", "give the check a longer timeout in agentproxy.toml"),
    ("no tests were found", "name a check that runs tests"),
    ("prepare failed", "run that command in a fresh clone, and fix it"),
    ("pytest could not use", "install the plugin that knows them, or fix them"),
)


@dataclass(frozen=True, slots=True)
class Obstacle:
    """What stood in the way."""

    reason: str


def cure_for(reason: str) -> str:
    """What a person can do about an obstacle, or nothing where nobody knows."""
    return next((cure for beginning, cure in _CURES if reason.startswith(beginning)), "")


def plain(text: str) -> str:
    """The text without colours."""
    return _COLOURS.sub("", text)


def find_obstacle(
    ended: Ended,
    tests: Sequence[TestResult],
    *,
    command: str,
    tree: Iterable[str],
    reported: bool,
) -> Obstacle | None:
    """What kept the check from its work, or None where it did it, well or badly.

    A test that fails for want of a server has failed where other tests passed; only where every
    failure is of that kind and nothing passed could the check not run.
    """
    cut = _cut_short(ended)
    if cut is not None:
        return cut
    output = plain(ended.output)
    if tests:
        return _in_tests(tests, output, tree)
    if ended.exit_code == 4 and re.search(r"pytest|py\.test", f"{command}\n{output}"):
        return _pytest_usage(output, tree)
    if _collected_nothing(ended, output, reported=reported):
        return Obstacle("no tests were found to run")
    if ended.exit_code == 0:
        return None
    return _in_output(ended, output, tree)


def _cut_short(ended: Ended) -> Obstacle | None:
    if ended.ending == "timed_out" or ended.killed == "time":
        return Obstacle(f"the time limit: it was still running after {ended.seconds:.0f} s")
    if ended.ending == "not_started":
        return Obstacle(f"it could not be started: {ended.output.strip()[-MAX_REASON_CHARACTERS:]}")
    if ended.killed == "output":
        return Obstacle(f"it printed without end ({ended.output_bytes} bytes) and was stopped")
    if ended.killed == "cancelled" or ended.exit_code is None:
        return Obstacle("it was stopped before its end")
    return None


def _in_tests(tests: Sequence[TestResult], output: str, tree: Iterable[str]) -> Obstacle | None:
    failed = [test for test in tests if test.outcome == "failed"]
    if not failed or any(test.outcome == "passed" for test in tests):
        return None
    own = modules_of(tree)
    # Each text once: all tests that fail without a word have the same long output to search.
    said = dict.fromkeys(output if test.message in _MUTE else test.message for test in failed)
    reasons: list[Obstacle] = []
    for text in said:
        if (reason := _outside(text, own)) is None:
            return None
        reasons.append(reason)
    return reasons[0]


def _outside(text: str, own: Collection[str]) -> Obstacle | None:
    """What of the world outside the tree a text misses, or None where it misses nothing of it."""
    modules = [*_PY_MODULE.findall(text), *_JS_MODULE.findall(text)]
    strange = [module for module in modules if not is_of_tree(module, own)]
    if modules:
        # One module of the tree that is missing is a real failure, whatever else is missing.
        whole = len(strange) == len(modules)
        return Obstacle(NO_MODULE + strange[0]) if whole else None
    return next((Obstacle(words) for pattern, words in _OUTSIDE if pattern.search(text)), None)


def reaches_nobody(text: str) -> bool:
    """Whether a text says that a host cannot be reached."""
    return any(pattern.search(text) for pattern, words in _OUTSIDE if words in _LONELY)


def misses_module(text: str, tree: Iterable[str]) -> bool:
    """Whether a text says that a module is missing which is none of the tree's own."""
    obstacle = _outside(text, modules_of(tree))
    return obstacle is not None and obstacle.reason.startswith(NO_MODULE)


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


def _in_output(ended: Ended, output: str, tree: Iterable[str]) -> Obstacle | None:
    tail = "\n".join(output.splitlines()[-TAIL_LINES:])
    missing = _missing_command(ended, tail)
    if missing is not None:
        return missing
    return None if _PASSED.search(output) else _outside(tail, modules_of(tree))


def _missing_command(ended: Ended, tail: str) -> Obstacle | None:
    match = _COMMAND.search(tail)
    name = (match[1] or match[2]) if match else ""
    if ended.exit_code == 126:
        return Obstacle(f"a command may not be executed{f': {name}' if name else ''}")
    if ended.exit_code == 127 or (match and _MAKE_MISSED.search(tail)):
        return Obstacle(f"{NO_COMMAND}{f': {name}' if name else ''}")
    return None


def _pytest_usage(output: str, tree: Iterable[str]) -> Obstacle | None:
    if _CONFTEST in output:
        return _outside(output, modules_of(tree))
    lines = [line for line in output.splitlines() if line.startswith("ERROR")]
    return Obstacle(
        f"pytest could not use its arguments: {' '.join(lines)[:MAX_REASON_CHARACTERS]}".rstrip(
            ": "
        )
    )
