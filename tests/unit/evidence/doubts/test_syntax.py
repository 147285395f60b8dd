"""A changed file that cannot be parsed is seen, and what cannot be told is not accused."""

import pytest

from agentproxy.evidence.doubts.syntax import find_broken

PYTHON = "def f():\n    return 1\n"
TORN = "def f(:\n    return 1\n"


def broken(path: str, before: str | None, after: str | None) -> str:
    sides = [None if text is None else text.encode() for text in (before, after)]
    return find_broken(path, *sides)


@pytest.mark.parametrize(
    ("path", "before", "after"),
    [
        ("src/a.py", PYTHON, TORN),
        ("src/a.py", None, TORN),
        ("src/a.py", PYTHON, "def f():\nreturn 1\n"),
        ("src/a.py", PYTHON, "<<<<<<< ours\nx = 1\n=======\nx = 2\n>>>>>>> theirs\n"),
        ("src/a.py", None, "return 1\n"),
        ("src/a.py", PYTHON, "print 'python 2'\n)"),
        ("tests/test_a.py", PYTHON, TORN),
        ("tests/data/a.py", PYTHON, TORN),
        ("package.json", "{}", '{"a": 1,}'),
        ("config.json", "{}", '{"a": 1'),
        ("pyproject.toml", "a = 1\n", "a = \n"),
        ("a.js", "f()", "function f( {"),
        ("a.jsx", "f()", "const a = <div><p></div>;"),
        ("a.ts", "f()", "function f(): number { return 1"),
        ("a.tsx", None, "export const a = () => { <b>x</b>"),
        ("a.ts", "f()", "<<<<<<< ours\nf()\n=======\ng()\n>>>>>>> theirs\n"),
    ],
)
def test_a_file_that_a_claim_breaks_is_seen(path: str, before: str | None, after: str) -> None:
    assert broken(path, before, after)


@pytest.mark.parametrize(
    ("path", "before", "after"),
    [
        ("src/a.py", PYTHON, PYTHON + "\n\nasync def g() -> None: ...\n"),
        ("src/a.py", PYTHON, None),
        ("src/a.py", PYTHON, ""),
        ("src/old.py", "print 'python 2'\n", "print 'python 2', 3\n"),  # it never parsed
        ("src/old.py", None, "print 'python 2'\n"),
        ("src/a.py", PYTHON, "type Point = tuple[float, float]\n"),  # Python 3.12
        ("src/a.py", PYTHON, "def first[T](of: list[T]) -> T:\n    return of[0]\n"),
        ("src/a.py", PYTHON, "class Box[T]: ...\n"),
        ("src/a.py", PYTHON, 'x = f\'{a["b"]} {\', \'.join(c)}\'\ny = f"{a["b"]}"\n'),
        ("src/a.py", PYTHON, "try:\n    f()\nexcept A, B:\n    pass\n"),  # Python 3.14
        ("src/a.py", PYTHON, 'x = t"{a}"\n'),
        ("{{cookiecutter.name}}/a.py", None, "import {{cookiecutter.name}}\n"),
        ("templates/a.py", None, TORN),
        ("src/a.py", None, "from {{ name }} import x\n"),
        ("tests/fixtures/broken.py", None, TORN),
        ("examples/wrong.py", None, TORN),
        ("tsconfig.json", "{}", '{\n  // a comment\n  "a": ["b", /* c */],\n}'),
        ("url.json", "{}", '{"a": "http://b", // c\n"d": 1}'),
        ("lines.json", "{}", '{"a": 1}\n{"a": 2}\n'),
        ("bom.json", "{}", '\ufeff{"a": 1}'),
        ("a.jsonc", "{}", "{,"),
        ("a.js", "f()", 'import a from "./a.json" with { type: "json" };'),
        ("a.js", "f()", 'import a from "./a.json" assert { type: "json" };'),
        ("a.js", "f()", "class A { accessor x = 1; }"),
        ("a.js", "f()", "// @flow\nconst f = (a: number) => a;"),
        ("a.js", "f()", "#!/usr/bin/env node\nconst a = <b {...c}>d</b>;"),
        ("a.ts", "f()", 'type A = import("x").Y<Z>;'),
        ("a.ts", "f()", "interface A<in out T> { x: T }"),
        ("a.ts", "f()", "const a = <T>b;"),
        ("a.vue", "x", "<<<"),
    ],
)
def test_what_parses_or_cannot_be_told_is_not(path: str, before: str, after: str | None) -> None:
    assert broken(path, before, after) == ""
