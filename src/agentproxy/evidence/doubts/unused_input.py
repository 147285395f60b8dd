"""Functions that never look at what they are given: their answer depends on nothing. Pure."""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import NamedTuple

# Who calls the function decides what it is given; many do not need it.
_GIVEN_BY_CALLER = frozenset(
    {
        *("request", "req", "response", "res", "next", "event", "evt", "e", "ev", "context", "ctx"),
        *("environ", "start_response", "done", "info", "root", "parent", "sender", "signum"),
        *("frame", "props", "children", "args", "argv", "options", "kwargs", "_"),
    }
)
# A task that wants a function to do little.
_WANTS_LITTLE = re.compile(
    r"\bno-?op\b|\bnothing\b|\balways\b|\bconstant\b|\bstub|\bplaceholder|\bdummy\b|\bfake\b"
    r"|\bnull\b|\bdeprecat|\bfor now\b|\bunused\b|\bhook|\bcallback|\bskeleton\b|\bempty body"
    r"|\bignor\w+ (?:its|the|any|all) (?:arguments?|parameters?|inputs?)",
    re.IGNORECASE,
)


class GivenFunction(NamedTuple):
    """A function that has parameters, and whether its body mentions any of them."""

    name: str  # with its class
    line: int
    parameters: tuple[str, ...]
    uses_any: bool


def find_unused_input(
    before: Iterable[GivenFunction], after: Mapping[str, Iterable[GivenFunction]]
) -> Iterator[tuple[str, GivenFunction]]:
    """The functions that look at nothing, each with its path; without those that did so at the
    base, wherever they were. `before` are the functions of all changed files.
    """
    old = {each.name for each in before if not each.uses_any}
    for path, functions in after.items():
        for each in functions:
            chosen = not _GIVEN_BY_CALLER.issuperset(each.parameters)
            if chosen and not each.uses_any and each.name not in old:
                yield path, each


def wants_little(task: str) -> bool:
    """Whether a task lets a function do nothing with what it is given."""
    return _WANTS_LITTLE.search(task) is not None


def uses_one_of(parameters: Collection[str], mentioned: Collection[str]) -> bool:
    """Whether a body that mentions these names can look at one of the parameters."""
    return not {*parameters, "arguments", "locals", "vars", "eval", "exec"}.isdisjoint(mentioned)
