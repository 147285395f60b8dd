"""Reads the names of tests: their file, and whether a text or a pattern means them."""

import re
from collections.abc import Collection, Sequence
from fnmatch import fnmatchcase

_SOURCE = re.compile(r"\S+\.(?:py|[cm]?[jt]sx?|rb|php|t|java)")
_BY_TITLE = re.compile(r".+\.(?:[cm]?[jt]sx?|go)")
_DISTINCT = re.compile(r"\w[\s_]+\w|[a-z][A-Z]|::")


def file_of(name: str) -> str:
    """Returns the file that a test name begins with, or "" where the runner gives none."""
    file, separator, _ = name.partition("::")
    if separator or _SOURCE.fullmatch(name):
        return file
    return ""


def file_of_test(name: str) -> str:
    """The file of a test, "" where the name is another kind of check: a doctest, a style rule."""
    return file_of(name) if re.split("::| > ", name)[-1].lower().startswith("test") else ""


def is_whole_file(name: str) -> bool:
    """Whether the name is that of a file that could not be loaded."""
    return bool(name) and file_of(name) == name


def title_of(name: str) -> str:
    """The test's own name, without its file, its suites, its parameters and Go's subtests."""
    title = re.split(r"::| > ", name)[-1].partition("[")[0]
    return title.partition("/")[0] if file_of(name).endswith("_test.go") else title


def is_named_by(name: str, task: str) -> bool:
    """Whether the text of a task names this test, and not only its file."""
    leaf = re.split(r"::| > ", name)[-1]
    bare = leaf.partition("[")[0]
    # A title of one common word, such as "adds", occurs in any sentence.
    return any(
        _DISTINCT.search(title) is not None and _has_words(task, title)
        for title in (name, leaf, bare)
    )


def is_file_named_by(name: str, task: str) -> bool:
    """Whether the text names the file of the test, and not one test in it."""
    file = file_of(name)
    base = file.rpartition("/")[2]
    if not base or base not in task:
        return False
    return any(
        re.search(rf"(?<![\w.-]){re.escape(title)}(?![\w-]|::|\.\w)", task) is not None
        for title in (file, base)
    )


def is_known_red(name: str, patterns: Sequence[str]) -> bool:
    return any(_means(pattern, name) for pattern in patterns if pattern)


def is_changed(file: str, changed: Collection[str]) -> bool:
    """Whether the claim changes a test file, or a conftest.py that applies to it."""
    return any(
        same_file(file, other)
        or (other.rpartition("/")[2] == "conftest.py" and _applies_to(other, file))
        for other in changed
    )


def _means(pattern: str, name: str) -> bool:
    return any(_means_exactly(pattern, each) for each in (name, _titles(name)))


def _titles(name: str) -> str:
    """A test of JavaScript or Go without its file, under which people know it."""
    file, separator, titles = name.partition("::")
    return titles if separator and _BY_TITLE.fullmatch(file) else name


def _means_exactly(pattern: str, name: str) -> bool:
    if pattern == name or (pattern.endswith("::") and name.startswith(pattern)):
        return True
    if file_of(name) == pattern or name.startswith(f"{pattern}::"):
        return True
    if pattern.endswith("/") and name.startswith(pattern):
        return True
    # A bracket in a test name begins a parameter, never a class of characters.
    return fnmatchcase(name, pattern.replace("[", "[[]"))


def _has_words(text: str, words: str) -> bool:
    # Most names do not occur at all, and compiling a pattern for each is the largest cost here.
    return words in text and re.search(rf"(?<!\w){re.escape(words)}(?!\w)", text) is not None


def same_file(one: str, other: str) -> bool:
    # A check may run in a folder below the root, so that its paths are shorter, or the reverse.
    return one == other or one.endswith(f"/{other}") or other.endswith(f"/{one}")


def _applies_to(conftest: str, file: str) -> bool:
    folder = conftest.rpartition("/")[0]
    return not folder or f"/{folder}/" in f"/{file}" or f"/{file}".startswith(f"/{folder}/")
