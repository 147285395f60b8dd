"""Names the files of the user that a failed check misses and that git ignores."""

import json
import os
import posixpath
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from agentproxy.events.check import CannotRun, CheckResult
from agentproxy.evidence.obstacles.cannot_run import MUTE
from agentproxy.evidence.obstacles.final_errors import final_errors, is_assertion
from agentproxy.files.safe_files import BadPath, SafeDir
from agentproxy.text.colours import strip_colours
from agentproxy.text.sensitive import KEY_FILE, SECRET_FILES

MAX_CANDIDATES = 200
MAX_FOLDERS = 5_000
MAX_ERRORS = 20
MAX_TRIED = 20_000  # paths, for all errors of a result
PACKAGE_LIMIT = 1 << 20
BUILT_FOLDERS = frozenset({"dist", "build", "lib", "out"})
SECRET_NAMES = frozenset(SECRET_FILES)
_MODULE = re.compile(r"No module named '?([A-Za-z_][\w.]{0,200})'?")
_NAME = re.compile(r"cannot import name '(\w{1,100})' from '([\w.]{1,200})'")
_FILE = re.compile(
    r"No such file or directory: '([^'\n]{1,500})'"
    r"|ENOENT: no such file or directory, \w+ '([^'\n]{1,500})'"
    r"|Cannot find (?:module|package) '([^'\n]{1,500})'"
)
_REQUIRED_BY = re.compile(r"^\s*- (/[^\n]{1,500})$", re.MULTILINE)
_EXTENSIONS = re.compile(rb"\bext_modules\b|\bcffi_modules\b|\bcythonize\b")
_ENDINGS = ("", ".js", ".cjs", ".mjs", ".json", ".node", ".ts", "/index.js")


def missing_in(result: CheckResult) -> list[str]:
    """Returns the errors that must each name a missing file, or none where the check ran.

    A text that only mentions a missing file has not failed for it: the last error counts.
    """
    if result.passed or (result.cannot_run and result.cannot_run.kind != "missing_module"):
        return []
    # Where a test passes the check guards something, so it ran.
    if any(test.outcome == "passed" for test in result.tests):
        return []
    messages = dict.fromkeys(test.message for test in result.tests if test.outcome == "failed")
    found: list[str] = []
    for message in messages or ("",):
        # One output is of all tests without a message: each of its errors counts.
        errors = final_errors(strip_colours(result.output if message in MUTE else message))
        found += errors if message in MUTE else errors[-1:]
        if not errors or any(map(is_assertion, found)):
            return []
    return list(dict.fromkeys(found))


def find_candidates(
    errors: Sequence[str], *, root: Path, directory: str, files: Collection[str]
) -> list[list[str]]:
    """Returns for each error the files below `root` that it may mean. Blocking.

    Files among `files`, the paths of the clone, are left out. Of more than MAX_ERRORS errors, or
    after MAX_TRIED paths, none are found.
    """
    if len(errors) > MAX_ERRORS:
        return [[] for _ in errors]
    known = frozenset(files)
    folders = _by_name(known)
    tried = iter(range(MAX_TRIED))
    found: list[list[str]] = []
    for error in errors:
        meant = _meant(error, root=root, directory=directory, folders=folders)
        here = (_existing(root, path) for path, _ in zip(meant, tried, strict=False))
        distinct = dict.fromkeys(path for path in here if path and path not in known)
        found.append(list(distinct)[:MAX_CANDIDATES])
    return found


def _existing(root: Path, path: str) -> str:
    """Returns where a file really is, relative to the root, or "" where it is no file below it."""
    try:
        if not (root / path).is_file():
            return ""
        relative = os.path.relpath(os.path.realpath(root / path), root)
    # A name that is too long, or no text.
    except (OSError, ValueError):
        return ""
    return "" if relative.startswith("..") or "node_modules" in relative else relative


def _by_name(files: Iterable[str]) -> dict[str, list[str]]:
    """Returns the folders of the files by their last name, and all of them by "" too."""
    folders = sorted({posixpath.dirname(path) for path in files})[:MAX_FOLDERS]
    found: dict[str, list[str]] = {"": folders}
    for folder in folders:
        if folder:
            found.setdefault(posixpath.basename(folder), []).append(folder)
    return found


