"""A text that comes in pieces is shown without its secrets, and hardly later than it came."""

import tracemalloc
from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentproxy.journal.redact import MARK, Redactor
from agentproxy.journal.redact_fragments import FragmentRedactor

KNOWN = "Tr0ub4dor and 3"
NUMBER = "8150729364"
LOOKS = "ghp_" + "a1B2" * 9


BODY = "".join(f"MIIEow{line:02}Ab+/{'xY' * 26}\n" for line in range(9))
KEYS = [
    f"-----BEGIN {kind}PRIVATE KEY-----\n{BODY}-----END {kind}PRIVATE KEY-----"
    for kind in ("", "RSA ")
]


def shown(pieces: Iterable[str]) -> str:
    redact = FragmentRedactor(Redactor([KNOWN, NUMBER]))
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
    redact = FragmentRedactor(Redactor([KNOWN]))
    assert [redact(piece) for piece in ("...", "F", ".s ", "Tr0", "ub", "le ", "sk-a")] == [
        "...",
        "F",
        ".s ",
        "Tr0",
        "",
        "uble ",
        "",
    ]
    assert redact.pause() == ""
    assert redact(" Tr0ub4dor") == "sk-a "
    assert (redact.pause(), redact.end(), redact.end()) == ("", MARK, "")


@pytest.mark.parametrize("size", [1, 2, 3, 5, 7, 16, 64, 500])
@pytest.mark.parametrize("key", [*KEYS, KEYS[1].replace("\n", "\\n")])
def test_no_line_of_a_private_key_is_shown(key: str, size: int) -> None:
    text = f"Here is\n{key}\nand the rest."
    found = shown(text[at : at + size] for at in range(0, len(text), size))
    assert "MIIE" not in found
    assert "xY" not in found
    assert found.startswith("Here is")
    assert found.endswith("and the rest.")
    cut = shown(text[at : at + size] for at in range(0, len(text) // 2, size))
    assert "MIIE" not in cut
    assert cut.endswith(MARK)


def test_a_private_key_waits_for_its_end_although_something_is_recorded() -> None:
    redact = FragmentRedactor(Redactor())
    half = len(KEYS[0]) // 2
    pieces = [redact(KEYS[0][:half]), redact.pause(), redact(KEYS[0][half:] + "\nend")]
    assert pieces == ["", "", f"{MARK}\nend"]


@pytest.mark.parametrize(
    ("before", "secret", "after"),
    [
        ("https://user:", "pa55word", "@host/x "),
        ("", LOOKS, " "),
        ("", "sk-ant-" + "a1B2" * 6, "\n"),
        ("", "AKIA" + "ABCDEFGH" * 2, " "),
        ("password = ", "hunter2secure", "\n"),
        ('"token": "', "abc4defghi", '"\n'),
    ],
)
def test_no_part_of_a_secret_is_shown_when_something_is_recorded_in_its_middle(
    before: str, secret: str, after: str
) -> None:
    text = f"See {before}{secret}{after}"
    for at in range(len(text)):
        redact = FragmentRedactor(Redactor())
        pieces = [redact(text[:at]), redact.pause(), redact(text[at:]), redact.end()]
        told = "".join(pieces).removeprefix(f"See {before}").removesuffix(f"{MARK}{after}")
        assert secret.startswith(told)
        assert len(told) < 4


@pytest.mark.parametrize("word", ["right", "high.", "(through)", "tokens"])
def test_a_plain_word_is_shown_when_something_is_recorded(word: str) -> None:
    redact = FragmentRedactor(Redactor())
    assert redact(f"It is {word}") + redact.pause() == f"It is {word}"


def test_text_about_private_keys_comes_through() -> None:
    text = "-----BEGIN RSA PRIVATE KEY----- is in no_file\n" + "a line_of text\n" * 9
    found = shown(text)
    assert found.endswith(" is in no_file\n" + "a line_of text\n" * 9)


@pytest.mark.parametrize("size", [1, 2, 3, 5, 8])
@pytest.mark.parametrize(
    ("before", "secret"),
    [
        ("Bearer ", "abcdefgh1jklmnopq"),
        ("password = ", "hunter2secure"),
        ('password: "', "hunter2secure"),
        ("password =", "hunter2secure"),
        ("API_KEY := ", "abc4defghi"),
        ("Authorization: Basic ", "dXNlcjpwYXNzd29yZA=="),
    ],
)
def test_no_part_of_a_value_after_its_name_is_shown(before: str, secret: str, size: int) -> None:
    text = f"It has {before}{secret}\nand more."
    found = shown(text[at : at + size] for at in range(0, len(text), size))
    assert found == f"It has {before}{MARK}\nand more."


def test_progress_beside_the_name_of_a_file_comes_at_once() -> None:
    redact = FragmentRedactor(Redactor())
    pieces = ["tests/test_tokens.py ", ".", ".", "F"]
    assert [redact(piece) for piece in pieces] == pieces


class FullSearch(FragmentRedactor):
    """Searches everything that is remembered at each piece."""

    def __call__(self, piece: str) -> str:
        self._suspected = 1 << 60
        return super().__call__(piece)


@given(
    st.lists(
        st.sampled_from(
            [KNOWN, KNOWN[:6], KNOWN[6:], NUMBER, LOOKS, LOOKS[:9], LOOKS[9:], "password = ",
             "hunter2!", "token: ", "a1B2c3!", " ", "\n", "word ", "x" * 700, KEYS[0][:60],
             KEYS[0][60:], "key", "api_", "İ", "ẞ", "-----BEG", "IN PRIVATE KEY-----"]
        ),
        max_size=25,
    ),
    st.lists(st.integers(min_value=1, max_value=900), min_size=1, max_size=30),
    st.sets(st.integers(min_value=0, max_value=30)),
)  # fmt: skip
def test_looking_at_the_newest_words_only_finds_what_looking_at_all_finds(
    words: list[str], sizes: list[int], pauses: set[int]
) -> None:
    text = "".join(words)
    redactor = Redactor([KNOWN, NUMBER])
    quick, full = FragmentRedactor(redactor), FullSearch(redactor)
    at = 0
    for turn, size in enumerate(sizes * 20):
        piece = text[at : at + size]
        if not piece:
            break
        assert quick(piece) == full(piece)
        if turn in pauses:
            assert quick.pause() == full.pause()
        at += size
    assert quick.end() == full.end()


def test_little_is_kept_of_a_plain_text_and_enough_of_one_with_a_hint() -> None:
    redactor = Redactor([KNOWN])
    words = [f"{number} words " for number in range(600)]
    tracemalloc.start()
    try:
        streams = [FragmentRedactor(redactor) for _ in range(20)]
        for stream in streams:
            assert "".join(map(stream, words)) == "".join(words)
        kept, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert kept < 20 * 2000
    # A secret that begins far back is still known at its end.
    private = f"-----BEGIN PRIVATE KEY-----\n{BODY * 3}"
    assert MARK in "".join(
        (*map(streams[0], [private[:40], private[40:], "-----"]), streams[0].end())
    )
