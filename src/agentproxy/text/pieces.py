"""A text that comes in many small pieces; pure."""

TOGETHER = 64


class Pieces:
    """Grows by pieces, and joins many of them now and then.

    A string alone takes some 60 bytes beside its characters, and a piece often has five of them.
    """

    __slots__ = ("_joined", "_new")

    def __init__(self, text: str = "") -> None:
        self._joined: list[str] = []
        self._new = [text] if text else []

    def __bool__(self) -> bool:
        return bool(self._joined or self._new)

    def add(self, text: str) -> None:
        self._new.append(text)
        if len(self._new) == TOGETHER:
            self._joined.append("".join(self._new))
            self._new.clear()

    @property
    def text(self) -> str:
        return "".join((*self._joined, *self._new))
