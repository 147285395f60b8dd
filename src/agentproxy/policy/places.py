"""Where a path lies, by its text alone, and what may be done there."""

import re
from fnmatch import fnmatchcase

from agentproxy.policy.rulings import DEVICES, Allow, Policy, Refer, Refuse, Ruling
from agentproxy.policy.shell import UNKNOWN, ShellWord
from agentproxy.text.git_folder import is_git_folder

DESCRIPTOR = re.compile(r"/dev/fd/[0-9]+")
MAX_SHOWN_CHARACTERS = 80


def resolved(path: str, directory: str) -> str:
    """The absolute path without `.` and `..`; links are not known here."""
    parts: list[str] = []
    for part in (path if path.startswith("/") else f"{directory}/{path}").split("/"):
        if part == "..":
            del parts[-1:]
        elif part not in ("", "."):
            parts.append(part)
    return "/" + "/".join(parts)


def within(path: str, folder: str) -> bool:
    """Whether an absolute path is a folder or lies in it."""
    return path == folder or path.startswith(folder.rstrip("/") + "/")


def read(word: ShellWord, directory: str, policy: Policy) -> Ruling:
    """Whether a path may be read."""
    shown = _shown(word)
    if UNKNOWN in word.text and not word.home:
        return Refer(f"it is not known what would be read: {shown}")
    path = resolved(_without_dots(word), directory)
    if not word.home and (_is_ours(path, policy) or _is_device(path)):
        return Allow()
    if any(part.casefold() in policy.secrets for part in path.split("/")):
        return Refuse(f"reads the user's secrets: {shown}")
    if not word.home and not word.glob and _is_readable(path, policy):
        return Allow()
    return Refer(f"reads outside the tree: {shown}")


def write(word: ShellWord, directory: str, policy: Policy) -> Ruling:
    """Whether a path may be created, changed or removed."""
    shown = _shown(word)
    outside = Refuse(f"writes outside the tree: {shown}")
    if UNKNOWN in word.text and not word.home:
        known = word.text.partition(UNKNOWN)[0]
        lost = known.startswith("/") and not within(known, policy.root)
        return outside if lost else Refer(f"it is not known what would be written: {shown}")
    path = resolved(_without_dots(word), directory)
    if word.home or not (_is_ours(path, policy) or _is_device(path)):
        return outside
    if any(_is_git(part, glob=word.glob) for part in path.split("/")):
        return Refuse(f"changes git's own folder: {shown}")
    return Allow()


def _is_ours(path: str, policy: Policy) -> bool:
    return any(within(path, resolved(folder, "/")) for folder in (policy.root, *policy.scratch))


def _is_device(path: str) -> bool:
    return path in DEVICES or DESCRIPTOR.fullmatch(path) is not None


def _is_readable(path: str, policy: Policy) -> bool:
    # Not devices of the shell's own: it opens connections by these names.
    if path.startswith(("/dev/tcp/", "/dev/udp/")):
        return False
    return any(within(path, folder) for folder in policy.readable)


def is_whole_tree(word: ShellWord, directory: str, policy: Policy) -> bool:
    """Whether removing this path removes the tree itself, or all that is in it."""
    path = resolved(word.text, directory)
    root = resolved(policy.root, "/")
    above, _, last = path.rpartition("/")
    everything = word.glob and last.strip("*.?") == "" and (above or "/") == root
    return path == root or everything


def _without_dots(word: ShellWord) -> str:
    """The path with every pattern that can become `..` as `..`."""
    if not word.glob:
        return word.text
    parts = word.text.split("/")
    return "/".join(".." if part[:1] == "." and fnmatchcase("..", part) else part for part in parts)


def _is_git(part: str, *, glob: bool) -> bool:
    if is_git_folder(part):
        return True
    # A leading `*` or `?` does not match a leading dot; `[.]` might.
    return glob and part[:1] in (".", "[") and fnmatchcase(".git", part.casefold())


def _shown(word: ShellWord) -> str:
    text = word.text.replace(UNKNOWN, "...")
    return ascii(text if len(text) <= MAX_SHOWN_CHARACTERS else text[:MAX_SHOWN_CHARACTERS] + "...")
