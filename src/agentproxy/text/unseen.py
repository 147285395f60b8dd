"""Which characters are invisible. The only definition, for paths, commands, prompts and screens."""

import re
import unicodedata

_SELECTORS = re.compile("[\ufe00-\ufe0f\U000e0100-\U000e01ef\u034f\u115f\u1160\u3164\uffa0]")
_BREAKS = re.compile("[\x0b\x0c\x1c-\x1e\x85\u2028\u2029]|\r(?!\n)")


def is_unseen(sign: str) -> bool:
    """Whether a character is invisible. A blank of any width is visible."""
    # Controls, direction marks, line ends, private and unassigned characters have no shape.
    return not sign.isprintable() and unicodedata.category(sign) != "Zs"


def has_unseen(text: str, *, but: str = "") -> bool:
    if text.isprintable():
        return False
    return any(sign not in but and is_unseen(sign) for sign in text)


def visible(text: str) -> str:
    """Returns a text as a model may have it: without what a person does not see when reading it."""
    # Some programs break lines at these characters and others do not, so they become spaces.
    # A row of selectors can spell words, though each of them is a mark of the letter before it.
    text = _SELECTORS.sub("", _BREAKS.sub(" ", text))
    if text.isascii() and text.isprintable():
        return text
    return "".join(sign for sign in text if sign in "\n\t" or not is_unseen(sign))
