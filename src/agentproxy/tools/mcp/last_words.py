"""The last line that a program printed where errors go, without secrets; pure."""

import json
from collections.abc import Callable

from agentproxy.text.colours import strip_colours
from agentproxy.text.unseen import visible

SHOWN = 300  # characters
KEPT_BYTES = 16_384


class LastWords:
    """Keeps the end of what a program prints.

    Much more is kept than is shown. Where it is cut, half of a secret may stand, and nobody can
    know a half again. So the line at the cut is left out, secrets are taken out of the rest, and
    only then it is made short.
    """

    def __init__(self) -> None:
        self._tail = b""
        self._is_cut = False

    def add(self, data: bytes) -> None:
        tail = self._tail + data
        self._is_cut = self._is_cut or len(tail) > KEPT_BYTES
        self._tail = tail[-KEPT_BYTES:]

    def told(self, redact: Callable[[str], str]) -> str:
        """Returns a text behind the reason, or ""."""
        tail = self._tail.partition(b"\n")[2] if self._is_cut else self._tail
        text = visible(strip_colours(tail.decode("utf-8", "replace")))
        # A line break before it: it is no JSON, even where it begins like it.
        line = redact(f"\n{text}").strip().rpartition("\n")[2].strip()[-SHOWN:]
        return f"; its last words: {json.dumps(line, ensure_ascii=False)}" if line else ""
