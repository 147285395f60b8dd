import pytest

from agentproxy.text.front_matter import split_front_matter

TABLE = {
    "plain": ("---\nname: a\ndescription: b: c\n---\nText\n", {"name": "a", "description": "b: c"}),
    "quoted": ("---\nname: \"a\"\nother: 'b'\n---\n\nText\n", {"name": "a", "other": "b"}),
    "folded": ("---\nname: >-\n  one\n  two\n---\nText\n", {"name": "one two"}),
    "comment": ("---\n# no: value\nname: a\n---\nText\n", {"name": "a"}),
    "a tag is text": ("---\nname: !!python/name:os.system\n---\nText\n",
                      {"name": "!!python/name:os.system"}),
    "windows": ("\ufeff---\r\nname: a\r\n---\r\nText\r\n", {"name": "a"}),
}  # fmt: skip


@pytest.mark.parametrize("case", TABLE)
def test_values_are_texts_and_the_rest_is_the_body(case: str) -> None:
    text, values = TABLE[case]
    assert split_front_matter(text) == (values, "Text\n")


@pytest.mark.parametrize("text", ["", "Text\n", "---\nname: a\nText\n", " ---\nname: a\n---\n"])
def test_without_two_lines_of_dashes_the_whole_is_the_body(text: str) -> None:
    assert split_front_matter(text) == ({}, text)
