"""Names that git reserves. Git refuses a tree with one of them on every file system."""

import re

# HFS+ ignores these code points when it compares names.
UNSEEN_BY_HFS = dict.fromkeys(
    [*range(0x200C, 0x2010), *range(0x202A, 0x202F), *range(0x206A, 0x2070), 0xFEFF]
)
# Windows ignores trailing dots and spaces, and a colon begins the name of a stream.
ON_NTFS = re.compile(rb"(?:\.git|git~1)[ .]*(?::.*)?", re.IGNORECASE | re.DOTALL)


def is_kept_by_git(name: bytes) -> bool:
    """Whether a part of the path is `.git` on any file system."""
    return any(_is_git(part) for part in name.split(b"/"))


def _is_git(name: bytes) -> bool:
    # A backslash separates folders on Windows.
    if any(ON_NTFS.fullmatch(part) for part in name.split(b"\\")):
        return True
    # Git compares a name only up to the first byte that is not UTF-8.
    try:
        text = name.decode()
    except UnicodeDecodeError as error:
        text = name[: error.start].decode()
    return text.translate(UNSEEN_BY_HFS).lower() == ".git"
