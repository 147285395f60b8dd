"""Replaces a key in any spelling that a program would decode; pure."""

import re

from agentproxy.models.names import SHORTEST_KEY

_DEPTH = 4  # how often something is encoded within itself
_BACKSLASHES = r"\\\\{0,15}"  # as many as that depth needs


class KeyRedactor:
    """Puts another text in the place of a key."""

    def __init__(self, key: str, *, put: str) -> None:
        self._key = key
        self._put = put
        long = len(key) >= SHORTEST_KEY
        self._spelled = re.compile("".join(map(_spellings, key))) if long else None

    def clean(self, text: str) -> str:
        if self._spelled is None:
            return text
        text = text.replace(self._key, self._put)
        # Every spelling but the plain one has one of these marks.
        if not any(mark in text for mark in ("\\", "%", "&#")):
            return text
        return self._spelled.sub(self._put, text)

    def clean_bytes(self, content: bytes) -> bytes:
        # Latin-1 maps each byte to one character, so any encoding that contains ASCII survives.
        return self.clean(content.decode("latin-1")).encode("latin-1")


def _spellings(letter: str) -> str:
    # Itself, an escape of JSON (also in JSON that is a text of JSON), percent-encoded (also more
    # than once), and a number of HTML.
    code = ord(letter)
    hexadecimal = f"(?i:{code:02x})"
    ways = [
        re.escape(letter),
        rf"{_BACKSLASHES}u00{hexadecimal}",
        rf"%(?:25){{0,{_DEPTH}}}{hexadecimal}",
        rf"&#0{{0,{_DEPTH}}}{code};",
        rf"&#[xX]0{{0,{_DEPTH}}}{hexadecimal};",
    ]
    if letter in '/"\\':
        ways.append(f"{_BACKSLASHES}{re.escape(letter)}")
    return f"(?:{'|'.join(ways)})"
