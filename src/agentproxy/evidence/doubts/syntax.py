"""Whether a file that a claim changes can still be parsed. Pure.

What cannot be told counts as parsed: syntax that is newer or older than our parsers, templates,
JSON with comments.
"""

import json
import re
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Literal, NamedTuple

from agentproxy.evidence.falsification.stubs.languages import language_of

# What parses TOML and JavaScript is imported where there is some: that takes longer than to parse.
if TYPE_CHECKING:
    from tree_sitter import Node

# Folders whose files are input of tests or of a generator, and may be broken on purpose.
_MATERIAL = re.compile(
    r"_*(?:fixtures?|testdata|test[-_]data|data|samples?|examples?|snapshots?|resources|corpus"
    r"|templates?|skeletons?|scaffolds?|cookiecutter|vendor|third[-_]party|node_modules)_*",
    re.IGNORECASE,
)
_TEMPLATE = re.compile(r"\{\{|\{%|<%|\$\{\w+\}\.|^<<<<.*>>>>$", re.MULTILINE)
# Python that is newer than the interpreter that parses here.
_NEWER_PYTHON = re.compile(
    r"^\s*type\s+\w|\b(?:def|class)\s+\w+\s*\[|\bexcept\s+[\w.]+\s*,|\b[rR]?[fFtT][rR]?['\"]"
    r"|^\s*lazy\s+(?:import|from)\b"
)
_PYTHON_2 = re.compile(r"^\s*(?:print|exec|raise)\b\s*[^(\s]|`|<>|\b0\d|\b[uU][rR]['\"]")
_OTHER_JAVASCRIPT = re.compile(
    r"\bimport\s*\(|\bassert\s*\{|\baccessor\b|\bimport\s+(?:defer|source)\b|<\s*(?:in|out)\s"
)
_JSON_COMMENTS = re.compile(r"(\"(?:[^\"\\\n]|\\.)*\")|//[^\n]*|/\*.*?\*/|,(?=\s*[}\]])", re.DOTALL)
_STRICT_JSON = ("package.json", "composer.json")
_PAIRS = ("()", "[]", "{}")


class _Fault(NamedTuple):
    """Why a file cannot be parsed; `excuse` is set where only our parser may lack something."""

    text: str
    excuse: Literal["", "any", "in_new_files"] = ""


_Parse = Callable[[str, bytes], _Fault | None]


def find_broken(path: str, before: bytes | None, after: bytes | None) -> str:
    """Why a changed file cannot be parsed although it could be at the base, or is new; "" where
    it can, or where that cannot be told.
    """
    parse = _parser_for(path)
    if parse is None or after is None or not after.strip():
        return ""
    if before is None and (_is_material(path) or _looks_made_of_parts(path, after)):
        return ""
    if before is not None and parse(path, before) is not None:
        return ""
    fault = parse(path, after)
    if fault is None or fault.excuse == "any" or (fault.excuse and before is None):
        return ""
    return fault.text


def _is_material(path: str) -> bool:
    return any(_MATERIAL.fullmatch(folder) for folder in path.split("/")[:-1])


def _looks_made_of_parts(path: str, content: bytes) -> bool:
    return "{" in path or _TEMPLATE.search(content.decode(errors="replace")) is not None


def _parser_for(path: str) -> _Parse | None:
    if path.endswith((".py", ".pyi")):
        return _parse_python
    if path.endswith(".json"):
        return _parse_json
    if path.endswith(".toml"):
        return _parse_toml
    return _parse_javascript if language_of(path) not in (None, "python") else None


def _parse_python(path: str, content: bytes) -> _Fault | None:
    try:
        compile(content, path, "exec", dont_inherit=True)
    except SyntaxError as error:
        lines = content.decode(errors="replace").splitlines()
        number = error.lineno or 0
        around = lines[max(0, number - 2) : number]
        text = f"{error.msg} (line {number})" if number else str(error.msg)
        if any(_NEWER_PYTHON.search(line) for line in around):
            return _Fault(text, "any")
        return _Fault(text, "in_new_files" if any(map(_PYTHON_2.search, around)) else "")
    except (ValueError, RecursionError, MemoryError):
        return _Fault("the parser gave up", "any")
    return None


def _parse_json(path: str, content: bytes) -> _Fault | None:
    try:
        json.loads(content)
    except json.JSONDecodeError as error:
        lenient = not path.endswith(_STRICT_JSON) and _is_json_with_comments(content)
        return _Fault(f"{error.msg} (line {error.lineno})", "any" if lenient else "")
    except (ValueError, RecursionError):
        return _Fault("the parser gave up", "any")
    return None


def _is_json_with_comments(content: bytes) -> bool:
    text = content.decode("utf-8-sig", errors="replace")
    # Twice: a comma may stand before a comment that stands before the bracket.
    for _ in range(2):
        text = _JSON_COMMENTS.sub(lambda match: match[1] or "", text)
    first_line = text.partition("\n")[0]  # a file may hold a document a line
    return _loads(text) or _loads(first_line)


def _loads(text: str) -> bool:
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True


def _parse_toml(_: str, content: bytes) -> _Fault | None:
    import tomllib

    try:
        tomllib.loads(content.decode())
    except tomllib.TOMLDecodeError as error:
        return _Fault(str(error)[:200])
    except (ValueError, RecursionError):
        return _Fault("the parser gave up", "any")
    return None


def _parse_javascript(path: str, content: bytes) -> _Fault | None:
    from agentproxy.evidence.falsification.stubs.javascript_functions import parse_javascript

    dialect = language_of(path)
    assert dialect is not None
    assert dialect != "python"
    root = parse_javascript(content, dialect)
    error = next(_errors_in(root), None) if root.has_error else None
    if error is None:
        return None
    # The grammar lacks some types of TypeScript.
    lacks = dialect != "javascript" and not _is_torn(root)
    flow = b"@flow" in content[:1000]
    unknown = lacks or flow or _is_other_javascript(content, error)
    return _Fault(f"syntax error (line {error.start_point.row + 1})", "any" if unknown else "")


def _is_other_javascript(content: bytes, error: "Node") -> bool:
    lines = content.decode(errors="replace").splitlines()
    first, last = error.start_point.row, min(error.end_point.row, error.start_point.row + 20)
    return any(_OTHER_JAVASCRIPT.search(line) for line in lines[max(0, first - 1) : last + 1])


def _errors_in(root: "Node") -> "Iterator[Node]":
    todo = [root]
    while todo:
        node = todo.pop()
        if node.is_error or node.is_missing:
            yield node
        elif node.has_error:
            todo += reversed(node.children)


def _is_torn(root: "Node") -> bool:
    """Whether a bracket has no partner, or a conflict of a merge was left."""
    counts: dict[str, int] = {}
    todo = [root]
    while todo:
        node = todo.pop()
        if not node.child_count:
            kind = node.type if not node.is_missing else ""
            counts[kind] = counts.get(kind, 0) + 1
        todo += node.children
    marks = re.search(rb"^(?:<{7}|>{7}) ", root.text or b"", re.MULTILINE)
    return marks is not None or any(
        counts.get(pair[0], 0) != counts.get(pair[1], 0) for pair in _PAIRS
    )
