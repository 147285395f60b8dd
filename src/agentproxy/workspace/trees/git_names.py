"""Names that git keeps for itself: no tree may hold them, on any file system."""

import re

# Code points that HFS+ leaves out when it compares names.
UNSEEN_BY_HFS = dict.fromkeys(
    [*range(0x200C, 0x2010), *range(0x202A, 0x202F), *range(0x206A, 0x2070), 0xFEFF]
)
# As Windows reads a name: trailing dots and spaces do not count, and a colon begins a stream.
ON_NTFS = re.compile(rb"(?:\.git|git~1)[ .]*(?::.*)?", re.IGNORECASE | re.DOTALL)


def is_kept_by_git(name: bytes) -> bool:
    """Whether any part of a path is `.git`, or is taken for it by HFS+ or NTFS."""
    return any(_is_git(part) for part in name.split(b"/"))


def _is_git(name: bytes) -> bool:
    if any(ON_NTFS.fullmatch(part) for part in name.split(b"\\")):
        return True
    # Git reads such a name up to the first bytes that are not UTF-8.
    try:
        text = name.decode()
    except UnicodeDecodeError as error:
        text = name[: error.start].decode()
    return text.translate(UNSEEN_BY_HFS).lower() == ".git"
