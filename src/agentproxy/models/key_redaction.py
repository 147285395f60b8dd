"""Replaces a key in any spelling that a program would decode; pure."""

import re

SHORTEST_KEY = 8  # a shorter one is a placeholder such as "none", and occurs in ordinary text
_DEPTH = 4  # how often something is encoded within itself
_BACKSLASHES = r"\\\\{0,15}"  # as many as that depth needs
_LONGEST_SPELLING = 24  # characters of one letter
_UNFINISHED = re.compile(
    r"(?:\\+(?:u[0-9A-Fa-f]{0,3})?|%[0-9A-Fa-f]{0,9}|&(?:#[xX]?[0-9A-Fa-f]{0,8})?)\Z"
)


class KeyRedactor:
    """Puts another text in the place of a key."""

    def __init__(self, key: str, *, put: str) -> None:
        self._key = key
        self._put = put
        long = len(key) >= SHORTEST_KEY
        letters = [_spellings(letter) for letter in key]
        whole = "".join(f"(?:{'|'.join(ways)})" for ways in letters)
        self._spelled = re.compile(whole) if long else None
        self._letters = [[re.compile(way) for way in ways] for ways in letters] if long else []

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

    def beginning(self, text: str) -> int:
        """Returns where the text ends in a beginning of the key, or its length."""
        first = max(len(text) - len(self._letters) * _LONGEST_SPELLING, 0)
        starts = (self._key[:1], "\\", "%", "&")
        return next(
            (
                at
                for at in range(first, len(text))
                if text.startswith(starts, at) and self._begins(text, at)
            ),
            len(text),
        )

    def _begins(self, text: str, at: int) -> bool:
        # `ends` are the places that the letters so far may end at, by their several spellings.
        ends = {at}
        for ways in self._letters:
            if any(end == len(text) or _UNFINISHED.match(text, end) for end in ends):
                return True
            ends = {found.end() for end in ends for way in ways if (found := way.match(text, end))}
            if not ends:
                return False
        return False


def _spellings(letter: str) -> list[str]:
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
    return ways
