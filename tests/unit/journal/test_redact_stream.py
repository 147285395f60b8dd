"""A text that comes in pieces is shown without its secrets, and hardly later than it came."""

from collections.abc import Iterable

import pytest

from agentproxy.journal.redact import MARK, Redactor
from agentproxy.journal.redact_stream import StreamRedactor

KNOWN = "Tr0ub4dor and 3"
NUMBER = "8150729364"
LOOKS = "ghp_" + "a1B2" * 9


def shown(pieces: Iterable[str]) -> str:
    redact = StreamRedactor(Redactor([KNOWN, NUMBER]))
    return "".join([*(redact(piece) for piece in pieces), redact.end()])


@pytest.mark.parametrize("size", range(1, 24))
@pytest.mark.parametrize("secret", [KNOWN, NUMBER, LOOKS, KNOWN.encode().hex()])
def test_pieces_of_any_size_add_up_to_no_more_than_a_telling_beginning(
    secret: str, size: int
) -> None:
    text = f"It says {secret} and then ({secret})."
    found = shown(text[at : at + size] for at in range(0, len(text), size))
    assert secret[3:] not in found
    assert MARK in found
    assert found.startswith("It says ")
    assert found.endswith(").")


@pytest.mark.parametrize("text", ["....F..s [ 50%]\n", "The tokens of Tr0y are right, all keys."])
def test_an_honest_text_comes_through_as_it_is(text: str) -> None:
    for size in range(1, len(text)):
        assert shown(text[at : at + size] for at in range(0, len(text), size)) == text


def test_only_what_may_be_a_secret_is_held_back() -> None:
    redact = StreamRedactor(Redactor([KNOWN]))
    assert [redact(piece) for piece in ("...", "F", ".s ", "Tr0", "ub", "le ", "sk-a")] == [
        "...",
        "F",
        ".s ",
        "Tr0",
        "",
        "uble ",
        "",
    ]
    assert redact.pause() == "sk-a"
    assert redact("Tr0ub4dor") == ""
    assert (redact.pause(), redact.end(), redact.end()) == ("", MARK, "")