def cannot_run_without(paths: Sequence[str], *, root: Path) -> CannotRun:
    """Says what to write in agentproxy.toml for the first path. Blocking.

    A file that looks secret is not named: nobody is advised to show it to a worker.
    """
    path = next((each for each in paths if not _is_secret(each)), None)
    if path is None:
        text = (
            "the check wants a file that git ignores and that looks secret: clones do not have it"
        )
        return CannotRun(kind="ignored_file", text=text)
    return CannotRun(
        kind="ignored_file",
        subject=path,
        text=(
            f"git ignores {path}, so clones do not have it: "
            f"write {_cure(path, root)} in agentproxy.toml, then run pa trust"
        ),
    )


def _cure(path: str, root: Path) -> str:
    if path.endswith(".so"):
        place = _nearest(path, lambda folder: _builds_extensions(root, folder))
        if place is not None:
            into = "" if place == "." else f"cd {place} && "
            return f'prepare = "{into}python setup.py build_ext --inplace"'
    elif BUILT_FOLDERS & set(path.split("/")[:-1]):
        place = _nearest(path, lambda folder: _has_build_script(root, folder))
        if place is not None:
            return f'prepare = "npm run build{"" if place == "." else f" --prefix {place}"}"'
    line = f"carry = [{json.dumps(path)}]"
    # What a claim does to its source would not be in it.
    return (
        f"{line} (or a prepare that builds it, if its source may change)"
        if path.endswith(".so")
        else line
    )


def reason_at_base(results: Iterable[CheckResult]) -> CannotRun | None:
    """Returns why a check could not run at the base, if it missed a file that git ignores."""
    reasons = (result.cannot_run for result in results)
    return next((reason for reason in reasons if reason and reason.kind == "ignored_file"), None)


def _is_secret(path: str) -> bool:
    # A test of the base that opens `.env` asks for it itself, and a person may carry it.
    names = path.split("/")
    return KEY_FILE.fullmatch(names[-1]) is not None or not SECRET_NAMES.isdisjoint(names)


def _meant(
    error: str, *, root: Path, directory: str, folders: Mapping[str, Sequence[str]]
) -> Iterator[str]:
    error = error.replace("\0", "")
    modules = [match[1] for match in _MODULE.finditer(error)]
    modules += [f"{match[2]}.{match[1]}" for match in _NAME.finditer(error)]
    for module in dict.fromkeys(modules):
        yield from _of_module(module, root, folders)
    required_by = [posixpath.dirname(match[1]) for match in _REQUIRED_BY.finditer(error)]
    for match in _FILE.finditer(error):
        name = match[1] or match[2] or match[3]
        if match[3] and not name.startswith((".", "/")):
            continue
        for place in (str(root / directory), str(root), *required_by):
            for ending in _ENDINGS:
                yield os.path.relpath(posixpath.join(place, name) + ending, root)


def _of_module(module: str, root: Path, folders: Mapping[str, Sequence[str]]) -> Iterator[str]:
    package, _, name = module.rpartition(".")
    inside = package.replace(".", "/")
    for folder in folders.get(posixpath.basename(inside), ()):
        if inside and not f"/{folder}".endswith(f"/{inside}"):
            continue
        yield from (posixpath.join(folder, name + ending) for ending in (".py", "/__init__.py"))
        # The name of a compiled module holds the version of Python.
        compiled = [*sorted((root / folder).glob(f"{name}.*.so")), root / folder / f"{name}.so"]
        yield from (posixpath.join(folder, each.name) for each in compiled)


def _nearest(path: str, builds: Callable[[str], bool]) -> str | None:
    """Returns the nearest folder above that builds it."""
    place: str = posixpath.dirname(path)
    while True:
        if builds(place):
            return place or "."
        if not place:
            return None
        place = posixpath.dirname(place)


def _builds_extensions(root: Path, place: str) -> bool:
    with SafeDir(root) as opened:
        try:
            text = opened.read(posixpath.join(place, "setup.py"), limit=PACKAGE_LIMIT)
        except (OSError, BadPath):
            return False
    return _EXTENSIONS.search(text) is not None


def _has_build_script(root: Path, place: str) -> bool:
    with SafeDir(root) as opened:
        try:
            text = opened.read(posixpath.join(place, "package.json"), limit=PACKAGE_LIMIT)
            return bool(json.loads(text)["scripts"]["build"])
        except (OSError, BadPath, ValueError, KeyError, TypeError):
            return False
