"""A text that comes in many small pieces; pure."""


class Pieces:
    """Grows by pieces, and keeps nothing but their bytes.

    A string alone takes some 60 bytes beside its characters, and a piece often has five of them.
    """

    __slots__ = ("_bytes",)

    def __init__(self, text: str = "") -> None:
        self._bytes = bytearray(_encoded(text))

    def __bool__(self) -> bool:
        return bool(self._bytes)

    def add(self, text: str) -> None:
        self._bytes += _encoded(text)

    @property
    def text(self) -> str:
        return self._bytes.decode("utf-8", "surrogatepass")


def _encoded(text: str) -> bytes:
    # Half of a surrogate pair may come, and goes on as it is.
    return text.encode("utf-8", "surrogatepass")
