"""Texts as a person sees them. A model is not shown what a person cannot see. Pure."""

import re
import unicodedata

from agentproxy.text.unseen import visible

_JOINTS = re.compile(r"(?<=[a-z])(?=[A-Z])|_+|-+")


def plain(text: str) -> str:
    """Returns the visible text with look-alike characters as ASCII, as far as Unicode maps them."""
    return visible(unicodedata.normalize("NFKC", visible(text)))


def as_words(text: str) -> str:
    return _JOINTS.sub(" ", text)
