"""What a file loads, as far as its lines show, wherever it stands. Pure.

A line that loads something says another path in another folder. What it means is the same where it
leads to the same file, and gives the same names.
"""

import posixpath
import re
from collections.abc import Iterator, Sequence

_FROM = re.compile(r"\s*+from\s++(\.*+)([\w.]*+)\s++import\s++(.*)")
_IMPORT = re.compile(r"\s*+import\s++([\w., ]++)")
_QUOTED = re.compile(r"(['\"])([^'\"]*+)\1")
_ENDING = re.compile(r"(?:\.d)?\.[cm]?[jt]sx?$|\.py$")
_OWN = re.compile(r"/?(?:index|__init__)$")


def loads_the_same(
    before: tuple[str, Sequence[str]],
    after: tuple[str, Sequence[str]],
    moved: Sequence[tuple[str, str]],
) -> bool:
    """Whether a file has all that it had: the lines that load something, of each side with the path
    of the file. `moved` are the old and new paths of what moved.
    """
    had, has = dict(_loaded(*before)), dict(_loaded(*after))
    return all(
        name in has and _is_same(_moved(what, moved), has[name]) for name, what in had.items()
    )


def _loaded(path: str, lines: Sequence[str]) -> Iterator[tuple[str, str]]:
    """What each thing is called in the file, and what it is."""
    for line in lines:
        if path.endswith(".py"):
            yield from _loaded_by_python(path, line)
        else:
            for quoted in _QUOTED.finditer(line):
                rest = " ".join(
                    re.findall(r"[\w$*]+", line[: quoted.start()] + line[quoted.end() :])
                )
                # The names of a list over some lines stand in lines that say nothing else.
                called = (
                    rest if rest not in ("from", "") else f"{rest} {quoted[2].rpartition('/')[2]}"
                )
                yield called, _target(path, quoted[2])


def _loaded_by_python(path: str, line: str) -> Iterator[tuple[str, str]]:
    if found := _FROM.fullmatch(line):
        module = _module(path, dots=len(found[1]), name=found[2])
        names = re.findall(r"(\w+|\*)(?:\s+as\s+(\w+))?", found[3].partition("#")[0])
        for name, other in names or [("", "")]:
            yield other or name or module.rpartition("/")[2], f"{module}/{name}".rstrip("/")
    elif found := _IMPORT.fullmatch(line):
        for part in found[1].split(","):
            name, _, other = part.partition(" as ")
            yield other.strip() or name.strip(), name.strip().replace(".", "/")


def _module(path: str, *, dots: int, name: str) -> str:
    parts = name.replace(".", "/")
    if not dots:
        return parts
    return _plain(posixpath.join(posixpath.dirname(path), "../" * (dots - 1), parts))


def _target(path: str, spelled: str) -> str:
    if not spelled.startswith("."):
        return spelled
    return _plain(posixpath.join(posixpath.dirname(path), spelled))


def _plain(path: str) -> str:
    """The path of a file as others may spell it."""
    return _OWN.sub("", _ENDING.sub("", posixpath.normpath(path)))


def _moved(what: str, pairs: Sequence[tuple[str, str]]) -> str:
    for old, new in pairs:
        was = _plain(old)
        # A module may be called from a folder below the root.
        for start in _ends_of(was):
            if what == start or what.startswith(f"{start}/"):
                end = _plain(new)
                shorter = end.removeprefix(was.removesuffix(start))
                return shorter + what.removeprefix(start)
    return what


def _ends_of(path: str) -> Iterator[str]:
    """A path, and what is left of it without its first folders; never the name of a file alone."""
    while "/" in path:
        yield path
        path = path.partition("/")[2]


def _is_same(one: str, other: str) -> bool:
    return one == other or one.endswith(f"/{other}") or other.endswith(f"/{one}")
