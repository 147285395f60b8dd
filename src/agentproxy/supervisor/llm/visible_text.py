"""Texts as an eye sees them: what cannot be seen is not shown to a model either. Pure."""

import re
import unicodedata

from agentproxy.text.unseen import is_unseen

_SELECTORS = re.compile("[\ufe00-\ufe0f\U000e0100-\U000e01ef\u034f\u115f\u1160\u3164\uffa0]")
_BREAKS = re.compile("[\x0b\x0c\x1c-\x1e\x85\u2028\u2029]|\r(?!\n)")
_JOINTS = re.compile(r"(?<=[a-z])(?=[A-Z])|_+|-+")


def visible(text: str) -> str:
    """The text without what has no shape: marks of direction, zero widths, tags, controls. What
    breaks a line only for some becomes a space.
    """
    text = _SELECTORS.sub("", _BREAKS.sub(" ", text))
    if text.isascii() and text.isprintable():
        return text
    return "".join(sign for sign in text if sign in "\n\t" or not is_unseen(sign))


def plain(text: str) -> str:
    """The visible text in its plainest letters: look-alikes of ASCII that Unicode knows are it."""
    return visible(unicodedata.normalize("NFKC", visible(text)))


def as_words(text: str) -> str:
    """Names taken apart into their words."""
    return _JOINTS.sub(" ", text)
