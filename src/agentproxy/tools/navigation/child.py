"""Searches texts in a process of its own, which can be killed: a pattern may take for ever.

It is run as a file with the standard library alone. It reads a question as JSON, and prints the
answer as JSON.
"""

import ast
import json
import re
import resource
import sys
from collections.abc import Iterator, Mapping
from typing import Any, cast

SECONDS = 10
MEMORY = 2 << 30  # bytes
LINE = 10_000  # characters of a line that are searched
SHOWN = 300  # characters of a line that are shown
Found = tuple[int, str]  # the number of a line, and what stands there

NAME = r"[A-Za-z_$][\w$]*"
SCRIPT = (
    r"^\s*(?:export\s+)?(?:default\s+)?(?:async\s+)?function\b",
    rf"^\s*(?:export\s+)?(?:default\s+)?(?:abstract\s+)?class\s+{NAME}",
    rf"^\s*(?:export\s+)?(?:interface|enum|type|namespace)\s+{NAME}",
    rf"^(?:export\s+)?(?:const|let|var)\s+{NAME}\s*(?::[^=]{{0,200}})?=\s*"
    rf"(?:async\s*)?(?:\(|function\b|{NAME}\s*=>)",
)
PATTERNS: Mapping[str, tuple[str, ...]] = {
    **dict.fromkeys(("js", "jsx", "ts", "tsx", "mjs", "cjs"), SCRIPT),
    "go": (r"^func\b", r"^type\s+\w+"),
    "rs": (
        r"^\s*(?:pub(?:\([^)]{0,40}\))?\s+)?(?:async\s+)?(?:unsafe\s+)?"
        r"(?:fn|struct|enum|trait|mod)\s+\w+",
        r"^\s*(?:unsafe\s+)?impl\b",
    ),
    "rb": (r"^\s*(?:def|class|module)\s+\S+",),
    "php": (
        r"^\s*(?:(?:abstract|final)\s+)?(?:class|interface|trait|enum)\s+\w+",
        r"^\s*(?:(?:public|protected|private|static|final|abstract)\s+){0,4}function\s+\w+",
    ),
    **dict.fromkeys(
        ("java", "kt", "cs", "swift"),
        (
            r"^\s*(?:\w+\s+){0,5}(?:class|interface|enum|record|struct|protocol)\s+\w+",
            r"^\s*(?:\w+\s+){0,5}(?:fun|func)\s+\w+",
            r"^\s+(?:(?:public|protected|private|static|final|abstract|override)\s+){1,5}"
            r"[\w<>\[\], ]{1,80}\s\w+\s*\(",
        ),
    ),
    **dict.fromkeys(
        ("c", "h", "cpp", "hpp", "cc"),
        (
            r"^(?:struct|class|enum|union|namespace)\s+\w+",
            r"^[A-Za-z_][\w *&:<>,]{0,120}\b[\w:~]+\s*\([^;]{0,300}$",
        ),
    ),
    "sh": (r"^\s*(?:function\s+)?[\w-]+\s*\(\)",),
    "bash": (r"^\s*(?:function\s+)?[\w-]+\s*\(\)",),
    "md": (r"^#{1,6}\s+\S",),
    "sql": (r"(?i)^\s*create\s+(?:or\s+replace\s+)?(?:table|view|function|procedure|index)\b",),
}


def search(
    files: list[list[str]], pattern: str, *, most: int, ignore_case: bool
) -> list[list[Any]]:
    """Returns at most `most` lines that match, each with its path and number."""
    found: list[list[Any]] = []
    expression = re.compile(pattern, re.IGNORECASE if ignore_case else 0)
    for path, text in files:
        for number, line in enumerate(text.splitlines(), start=1):
            if expression.search(line[:LINE]):
                found.append([path, number, line.strip()[:SHOWN]])
                if len(found) >= most:
                    return found
    return found


def symbols(path: str, text: str) -> list[Found]:
    """Returns what a file defines, in its order."""
    ending = path.rpartition(".")[2].lower()
    if ending in ("py", "pyi"):
        try:
            return sorted(_python(ast.parse(text), depth=0))
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return _by_lines(text, (r"^\s*(?:async\s+def|def|class)\s+\w+",))
    return _by_lines(text, PATTERNS.get(ending, ()))


def _by_lines(text: str, patterns: tuple[str, ...]) -> list[Found]:
    expressions = [re.compile(pattern) for pattern in patterns]
    return [
        (number, line.rstrip()[:SHOWN])
        for number, line in enumerate(text.splitlines(), start=1)
        if any(expression.search(line[:SHOWN]) for expression in expressions)
    ]


def _python(node: ast.AST, *, depth: int) -> Iterator[Found]:
    for inner in ast.iter_child_nodes(node):
        indent = "  " * depth
        match inner:
            case ast.ClassDef():
                bases = ", ".join(ast.unparse(base) for base in inner.bases)
                yield inner.lineno, f"{indent}class {inner.name}{f'({bases})' if bases else ''}"
                yield from _python(inner, depth=depth + 1)
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                word = "async def" if isinstance(inner, ast.AsyncFunctionDef) else "def"
                head = f"{word} {inner.name}({ast.unparse(inner.args)})"
                yield inner.lineno, f"{indent}{head}"[:SHOWN]
                yield from _python(inner, depth=depth + 1)
            case ast.Assign(targets=[ast.Name(id=name)]) if not depth:
                yield inner.lineno, f"{name} = ..."
            case ast.AnnAssign(target=ast.Name(id=name)) if not depth:
                yield inner.lineno, f"{name}: {ast.unparse(inner.annotation)}"[:SHOWN]
            case ast.If() | ast.Try() | ast.With():
                yield from _python(inner, depth=depth)
            case _:
                pass


def answer(question: Mapping[str, Any]) -> object:
    """Returns the answer to a question of `find`. A bad pattern is told as `error`."""
    files = cast("list[list[str]]", question["files"])
    if question["what"] == "symbols":
        ((path, text),) = files
        return {"found": symbols(path, text)}
    chosen = {name: question[name] for name in ("pattern", "most", "ignore_case")}
    try:
        return {"found": search(files, **chosen)}
    except (re.error, OverflowError, RecursionError) as error:
        return {"error": f"the pattern is wrong: {error}"}


def main() -> None:
    """Answers the question on the standard input."""
    # Nobody may be there any more to kill it.
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    json.dump(answer(json.load(sys.stdin)), sys.stdout)


if __name__ == "__main__":
    main()
