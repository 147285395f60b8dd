"""Finding things in a workspace: what is found, and what stays within bounds."""

import asyncio
import time
from pathlib import Path
from typing import cast

import pytest
from pydantic import JsonValue

from agentproxy.tools.navigation.child import symbols
from agentproxy.tools.navigation.globs import BadGlob, matches, parts_of
from agentproxy.tools.navigation.tools import navigation_tools
from agentproxy.tools.port import Arguments, BadArguments, Bench, Tool
from agentproxy.workspace.environment.job_layout import JobLayout
from agentproxy.workspace.sandbox.port import Sandbox


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    tree = tmp_path / "tree"
    (tree / "src/deep").mkdir(parents=True)
    (tree / "src/main.py").write_text("import os\n\n\ndef start(path):\n    return Start(path)\n")
    (tree / "src/deep/other.js").write_text("export function start() {}\nrestart();\n")
    (tree / "notes.txt").write_text("Start here. a+b\n")
    (tmp_path / "secret.py").write_text("start secret\n")
    (tree / "link").symlink_to(tmp_path)
    (tree / ".agent").mkdir()
    (tree / ".agent/memory.md").write_text("start of memory\n")
    (tree / "binary").write_bytes(b"start\0")
    (tree / "large.txt").write_text("start\n" * 100_000)
    place = JobLayout(root=str(tree), cwd=str(tree), env={})
    no = cast("Sandbox", None)
    return Bench(tree=tree, place=place, sandbox=no, home=tmp_path, show=lambda _text: None)


def call(bench: Bench, tool: str, **arguments: JsonValue) -> str:
    return asyncio.run(named(tool).run(arguments, bench)).text


def named(tool: str, *, seconds: float = 10) -> Tool:
    return next(each for each in navigation_tools(seconds=seconds) if each.spec.name == tool)


@pytest.mark.parametrize(
    ("glob", "path", "fits"),
    [
        ("", "a/b.py", True),
        ("*.py", "b.py", True),
        ("*.py", "a/b/c.py", True),
        ("*.py", "a/b/c.js", False),
        ("src/*.py", "src/a.py", True),
        ("src/*.py", "src/a/b.py", False),
        ("src/**/*.py", "src/a.py", True),
        ("src/**/*.py", "src/a/b/c.py", True),
        ("src/**/*.py", "lib/src/a.py", False),
        ("**/test_*", "a/test_x", True),
        ("src/", "src/a/b", True),
        ("src/", "lib/a", False),
        ("./src/a.py", "src/a.py", True),
        ("a/**/b/**/c", "a/x/b/y/z/c", True),
    ],
)
def test_a_pattern_of_paths_fits_what_its_parts_fit(glob: str, path: str, fits: bool) -> None:
    assert matches(path.split("/"), parts_of(glob)) is fits


def test_a_pattern_of_paths_takes_no_time() -> None:
    began = time.monotonic()
    parts = parts_of("/".join(["**/*a*a*a*a"] * 12) + "/b")
    assert not matches(["a" * 200] * 100, parts)
    assert time.monotonic() - began < 1


@pytest.mark.parametrize("glob", ["../*", "/etc/*", "a/../../*", "~/x", "a" * 501, "a/" * 40])
def test_a_pattern_that_leads_out_or_is_too_long_is_refused(bench: Bench, glob: str) -> None:
    with pytest.raises(BadGlob):
        parts_of(glob)
    for tool, name in (("search_code", "query"), ("find_references", "symbol")):
        said = call(bench, tool, path_glob=glob, **{name: "start"})
        assert said.startswith("Error: ")
        assert "secret" not in said


def test_a_search_finds_lines_of_texts_in_the_workspace_and_nothing_else(bench: Bench) -> None:
    assert call(bench, "search_code", query="start") == (
        "notes.txt:1: Start here. a+b\n"
        "src/deep/other.js:1: export function start() {}\n"
        "src/deep/other.js:2: restart();\n"
        "src/main.py:4: def start(path):\n"
        "src/main.py:5: return Start(path)"
    )
    assert call(bench, "search_code", query="start", case_sensitive=True, path_glob="*.py") == (
        "src/main.py:4: def start(path):"
    )
    assert call(bench, "search_code", query="a+b") == "notes.txt:1: Start here. a+b"
    assert call(bench, "search_code", query=r"^def \w+", regex=True) == (
        "src/main.py:4: def start(path):"
    )
    assert call(bench, "search_code", query="nothing of this") == "No matches."
    assert call(bench, "search_code", query="start", max_results=1) == (
        "notes.txt:1: Start here. a+b\n(the first 1 results)"
    )


def test_a_name_is_found_as_a_word_in_its_case(bench: Bench) -> None:
    assert call(bench, "find_references", symbol="start") == (
        "src/deep/other.js:1: export function start() {}\nsrc/main.py:4: def start(path):"
    )
    assert "restart" in call(bench, "find_references", symbol="start", whole_word=False)
    assert "Start(path)" in call(bench, "find_references", symbol="start", case_sensitive=False)


