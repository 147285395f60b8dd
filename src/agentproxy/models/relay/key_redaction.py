"""The real key in what a vendor says, in any spelling that a program would decode; pure."""

import re

from agentproxy.models.names import SHORTEST_KEY

_DEPTH = 4  # how often something is encoded within itself
_BACKSLASHES = r"\\\\{0,15}"  # as many as that depth needs


class KeyRedactor:
    """Puts the worker's own key in the place of the real one.

    A key counts in each letter as itself, as an escape of JSON (also within JSON that is a text of
    JSON), percent-encoded (also more than once), and as a number of HTML.
    """

    def __init__(self, key: str, *, put: str) -> None:
        self._key = key
        self._put = put
        long = len(key) >= SHORTEST_KEY  # a shorter one is a word of honest texts
        self._spelled = re.compile("".join(map(_spellings, key))) if long else None

    def clean(self, text: str) -> str:
        """The text with every real key replaced."""
        if self._spelled is None:
            return text
        text = text.replace(self._key, self._put)
        # No escape without one of these.
        if not any(mark in text for mark in ("\\", "%", "&#")):
            return text
        return self._spelled.sub(self._put, text)

    def clean_bytes(self, content: bytes) -> bytes:
        """The same of bytes in any encoding that holds ASCII."""
        return self.clean(content.decode("latin-1")).encode("latin-1")


def _spellings(letter: str) -> str:
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
