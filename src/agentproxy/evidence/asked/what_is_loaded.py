"""What a file loads, as far as its lines show, wherever it stands. Pure.

A line that loads something says another path in another folder. What it means is the same where it
leads to the same file, and gives the same names at the same place.
"""

import builtins
import posixpath
import re
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from agentproxy.evidence.test_files import is_test_file

# A line that loads something and does nothing else.
_LINE = re.compile(
    r"\s*+(?:import\s++[\w., ]++|from\s++[\w.]++\s++import\s++[\w.,()* ]++"
    r"|(?:(?:import|export)\b[^'\"();=]*+|\}\s*+from\s*+)['\"][^'\"]*+['\"];?"
    r"|(?:const|let|var)\s++[\w$\s{},:]++=\s*+require\(\s*+['\"][^'\"]*+['\"]\s*+\)"
    r"(?:\.[\w$]++)?;?)\s*+"
)
_FROM = re.compile(r"\s*+from\s++(\.*+)([\w.]*+)\s++import\s++(.*)")
_IMPORT = re.compile(r"\s*+import\s++([\w., ]++)")
_QUOTED = re.compile(r"(['\"])([^'\"]*+)\1")
_ENDING = re.compile(r"(?:\.d)?\.[cm]?[jt]sx?$|\.py$")
_OWN = re.compile(r"(?:^|/)(?:index|__init__)$")
MAX_NEW_NAMES = 50  # each is looked for in the whole file
_ELSEWHERE = ":"  # begins what is not known to be a file of the tree


@dataclass(frozen=True)
class Places:
    """Where the files of a tree are, before and after a move."""

    moves: Sequence[tuple[str, str]]  # old and new paths
    files: Mapping[str, str]  # for each path without its ending the one file that has it
    roots: Mapping[str, str]  # for each package or module of Python the folder that has it

    @cached_property
    def _whole(self) -> Mapping[str, str]:
        return dict(self.moves)

    @cached_property
    def _plainly(self) -> Mapping[str, str]:
        return {_plain(old): _plain(new) for old, new in self.moves}

    def moved(self, what: str) -> str:
        if what in self._whole:
            return self._whole[what]
        above, below = what, ""
        while above:
            if above in self._plainly:
                return self._plainly[above] + below
            above, slash, last = above.rpartition("/")
            below = f"{slash}{last}{below}"
        return what

    def target(self, path: str) -> str:
        """The file that a path leads to, or the path without its ending."""
        plain = _plain(path)
        known = self.files.get(plain)
        # Two files that differ in their ending are told by the whole path only.
        return posixpath.normpath(path) if known == "" and _ENDING.search(path) else known or plain


@dataclass(frozen=True, slots=True)
class _Loaded:
    """What something is called in a file, and what it is."""

    called: str
    what: str
    place: tuple[int, int] = (0, 0)  # lines of code before it, and its indentation


def places_of(paths: Iterable[str], moves: Sequence[tuple[str, str]]) -> Places:
    """`paths` are those of the tree before and after the move."""
    known = set(paths)
    files: dict[str, str] = {}
    for path in known:
        if not re.search(r"\.d\.[cm]?ts$", path):
            plain = _plain(path)
            files[plain] = "" if plain in files else path
    return Places(moves, files, _roots_of({path for path in known if path.endswith(".py")}))


def works_of(text: str) -> list[str]:
    """The lines of a text that do more than to load something."""
    return [line for line in text.splitlines() if line.strip() and not _LINE.fullmatch(line)]


def loads_the_same(before: tuple[str, str], after: tuple[str, str], places: Places) -> bool:
    """Whether a file has what it had, and nothing that could stand for something else in it. Each
    side is the path of the file and its text.
    """
    had = [replace(each, what=places.moved(each.what)) for each in _loaded(*before, places)]
    has = _loaded(*after, places)
    if any(each.called == "*" for each in had):
        return had == has  # the last of two has the name
    missing, new = Counter(had) - Counter(has), Counter(has) - Counter(had)
    if missing or len(new) > MAX_NEW_NAMES:
        return False
    kept = [each for each in has if each not in new]
    return _in_order(had) == _in_order(kept) and all(_is_free(each, had, after) for each in new)


