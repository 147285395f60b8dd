"""File names: bytes for git and the disk, text for people and events."""

from collections.abc import Iterable
from pathlib import Path


def split_names(printed: bytes) -> list[bytes]:
    return [name for name in printed.split(b"\0") if name]


def join_names(names: Iterable[bytes]) -> bytes:
    # With -z: a name may hold a newline.
    return b"".join(name + b"\0" for name in names)


def as_text(name: bytes) -> str:
    """Returns the name as text, with escapes for bytes that are not UTF-8."""
    return name.decode("utf-8", "backslashreplace")


def in_a_sentence(name: bytes) -> str:
    """Returns the name on one line, with escapes for control characters."""
    text = as_text(name)
    return text if text.isprintable() else repr(text)[1:-1]


def beneath(name: bytes, folders: Iterable[bytes]) -> bool:
    """Whether the name is one of the folders, or is in one."""
    return any(name == folder or name.startswith(folder + b"/") for folder in folders)


def quoted_path(place: Path) -> str:
    """Returns a path as a line of `info/alternates`."""
    name = str(place)
    # Git unquotes a line that begins with a quotation mark, and skips one that begins with "#".
    if not any(mark in name for mark in ':"\n\\#'):
        return name
    escaped = name.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'
