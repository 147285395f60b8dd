"""Names of files: bytes for git and the disk, text for people and for the record."""

from collections.abc import Iterable
from pathlib import Path


def split_names(printed: bytes) -> list[bytes]:
    """What git printed with `-z`, one name each."""
    return [name for name in printed.split(b"\0") if name]


def join_names(names: Iterable[bytes]) -> bytes:
    """What git reads with `-z --stdin`."""
    return b"".join(name + b"\0" for name in names)


def as_text(name: bytes) -> str:
    """The name as text that any record can hold; bytes that are not UTF-8 are written out."""
    return name.decode("utf-8", "backslashreplace")


def in_a_sentence(name: bytes) -> str:
    """The name on one line, with control characters written out."""
    text = as_text(name)
    return text if text.isprintable() else repr(text)[1:-1]


def beneath(name: bytes, folders: Iterable[bytes]) -> bool:
    """Whether the name is one of the folders, or lies in one."""
    return any(name == folder or name.startswith(folder + b"/") for folder in folders)


def quoted_path(place: Path) -> str:
    """A path in a list of object stores, quoted as git wants it where it must be."""
    name = str(place)
    if not any(mark in name for mark in ':"\n\\#'):
        return name
    escaped = name.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'
