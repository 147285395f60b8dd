"""Rules on reading and writing a path, from its text alone."""

import re
from fnmatch import fnmatchcase

from agentproxy.policy.rulings import DEVICES, Allow, Policy, Refer, Refuse, Ruling
from agentproxy.policy.shell import UNKNOWN, ShellWord
from agentproxy.text.git_folder import is_git_folder

DESCRIPTOR = re.compile(r"/dev/fd/[0-9]+")
MAX_SHOWN_CHARACTERS = 80


def resolved(path: str, directory: str) -> str:
    """Returns the absolute path without `.` and `..`."""
    # Links are not resolved: the policy does no I/O.
    parts: list[str] = []
    for part in (path if path.startswith("/") else f"{directory}/{path}").split("/"):
        if part == "..":
            del parts[-1:]
        elif part not in ("", "."):
            parts.append(part)
    return "/" + "/".join(parts)


def within(path: str, folder: str) -> bool:
    """Whether an absolute path is `folder` or lies in it."""
    return path == folder or path.startswith(folder.rstrip("/") + "/")


def read(word: ShellWord, directory: str, policy: Policy) -> Ruling:
    shown = _shown(word)
    if UNKNOWN in word.text and not word.home:
        return Refer(f"reads an unknown path: {shown}")
    path = resolved(_without_dots(word), directory)
    if not word.home and (_is_ours(path, policy) or _is_device(path)):
        return Allow()
    if any(part.casefold() in policy.secrets for part in path.split("/")):
        return Refuse(f"reads the user's secrets: {shown}")
    if not word.home and not word.glob and _is_readable(path, policy):
        return Allow()
    return Refer(f"reads outside the tree: {shown}")


def write(word: ShellWord, directory: str, policy: Policy) -> Ruling:
    """Returns the ruling on creating, changing or removing a path."""
    shown = _shown(word)
    outside = Refuse(f"writes outside the tree: {shown}")
    if UNKNOWN in word.text and not word.home:
        known = word.text.partition(UNKNOWN)[0]
        lost = known.startswith("/") and not within(known, policy.root)
        return outside if lost else Refer(f"writes an unknown path: {shown}")
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
    # bash opens connections by these names.
    if path.startswith(("/dev/tcp/", "/dev/udp/")):
        return False
    return any(within(path, folder) for folder in policy.readable)


def is_whole_tree(word: ShellWord, directory: str, policy: Policy) -> bool:
    """Whether a path is the root of the tree, or matches everything in it."""
    path = resolved(word.text, directory)
    root = resolved(policy.root, "/")
    above, _, last = path.rpartition("/")
    everything = word.glob and last.strip("*.?") == "" and (above or "/") == root
    return path == root or everything


def _without_dots(word: ShellWord) -> str:
    # A pattern such as `.?` can become `..`, so it counts as `..`.
    if not word.glob:
        return word.text
    parts = word.text.split("/")
    return "/".join(".." if part[:1] == "." and fnmatchcase("..", part) else part for part in parts)


def _is_git(part: str, *, glob: bool) -> bool:
    if is_git_folder(part):
        return True
    # A leading `*` or `?` does not match a leading dot. `[.]` might.
    return glob and part[:1] in (".", "[") and fnmatchcase(".git", part.casefold())


def _shown(word: ShellWord) -> str:
    text = word.text.replace(UNKNOWN, "...")
    return ascii(text if len(text) <= MAX_SHOWN_CHARACTERS else text[:MAX_SHOWN_CHARACTERS] + "...")
