"""Whether a task speaks of a file, a function, or something that a person calls. Pure."""

import re

# Files that are known by the name of their folder.
_OF_FOLDER = {"__init__", "index", "mod", "main", "__main__"}
_CODE = re.compile(r"(?<=[^_])_(?=[^_])|[a-z][A-Z]|\d")
_OF_USE = re.compile(
    r"\b(?:sub)?commands?\b|\boptions?\b|\bflags?\b|\bswitch(?:es)?\b|\broutes?\b|\bendpoints?\b"
    r"|\bpages?\b|\bcli\b|\bcommand[- ]line\b|(?<![\w-])--[a-z]"
    r"|\b(?:GET|POST|PUT|PATCH|DELETE)\s+`?/|\bmenu\b|\bbutton\b",
    re.IGNORECASE,
)


def asks_for_use(task: str) -> bool:
    """Whether a task speaks of something that a person calls: a command, an option, a page."""
    return _OF_USE.search(task) is not None


def spells(task: str, name: str) -> bool:
    """Whether the letters of a name are in a task, however it spells it."""
    plain = re.sub(r"[-_\s]", "", task).lower()
    return name.replace("_", "").lower() in plain


def wants_raised(task: str, name: str) -> bool:
    """Whether a task wants code to raise an error of this name."""
    before = r"\b(?:rais|throw)\w*\s+(?:an?\s+|the\s+|its\s+|this\s+)?(?:\w+\s+)?[`'\"]?"
    return re.search(rf"{before}{re.escape(name)}\b", task, re.IGNORECASE) is not None


def has_stem_of(task: str, path: str) -> bool:
    """Whether a path, or the name of its file, is a word of a task, whatever it means there."""
    stem = path.rpartition("/")[2].partition(".")[0]
    return path in task or (
        len(stem) > 1
        and re.search(rf"(?<!\w){re.escape(stem)}(?!\w)", task, re.IGNORECASE) is not None
    )


def means_file(task: str, path: str) -> bool:
    """Whether a task means a file, by its name, its dotted name or its place in the sentence."""
    name = path.rpartition("/")[2]
    if name in task and re.search(rf"(?<![\w-]){re.escape(name)}(?!\w)", task):
        return True
    dotted = path.rpartition(".")[0].removeprefix("src/").replace("/", ".")
    if "." in dotted and dotted in task:
        return True
    stem = stem_of(path)
    # A sentence may begin with the name, or put it in the plural of nothing: only case is ignored.
    return stem.lower() in task.lower() and _is_named_as_such(stem, task, re.IGNORECASE)


def means_function(task: str, name: str) -> bool:
    """Whether a task means a function, rather than a word of its own: "add" is in most tasks."""
    quoted = rf"[`'\"]{name}(?:\(\))?[`'\"]|(?<!\w){name}\(|\w\.{name}(?!\w)"
    if _CODE.search(name) or re.search(quoted, task):
        return True
    return _is_named_as_such(name, task)


def stem_of(path: str) -> str:
    """The name that a file is known by: that of its folder where its own says nothing."""
    *folders, name = path.split("/")
    stem = name.partition(".")[0]
    return folders[-1] if stem in _OF_FOLDER and folders else stem


def _is_named_as_such(name: str, task: str, flags: int = 0) -> bool:
    word = re.escape(name)
    before = r"(?:for|of|covers?|covering|tests?|testing|exercis\w+|verif\w+)\s+"
    kind = r"(?:functions?|methods?|class(?:es)?|modules?|helpers?|files?|package)"
    article = rf"(?:(?:the|our|a|an|its)\s+)?(?:{kind}\s+)?"
    said = rf"\b{before}{article}{word}\b|\b{word}\s+{kind}\b|(?:,|\band)\s+{word}\s*(?:[.,;]|$)"
    return re.search(said, task, flags) is not None