def test_a_pattern_that_would_take_for_ever_is_stopped_and_a_wrong_one_is_named(
    bench: Bench,
) -> None:
    (bench.tree / "trap").write_text("a" * 5000 + "\n")
    began = time.monotonic()
    trap: Arguments = {"query": "(a+)+$b|(a|aa)+c", "regex": True, "path_glob": "trap"}
    stopped = asyncio.run(named("search_code", seconds=1).run(trap, bench))
    assert stopped.text == "Error: it took longer than 1s: use a simpler pattern"
    assert time.monotonic() - began < 20
    assert call(bench, "search_code", query="(", regex=True).startswith(
        "Error: the pattern is wrong"
    )


def test_at_most_200_results_are_given(bench: Bench) -> None:
    (bench.tree / "many").write_text("word\n" * 500)
    said = call(bench, "search_code", query="word", max_results=1000)
    assert said.count("many:") == 200
    assert call(bench, "search_code", query="word").count("many:") == 50


def test_lines_of_a_file_are_read_with_or_without_their_numbers(bench: Bench) -> None:
    more: dict[str, JsonValue] = {"path": "src/main.py", "start_line": 4, "end_line": 9}
    assert (
        call(bench, "read_file_range", **more) == "4: def start(path):\n5:     return Start(path)"
    )
    assert call(bench, "read_file_range", include_line_numbers=False, **more) == (
        "def start(path):\n    return Start(path)"
    )
    far = {**more, "start_line": 6}
    assert call(bench, "read_file_range", **far) == "Error: the file has 5 lines"
    for path in ("../secret.py", "link/secret.py", "/etc/passwd"):
        assert "Path escapes workspace" in call(
            bench, "read_file_range", path=path, start_line=1, end_line=1
        )
    assert "larger than" in call(
        bench, "read_file_range", path="large.txt", start_line=1, end_line=1
    )


@pytest.mark.parametrize(
    ("tool", "arguments"),
    [
        ("read_file_range", {"path": "a", "start_line": 2, "end_line": 1}),
        ("read_file_range", {"path": "a", "start_line": 1, "end_line": 2001}),
        ("read_file_range", {"path": "a", "start_line": 0, "end_line": 1}),
        ("read_file_range", {"path": "a", "end_line": 1}),
        ("search_code", {"query": ""}),
        ("search_code", {"query": "a", "regex": "yes"}),
        ("search_code", {"query": "a", "path_glob": 3}),
        ("find_references", {"symbol": "x" * 1001}),
        ("list_symbols", {}),
    ],
)
def test_arguments_that_cannot_be_used_are_named(
    bench: Bench, tool: str, arguments: dict[str, JsonValue]
) -> None:
    with pytest.raises(BadArguments):
        call(bench, tool, **arguments)


def test_symbols_of_python_come_from_its_syntax(bench: Bench) -> None:
    (bench.tree / "m.py").write_text(
        'LIMIT = 3\nname: str = "x"\n\n\nclass A(Base):\n    async def run(self, x: int) -> None:\n'
        '        """def no(): pass"""\n\n\ndef main(*args): ...\n'
    )
    assert call(bench, "list_symbols", path="m.py") == (
        "1: LIMIT = ...\n2: name: str\n5: class A(Base)\n6:   async def run(self, x: int)\n"
        "10: def main(*args)"
    )
    assert call(bench, "list_symbols", path="m.py", max_results=1) == (
        "1: LIMIT = ...\n(the first 1 results)"
    )
    assert call(bench, "list_symbols", path="notes.txt") == "No symbols found."
    assert "Path escapes workspace" in call(bench, "list_symbols", path="../secret.py")


@pytest.mark.parametrize(
    ("path", "text", "lines"),
    [
        ("a.py", "def f(:\nclass B:\n", [1, 2]),  # not valid: by its lines
        ("a.py", "(" * 20_000, []),
        (
            "a.ts",
            "export class A {\n}\nconst f = async (x) => 1;\nlet y = 3;\n"
            "export default function g() {}\nexport interface I {}\n",
            [1, 3, 5, 6],
        ),
        ("a.go", "package a\nfunc (x *T) Do() {}\ntype T struct {\n}\nvar x = 1\n", [2, 3]),
        ("a.rs", "pub(crate) fn f() {}\nstruct S;\nimpl S {\n    fn g() {}\n}\n", [1, 2, 3, 4]),
        (
            "A.java",
            "public class A {\n  private int f(int x) {\n    return 1;\n  }\n}\n",
            [1, 2],
        ),
        ("a.rb", "class A\n  def f\n  end\nend\n", [1, 2]),
        ("a.c", "int main(void)\n{\n  return f(1);\n}\n", [1]),
        ("a.md", "# Title\ntext\n## Part\n", [1, 3]),
        ("a.unknown", "def f\n", []),
    ],
)
def test_symbols_of_other_languages_come_from_their_lines(
    path: str, text: str, lines: list[int]
) -> None:
    assert [number for number, _ in symbols(path, text)] == lines
