"""Which characters nobody sees: the one definition, for paths, command lines, prompts, screens."""

import unicodedata


def is_unseen(sign: str) -> bool:
    """Whether a character has no shape of its own: a control, a mark of direction, a line's end, a
    character that is private or not assigned. A blank of any width is seen.
    """
    return not sign.isprintable() and unicodedata.category(sign) != "Zs"


def has_unseen(text: str, *, but: str = "") -> bool:
    """Whether one of the characters is unseen; those in `but` are let pass."""
    if text.isprintable():
        return False
    return any(sign not in but and is_unseen(sign) for sign in text)
