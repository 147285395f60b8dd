"""What is told of a program that ended: its last line, and no part of a secret."""

import pytest

from agentproxy.journal.redact import MARK, Redactor
from agentproxy.tools.mcp.last_words import KEPT_BYTES, SHOWN, LastWords

SHORT = "Zk9" + "qW7rT2yU4i" * 6
LONG = "".join(f"Qx{number:04}" for number in range(160))
TOLD = "; its last words: "


def told(*printed: str, secret: str = SHORT) -> str:
    words = LastWords()
    for each in printed:
        words.add(each.encode())
    return words.told(Redactor([secret]))


def parts_of(secret: str, text: str) -> set[str]:
    parts = {secret[at : at + 6] for at in range(len(secret) - 5)}
    return {part for part in parts if part in text}


@pytest.mark.parametrize("behind", range(SHOWN + len(SHORT)))
def test_a_secret_at_the_beginning_of_what_is_shown_leaves_no_part(behind: int) -> None:
    said = told(f"cannot connect: key={SHORT} ", "." * behind, "\n")
    assert not parts_of(SHORT, said)
    assert said.endswith('."' if behind else f'{MARK}"')


@pytest.mark.parametrize("left", range(48))
def test_a_secret_at_the_beginning_of_what_is_kept_leaves_no_part(left: int) -> None:
    # Each of them becomes a short mark, so all that is kept fits into what is shown.
    rest = (" " + LONG) * 17
    between = "." * (KEPT_BYTES - len(rest) - left)
    assert not parts_of(LONG, told("begun\n", LONG, between, rest, secret=LONG))


def test_a_secret_of_several_lines_leaves_no_line() -> None:
    secret = "\n".join(f"line-{number}-of-the-key" for number in range(40))
    assert told(f"key: {secret}\n", secret=secret) == f'{TOLD}"key: {MARK}"'


def test_a_line_of_json_leaves_no_secret_that_stands_in_it_as_it_is() -> None:
    secret = 'one "two" three-4'
    assert told(f'{{"key": {secret}', secret=secret) == f'{TOLD}"{{\\"key\\": {MARK}"'


def test_the_last_line_is_told_also_behind_more_than_is_kept() -> None:
    assert told("x" * 3 * KEPT_BYTES, "\n", "no module named notes\n\n") == (
        f'{TOLD}"no module named notes"'
    )
    assert told("x" * 3 * KEPT_BYTES) == ""
    assert told("", "\n \n") == ""
