"""A text that comes in many small pieces; pure."""

import zlib
from functools import lru_cache

BLOCK_BYTES = 1024


class Pieces:
    """Grows by pieces, and keeps nothing but their bytes.

    A string alone takes some 60 bytes beside its characters, and a piece often has five of them.
    Many answers come at the same time, and each is read only at its end. So what is older than the
    newest block is packed: that takes 20 microseconds for each block.
    """

    __slots__ = ("_bytes", "_packed")

    def __init__(self, text: str = "") -> None:
        self._bytes = bytearray()
        self._packed: list[bytes] | None = None
        self.add(text)

    def __bool__(self) -> bool:
        return bool(self._bytes or self._packed)

    def add(self, text: str) -> None:
        self._bytes += encoded(text)
        whole = len(self._bytes) // BLOCK_BYTES * BLOCK_BYTES
        if whole:
            blocks = (
                bytes(self._bytes[at : at + BLOCK_BYTES]) for at in range(0, whole, BLOCK_BYTES)
            )
            if self._packed is None:
                self._packed = []
            self._packed.extend(map(packed, blocks))
            self._bytes = self._bytes[whole:]

    @property
    def text(self) -> str:
        blocks = [unpacked(block) for block in self._packed or ()]
        return b"".join((*blocks, self._bytes)).decode("utf-8", "surrogatepass")


@lru_cache(maxsize=4)
def packed(block: bytes) -> bytes:
    # What is told on at once is kept in equal blocks by several: they share them.
    # The usual window takes 270 KB while a block is packed, and finds no more in so short a one.
    packer = zlib.compressobj(level=1, wbits=-12, memLevel=5)
    return packer.compress(block) + packer.flush()


def unpacked(block: bytes) -> bytes:
    return zlib.decompress(block, wbits=-12)


def encoded(text: str) -> bytes:
    # Half of a surrogate pair may come, and goes on as it is.
    return text.encode("utf-8", "surrogatepass")
