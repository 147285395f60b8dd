"""Redacts a text that arrives in pieces; a secret may be split between them."""

import re

from agentproxy.journal.redact import MARK, Redactor
from agentproxy.text.sensitive import has_secret_hint, is_before_a_secret, private_key_begun_at

REMEMBERED = 4096  # characters already returned, in which a secret may have begun
# Where nothing that may belong to a secret was seen, none has begun but the beginning of a known
# value, or of a hint. With many streams the rest is most of what each of them keeps.
REMEMBERED_OF_PLAIN = 512
LONGEST_WORD = 256  # characters
_PLAIN = re.compile(r"\W?[A-Z]?[a-z]{1,20}\W?")


class FragmentRedactor:
    """Returns as much of the text as is certain to be without secrets, and holds back the rest.

    A possible prefix of a known value is held back until the next piece, and a private key until
    its end. A last word that looks like a secret, or that follows a word such as `password =`, is
    held back until the word ends.
    """

    def __init__(self, redactor: Redactor) -> None:
        self._redactor = redactor
        self._seen = ""
        self._held = ""
        self._marked = False
        self._came = 0  # characters
        # How many had come when something was last seen that may belong to a secret. While that is
        # remembered, everything is searched; else only the newest characters are.
        self._suspected = -1

    def __call__(self, piece: str) -> str:
        whole = self._seen + self._held + piece
        self._came += len(piece)
        if self._redactor.may_hold_a_secret(whole, new=len(piece)):
            self._suspected = self._came
        return self._let(whole, min(self._begun_at(whole), _last_word_at(whole)))

    def pause(self) -> str:
        """Returns a plain last word although no space has ended it. What may be a part of a secret
        waits on: the rest of it may come after what was recorded.
        """
        whole = self._seen + self._held
        before = whole[: _last_word_at(whole)]
        if (
            not self._held
            or is_before_a_secret(before)
            or not _PLAIN.fullmatch(whole[len(before) :])
        ):
            return ""
        return self._let(whole, self._begun_at(whole))

    def end(self) -> str:
        """Returns the rest; a mark stands for a secret that was cut off."""
        whole = self._seen + self._held
        rest = self._let(whole, self._begun_at(whole)) if self._held else ""
        if not self._held:
            return rest
        self._held = ""
        return rest if self._marked else rest + MARK

    def _is_suspicious(self, whole: str) -> bool:
        return self._suspected > self._came - len(whole)

    def _begun_at(self, whole: str) -> int:
        begun = self._redactor.begun_at(whole)
        # The first words of a private key are suspicious.
        return min(begun, private_key_begun_at(whole)) if self._is_suspicious(whole) else begun

    def _let(self, whole: str, end: int) -> str:
        begin = len(self._seen)
        end = max(begin, end)
        suspicious = self._is_suspicious(whole)
        kept = REMEMBERED if suspicious else REMEMBERED_OF_PLAIN + self._redactor.longest
        self._seen, self._held = whole[max(0, end - min(kept, REMEMBERED)) : end], whole[end:]
        shown: list[str] = []
        spans = sorted(self._redactor.spans(whole)) if suspicious else ()
        for start, stop in spans:
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
    at = len(text) - len(word)
    is_held = word and (has_secret_hint(word) or is_before_a_secret(text[:at]))
    return at if is_held else len(text)
