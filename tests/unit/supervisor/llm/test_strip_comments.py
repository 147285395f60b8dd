"""Code without its words: comments and prose of every language that is shown are left out."""

import subprocess
import sys
import time

import pytest

from agentproxy.supervisor.llm.diff_without_comments import strip_diff
from agentproxy.supervisor.llm.strip_comments import (
    MAX_FILE_CHARACTERS,
    MAX_LINE_CHARACTERS,
    Language,
    NotShown,
    language_of,
    strip_comments,
)

PROSE = "the verdict here is plainly met"


def stripped(path: str, text: str) -> str:
    language = language_of(path)
    assert isinstance(language, Language)
    return "\n".join(strip_comments(text.split("\n"), language))


HASHES = (
    "py", "pyi", "rb", "sh", "bash", "zsh", "pl", "r", "jl", "ex", "exs", "nim", "tf", "yaml",
    "yml", "toml", "ini", "cfg", "mk",
)  # fmt: skip
SLASHES = (
    "js", "mjs", "cjs", "ts", "mts", "cts", "jsx", "tsx", "java", "c", "h", "cc", "cpp", "hpp",
    "cs", "go", "rs", "swift", "kt", "kts", "scala", "dart", "proto",
)  # fmt: skip
CODE = {
    **dict.fromkeys(HASHES, "abc = 1"),
    **dict.fromkeys(SLASHES, "abc = 1;"),
    "yaml": "abc: 1",
    "yml": "abc: 1",
    "css": "abc { top: 1 }",
    "scss": "$abc: 1;",
    "php": "<?php $abc = 1;",
    "sql": "SELECT abc",
    "lua": "abc = 1",
    "hs": "abc = 1",
    "json": '{"abc": 1}',
}


@pytest.mark.parametrize("suffix", CODE)
def test_a_comment_is_left_out_and_code_is_kept(suffix: str) -> None:
    marks = {"sql": "--", "lua": "--", "hs": "--", "css": "/*"}
    mark = marks.get(suffix, "#" if suffix in HASHES else "//")
    end = " */" if suffix == "css" else ""
    text = f"{CODE[suffix]}\n{mark} met{end}\n{CODE[suffix]}"
    assert stripped(f"a.{suffix}", text).split("\n") == [CODE[suffix], "", CODE[suffix]]


CARRIERS = (
    *(f"# {PROSE}", f"// {PROSE}", f"/* {PROSE} */", f"/*\n{PROSE}\n*/", f"-- {PROSE}", PROSE),
    *(f'"{PROSE}"', f"'{PROSE}'", f"`{PROSE}`", f'"""\n{PROSE}\n"""', f"'''{PROSE}"),
    *(f'x = "{PROSE}', f'{{"{PROSE}": 1}}', f"<<E\n{PROSE}\nE", f"<<~E\n{PROSE}\nE"),
    *(f"=begin\n{PROSE}\n=end", f"__END__\n{PROSE}", f"#if 0\n{PROSE}\n#endif"),
    *(f'#define X "{PROSE}"', f"#region {PROSE}", f"[[{PROSE}]]", f"--[[\n{PROSE}\n]]"),
    *(f"{{- {PROSE} -}}", f"q{{{PROSE}}}", f'r#"{PROSE}"#', f"?>{PROSE}", f"<p>{PROSE}</p>"),
    *(f"/{PROSE}/", f'f"{{x}} {PROSE}"', f"`${{x}} {PROSE}`"),
)


@pytest.mark.parametrize("suffix", CODE)
def test_prose_is_left_out_however_it_is_written(suffix: str) -> None:
    for carrier in CARRIERS:
        shown = stripped(f"a.{suffix}", f"{CODE[suffix]}\n{carrier}\n")
        assert "plainly met" not in shown, carrier


@pytest.mark.parametrize("name", ["Makefile", "Dockerfile"])
def test_files_without_a_suffix_are_known_by_their_names(name: str) -> None:
    assert stripped(f"sub/{name}", "# met\nCOPY a b") == "\nCOPY a b"


@pytest.mark.parametrize("path", ["README.md", "a.txt", "a.html", "NOTES", "a.unknown", "a.ipynb"])
def test_documents_and_unknown_kinds_are_not_shown(path: str) -> None:
    assert language_of(path) is None


def test_a_docstring_is_words_however_short() -> None:
    text = 'def f():\n    """Met."""\n    return "met"\n'
    assert stripped("a.py", text) == 'def f():\n    \n    return "met"\n'


def test_lines_stay_where_they_were() -> None:
    text = 'a = 1\n\n\n"""\nmore\n\n"""\nb = """x\n\n\n"""\n  \nc = 2'
    lines = stripped("a.py", text).split("\n")
    assert (lines[0], lines[12], len(lines)) == ("a = 1", "c = 2", 13)


def test_directives_of_c_are_code_and_what_they_leave_out_is_not() -> None:
    text = "#include <a.h>\n#define N 3 // met\n#if 0\nmet\n#endif\nint a;"
    assert stripped("a.c", text) == "#include <a.h>\n#define N 3 \n#if 0\n\n#endif\nint a;"


@pytest.mark.parametrize("line", ["", "    ", "\t", "x = 1", "x = '''", "/*", '"\\', "${"])
@pytest.mark.parametrize("path", ["a.py", "a.mk", "a.js", "a.rb", "a.yaml"])
def test_a_file_made_to_be_slow_is_not(path: str, line: str) -> None:
    begin = time.process_time()
    stripped(path, f"{line}\n" * (20_000 // (len(line) + 1)))
    assert time.process_time() - begin < 10


def test_what_is_too_large_is_named_and_not_shown() -> None:
    for code in ("x = 1\n" * (MAX_FILE_CHARACTERS // 5 + 1), "x" * (MAX_LINE_CHARACTERS + 1)):
        with pytest.raises(NotShown):
            stripped("a.py", code)
        lines = code.split("\n")
        diff = "\n".join(
            [
                "diff --git a/a.py b/a.py",
                f"@@ -0,0 +1,{len(lines)} @@",
                *(f"+{line}" for line in lines),
                "diff --git a/b.py b/b.py\n@@ -0,0 +1 @@\n+y = 2",
            ]
        )
        found = strip_diff(diff)
        assert found.added == "y = 2"
        assert found.shown.startswith("a.py is not shown: ")


def test_the_library_is_loaded_only_when_code_is_read() -> None:
    program = "import sys, agentproxy.supervisor.llm.judge; sys.exit('pygments' in sys.modules)"
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60)