def _in_order(loaded: Sequence[_Loaded]) -> list[_Loaded]:
    """Things of one name stay in their order. What a script passes on has no order."""
    return sorted(
        loaded,
        key=lambda each: (
            each.place,
            each.called,
            each.what if each.called.startswith("export") else "",
        ),
    )


def _is_free(new: _Loaded, had: Sequence[_Loaded], after: tuple[str, str]) -> bool:
    """Whether a new name says nothing else to the code of a file, which is one of Python."""
    path, text = after
    module = new.what.rpartition("/")[0]
    return (
        path.endswith(".py")
        and not new.what.endswith(".py")  # a module that is loaded may do anything
        and new.called.isidentifier()
        and not new.called.startswith("__")
        and not hasattr(builtins, new.called)
        and any(each.what.rpartition("/")[0] == module != "" for each in had)
        and all(each.called != new.called for each in had)
        and re.search(rf"\b{new.called}\b", "\n".join(works_of(text))) is None
    )


def _loaded(path: str, text: str, places: Places) -> list[_Loaded]:
    found: list[_Loaded] = []
    worked = 0
    for line in text.splitlines():
        if not _LINE.fullmatch(line):
            worked += bool(line.strip())
            continue
        place = (worked, len(line) - len(line.lstrip()))
        if path.endswith(".py"):
            found += (
                _Loaded(called, what, place)
                for called, what in _loaded_by_python(path, line, places)
            )
        else:
            found.append(_loaded_by_script(path, line, places, place=place))
    return found


def _loaded_by_script(path: str, line: str, places: Places, *, place: tuple[int, int]) -> _Loaded:
    quoted = _QUOTED.search(line)
    if quoted is None:  # of another language
        return _Loaded(line.strip(), _ELSEWHERE, place)
    called = " ".join(re.findall(r"[\w$*]+", line[: quoted.start()] + line[quoted.end() :]))
    what = _ELSEWHERE + quoted[2]
    if quoted[2].startswith("."):
        what = places.target(posixpath.join(posixpath.dirname(path), quoted[2]))
    # A script has what it imports before its first line runs. The names of a list over some lines
    # stand in the lines before.
    hoisted = called.startswith(("import", "export"))
    return _Loaded(called, what, (0, 0) if hoisted else place)


def _loaded_by_python(path: str, line: str, places: Places) -> Iterator[tuple[str, str]]:
    if found := _FROM.fullmatch(line):
        module = _module(path, places, dots=len(found[1]), name=found[2])
        names = re.findall(r"(\w+|\*)(?:\s+as\s+(\w+))?", found[3])
        for name, other in names or [("", "")]:
            yield other or name, places.target(f"{module}/{name}")
    elif found := _IMPORT.fullmatch(line):
        for part in found[1].split(","):
            name, _, other = part.strip().partition(" as ")
            module = _module(path, places, dots=0, name=name.strip())
            yield other.strip() or name.strip(), places.target(module)


def _module(path: str, places: Places, *, dots: int, name: str) -> str:
    parts = name.replace(".", "/")
    if dots:
        return posixpath.normpath(
            posixpath.join(posixpath.dirname(path), "../" * (dots - 1), parts)
        )
    root = places.roots.get(parts.partition("/")[0])
    return _ELSEWHERE + parts if root is None else posixpath.join(root, parts)


def _roots_of(paths: set[str]) -> Mapping[str, str]:
    """The folders that Python finds packages and modules in, as far as the tree shows: the one
    above each outermost package, the root and `src`. A name in two of them is in none.
    """
    found: dict[str, set[str]] = {}
    for path in paths:
        if is_test_file(path):
            continue
        folder, name = posixpath.split(path)
        if name == "__init__.py":
            above, package = posixpath.split(folder)
            if f"{above}/__init__.py".lstrip("/") not in paths:
                found.setdefault(package, set()).add(above)
        for root in ("", "src/"):
            if path.startswith(root):
                first = path.removeprefix(root).partition("/")[0].removesuffix(".py")
                found.setdefault(first, set()).add(root.rstrip("/"))
    return {
        name: next(iter(roots))
        for name, roots in found.items()
        if len(roots) == 1 and name not in sys.stdlib_module_names
    }


def _plain(path: str) -> str:
    """The path of a file as others may spell it."""
    whole = posixpath.normpath(path)
    return "" if whole == "." else _OWN.sub("", _ENDING.sub("", whole))
