"""Which characters are invisible. The only definition, for paths, commands, prompts and screens."""

import unicodedata


def is_unseen(sign: str) -> bool:
    """Whether a character is invisible. A blank of any width is visible."""
    # Controls, direction marks, line ends, private and unassigned characters have no shape.
    return not sign.isprintable() and unicodedata.category(sign) != "Zs"


def has_unseen(text: str, *, but: str = "") -> bool:
    if text.isprintable():
        return False
    return any(sign not in but and is_unseen(sign) for sign in text)
