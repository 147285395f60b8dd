"""The folders of a conversation's workspace that belong to Agent Proxy. Pure."""

from collections.abc import Sequence

OWN_FOLDERS = frozenset({".agent", ".transcripts", ".tasks", ".team"})


def is_own(names: Sequence[str]) -> bool:
    """Returns whether a path leads into such a folder, at any depth."""
    # Some file systems do not tell small letters from capitals.
    return any(name.casefold() in OWN_FOLDERS for name in names)
