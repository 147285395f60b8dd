"""Texts as a person sees them. A model is not shown what a person cannot see. Pure."""

import re
import unicodedata

from agentproxy.text.unseen import is_unseen

_SELECTORS = re.compile("[\ufe00-\ufe0f\U000e0100-\U000e01ef\u034f\u115f\u1160\u3164\uffa0]")
_BREAKS = re.compile("[\x0b\x0c\x1c-\x1e\x85\u2028\u2029]|\r(?!\n)")
_JOINTS = re.compile(r"(?<=[a-z])(?=[A-Z])|_+|-+")


def visible(text: str) -> str:
    """Returns the text without invisible characters."""
    # Some programs break lines at these characters and others do not, so they become spaces.
    text = _SELECTORS.sub("", _BREAKS.sub(" ", text))
    if text.isascii() and text.isprintable():
        return text
    return "".join(sign for sign in text if sign in "\n\t" or not is_unseen(sign))


def plain(text: str) -> str:
    """Returns the visible text with look-alike characters as ASCII, as far as Unicode maps them."""
    return visible(unicodedata.normalize("NFKC", visible(text)))


def as_words(text: str) -> str:
    return _JOINTS.sub(" ", text)
