"""Redacts a text that arrives in pieces; a secret may be split between them."""

from agentproxy.journal.redact import MARK, Redactor
from agentproxy.text.sensitive import has_secret_hint

REMEMBERED = 4096  # characters already returned, in which a secret may have begun
LONGEST_WORD = 256  # characters


class StreamRedactor:
    """Returns as much of the text as is certain to be without secrets, and holds back the rest.

    A possible prefix of a known value is held back until the next piece. A last word that looks
    like a secret is held back until `pause` at most.
    """

    def __init__(self, redactor: Redactor) -> None:
        self._redactor = redactor
        self._seen = ""
        self._held = ""
        self._marked = False

    def __call__(self, piece: str) -> str:
        whole = self._seen + self._held + piece
        return self._let(whole, min(self._redactor.begun_at(whole), _last_word_at(whole)))

    def pause(self) -> str:
        """Returns the last word although no space has ended it."""
        whole = self._seen + self._held
        return self._let(whole, self._redactor.begun_at(whole)) if self._held else ""

    def end(self) -> str:
        """Returns the rest; a mark stands for a known value that was cut off."""
        rest = self.pause()
        if not self._held:
            return rest
        self._held = ""
        return rest if self._marked else rest + MARK

    def _let(self, whole: str, end: int) -> str:
        begin = len(self._seen)
        end = max(begin, end)
        self._seen, self._held = whole[max(0, end - REMEMBERED) : end], whole[end:]
        shown: list[str] = []
        for start, stop in sorted(self._redactor.spans(whole)):
            if stop > begin and start < end:
                self._show(whole[begin:start], shown)
                shown += () if self._marked else (MARK,)
                self._marked = True
                begin = min(stop, end)
        self._show(whole[begin:end], shown)
        return "".join(shown)

    def _show(self, text: str, shown: list[str]) -> None:
        if text:
            shown.append(text)
            self._marked = False


def _last_word_at(text: str) -> int:
    # The length of the text when a space ends its last word, or the word looks harmless.
    tail = text[-LONGEST_WORD:]
    word = "" if tail[-1:].isspace() else tail.split()[-1] if tail else ""
    return len(text) - len(word) if has_secret_hint(word) else len(text)
