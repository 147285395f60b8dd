"""The key in any spelling that a vendor may repeat it in: the worker gets its own instead."""

import html
import itertools
import json
import re
import urllib.parse
from typing import Any, cast

import pytest
from support.model_server import Reply
from support.relay import KEY, NAMES, Standing, play, question

SPELLINGS = {
    "percent-encoded": "".join(f"%{ord(letter):02X}" for letter in KEY),
    "percent-encoded in small letters": "".join(f"%{ord(letter):02x}" for letter in KEY),
    "percent-encoded twice": "".join(f"%25{ord(letter):02X}" for letter in KEY),
    "JSON-escaped": "".join(f"\\u{ord(letter):04x}" for letter in KEY),
    "JSON-escaped in capitals": "".join(f"\\u{ord(letter):04X}" for letter in KEY),
    "in two spellings": (
        KEY[:5] + f"\\u{ord(KEY[5]):04x}" + KEY[6:9] + f"%{ord(KEY[9]):02x}" + KEY[10:]
    ),
    "as numbers of HTML": "".join(f"&#{ord(letter)};" for letter in KEY),
    "as numbers of HTML in hex": "".join(f"&#x{ord(letter):x};" for letter in KEY),
}  # fmt: skip


def decoded(text: str) -> str:
    """The text after every decoding that it allows."""
    before = ""
    while text != before:
        before = text
        text = re.sub(r"\\+u([0-9A-Fa-f]{4})", lambda found: chr(int(found[1], 16)), text)
        text = html.unescape(urllib.parse.unquote(text))
    return text


@pytest.mark.parametrize("how", list(SPELLINGS))
def test_a_vendor_that_repeats_the_key_in_another_spelling_does_not_tell_it(how: str) -> None:
    spelled = SPELLINGS[how]
    assert decoded(spelled) == KEY

    async def scenario(place: Standing) -> None:
        for stream in (False, True):
            answer = (await place.say(place.request(*question("chat", stream=stream)))).decode()
            assert KEY not in decoded(answer)
            assert answer.count(place.token) == (1 if stream else 2)

    play(scenario, Reply(text=(f"It is {spelled}!",), headers={"X-Echo": spelled}))


@pytest.mark.parametrize("spelled", [KEY, SPELLINGS["JSON-escaped"], SPELLINGS["percent-encoded"]])
def test_what_is_left_is_the_same_json(spelled: str) -> None:
    async def scenario(place: Standing) -> None:
        _, _, content = await place.ask(*question("chat"))
        message = json.loads(content)["choices"][0]["message"]["content"]
        assert message == f"a {place.token}\n%41 \\u0041 &amp; é"

    play(scenario, Reply(text=(f"a {spelled}\n%41 \\u0041 &amp; é",)))


ANSWER_NAMES = frozenset({"text", "content", "delta", "arguments", "partial_json"})


def pieces_of(answer: bytes) -> str:
    """The text that a client joins from the events of a stream."""
    found: list[str] = []

    def walk(value: Any) -> None:
        if isinstance(value, list):
            for each in cast("list[Any]", value):
                walk(each)
        elif isinstance(value, dict):
            for name, each in cast("dict[str, Any]", value).items():
                if name in ANSWER_NAMES and isinstance(each, str):
                    found.append(each)
                else:
                    walk(each)

    lines = [line for line in answer.splitlines() if line.startswith(b"data: {")]
    for event in map(json.loads, (line[6:] for line in lines)):
        # These repeat what came before.
        if not str(event.get("type", "")).endswith((".done", ".completed")):
            walk(event)
    return "".join(found)


def cut(text: str, *places: int) -> tuple[str, ...]:
    ends = (0, *places, len(text))
    return tuple(text[begin:end] for begin, end in itertools.pairwise(ends))


@pytest.mark.parametrize("form", list(NAMES))
@pytest.mark.parametrize("places", [(1,), (9,), (len(KEY) - 1,), (3, 4, 12)])
def test_a_key_that_is_split_over_events_is_replaced(form: str, places: tuple[int, ...]) -> None:
    async def scenario(place: Standing) -> None:
        _, _, content = await place.ask(*question(form, stream=True))
        assert pieces_of(content) == f"It is {place.token}!"

    first, *rest = cut(KEY, *places)
    play(scenario, Reply(text=(f"It is {first}", *rest[:-1], f"{rest[-1]}!")), form=form)


@pytest.mark.parametrize("how", list(SPELLINGS))
def test_a_key_in_another_spelling_may_be_split_anywhere(how: str) -> None:
    spelled = SPELLINGS[how]

    async def scenario(place: Standing) -> None:
        _, _, content = await place.ask(*question("chat", stream=True))
        assert pieces_of(content) == f"It is {place.token}!"

    play(scenario, Reply(text=("It is ", *spelled, "!")))


@pytest.mark.parametrize("form", ["messages", "chat", "responses"])
def test_a_key_that_is_split_in_the_arguments_of_a_call_is_replaced(form: str) -> None:
    plain = json.dumps({"command": f"echo {KEY}"})
    # The server sends the two halves of the arguments. Spaces move the middle into the key.
    arguments = plain + " " * (2 * (plain.index(KEY) + 5) - len(plain))
    assert KEY[:5] in arguments[: len(arguments) // 2]
    assert KEY not in arguments[: len(arguments) // 2]

    async def scenario(place: Standing) -> None:
        _, _, content = await place.ask(*question(form, stream=True))
        assert pieces_of(content) == arguments.replace(KEY, place.token)

    play(scenario, Reply(calls=(("bash", arguments),), stop="tools"), form=form)


@pytest.mark.parametrize("form", ["messages", "chat", "responses", "gemini"])
def test_a_text_that_only_begins_like_the_key_passes_as_it_came(form: str) -> None:
    texts = ("files", " sk-", "the-", "realm\\", "u0073", " 100%", "2", " & ", "s")

    async def scenario(place: Standing) -> None:
        _, _, content = await place.ask(*question(form, stream=True))
        assert pieces_of(content) == "".join(texts)

    play(scenario, Reply(text=texts), form=form)
