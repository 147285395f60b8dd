"""Whether code holds the answers of its tests instead of what computes them. Pure."""

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import NamedTuple

FEWEST_PAIRS = 2
MOST_PAIRS = 6  # with more, a table is what it seems
_WORDS = re.compile(r"[^\W\d]*(?:[-_ /.:+][^\W\d]+)*")
_FEWEST_DIGITS_ALONE = 4  # of a number that no code knows by chance
_FEWEST_DIGITS = 2

Literal = str  # as it is written, without quotes
Pair = tuple[Literal, Literal]


class AnswerTable(NamedTuple):
    """Literals that a piece of code maps to others: a dict, or comparisons in one function."""

    line: int
    pairs: Sequence[Pair]


# The literals of one assertion, or of one row of parameters.
Unit = frozenset[Literal]


class Answers(NamedTuple):
    """A table whose answers are those of the tests."""

    line: int
    key: Literal
    value: Literal


def find_answers(
    before: Sequence[AnswerTable], after: Iterable[AnswerTable], units: Collection[Unit]
) -> Iterator[Answers]:
    """The tables of a file that are new, and of which the tests have every pair whose key says
    something by itself. Keys that are words are the names of a closed set.
    """
    old = {pair for table in before for pair in table.pairs}
    for table in after:
        if not old.isdisjoint(table.pairs):
            continue
        telling = [pair for pair in table.pairs if _tells(pair[0], _FEWEST_DIGITS)]
        enough = FEWEST_PAIRS <= len(telling) <= MOST_PAIRS or (
            len(telling) == 1 and _tells(telling[0][0], _FEWEST_DIGITS_ALONE)
        )
        if enough and all(_is_tested(pair, units) for pair in telling):
            yield Answers(table.line, *telling[0])


def _tells(key: Literal, digits: int) -> bool:
    if _WORDS.fullmatch(key):
        return False
    number = re.fullmatch(r"-?\d+(?:\.\d+)?", key)
    return sum(mark.isdigit() for mark in key) >= digits if number else len(key) >= digits


def _is_tested(pair: Pair, units: Collection[Unit]) -> bool:
    key, value = pair
    return any(key in unit and value in unit for unit in units)
