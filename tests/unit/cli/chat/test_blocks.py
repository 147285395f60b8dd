"""Where the Markdown of an answer may be drawn, as it comes."""

import pytest

from agentproxy.cli.chat.markdown.blocks import MOST, MarkdownBlocks
from agentproxy.cli.chat.markdown.drawn import draw_markdown

CODE = "```python\nx = 1\n\ny = 2\n```"
TEXTS = {
    "one two": ["one two"],
    "one\ntwo\n\nthree": ["one\ntwo", "three"],
    "one\n\n\n\ntwo\n": ["one", "two"],
    "- a\n- b\n\n  of b\n\n- c\n\nno item": ["- a\n- b\n\n  of b\n\n- c", "no item"],
    "1. a\n\n   ```\n   x\n\n   y\n   ```\n\n2. b": [
        "1. a\n\n   ```\n   x\n\n   y\n   ```\n\n2. b"
    ],
    f"so:\n\n{CODE}\nand": ["so:", CODE, "and"],
    "````\n```\n\n````\nand": ["````\n```\n\n````", "and"],
    "~~~\n```\n\nnot closed": ["~~~\n```\n\nnot closed"],
    "| a |\n|---|\n| 1 |\n\n": ["| a |\n|---|\n| 1 |"],
    "\n\n \n": [],
}


@pytest.mark.parametrize("step", [1, 3, 1000])
@pytest.mark.parametrize("text", TEXTS)
def test_a_block_is_whole_when_nothing_can_change_it_however_it_comes(text: str, step: int) -> None:
    blocks, found = MarkdownBlocks(), list[str]()
    for place in range(0, len(text), step):
        found += blocks.feed(text[place : place + step])
    assert [*found, *blocks.end()] == TEXTS[text]
    assert blocks.growing == ""


def test_what_grows_is_all_that_is_not_drawn_yet() -> None:
    blocks = MarkdownBlocks()
    assert blocks.feed("one\n\ntw") == []  # "  tw" could still belong to a list
    assert blocks.feed("o\nth") == ["one"]
    assert blocks.growing == "two\nth"


def test_a_block_that_does_not_end_is_drawn_in_parts() -> None:
    blocks = MarkdownBlocks()
    parts = [*blocks.feed("```sh\n" + "echo\n" * MOST), *blocks.end()]
    assert len(parts) > 1
    assert all(part.startswith("```sh\necho") for part in parts)
    assert sum(part.count("echo") for part in parts) == MOST
    long = MarkdownBlocks()
    assert sum(map(len, [*long.feed("x" * 3 * MOST), *long.end()])) == 3 * MOST


def drawn(text: str, width: int = 40) -> str:
    return "".join(part[1] for part in draw_markdown(text, width=width))


def test_a_block_is_drawn_in_lines_without_its_signs() -> None:
    assert drawn("## A *title*") == "A title\n"
    assert drawn("Some **bold**\n`code`") == "Some bold\ncode\n"
    assert drawn("- a\n- b") == " \u2022 a\n \u2022 b\n"
    assert drawn("[here](http://x.example)") == "here (http://x.example)\n"
    assert drawn("[a]") == "[a]\n"
    assert ("bold", "bold") in draw_markdown("**bold**", width=40)


@pytest.mark.parametrize("text", ["&#27;[2J", "&#x9b;2J", "`&#27;`&#x202e;", "[x](&#27;]0;a&#7;)"])
def test_a_name_of_a_character_draws_none_that_steers_the_terminal(text: str) -> None:
    assert not {"\x1b", "\x9b", "\x07", "\u202e"} & set(drawn(text))
