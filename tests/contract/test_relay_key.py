"""The key in any spelling that a vendor may repeat it in: the worker gets its own instead."""

import html
import json
import re
import urllib.parse

import pytest
from support.model_server import Reply
from support.relay import KEY, Standing, play, question

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
