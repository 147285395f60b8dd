"""Stubs say what the claim says, in comments."""

import re

import pytest

from agentproxy.evidence.falsification.stubs.kept_text import with_line_ends_of, with_text_of_claim
from agentproxy.evidence.falsification.stubs.make_stubs import make_stubs
from agentproxy.evidence.falsification.stubs.stub_request import StubFile, decoded, encoded


@pytest.mark.parametrize(
    ("path", "stubbed", "after", "kept"),
    [
        (
            "a.py",
            b"def f():\n    return None\n",
            b"def f():\n    return a - b\n",
            b"#     return a - b\n",
        ),
        ("a.ts", b"f();", b"f();\ng(1);\n", b"// g(1);\n"),
        # A line that Python or JavaScript ends elsewhere would be code.
        ("a.py", b"x = 1\n", b'x = """\r1\x0c2"""\n', b'# x = """\n# 1\n# 2"""\n'),
        ("a.js", b"x;\n", "y('\u2028z');\n".encode(), b"// y('\n// z');\n"),
        ("a.py", b"x = 1\n", b"x = 2  # \xff\n", b"# x = 2  # \xff\n"),
    ],
)
def test_lines_that_a_stub_lacks_are_comments(
    path: str, stubbed: bytes, after: bytes, kept: bytes
) -> None:
    assert with_text_of_claim(path, stubbed, after).rpartition(b"\n\n\n")[::2] == (
        stubbed.removesuffix(b"\n"),
        kept,
    )


@pytest.mark.parametrize(
    ("path", "before", "after"),
    [
        ("a.py", "import os\ndef f():\n    return os\n", "def f():\n    return 2\n"),
        ("a.py", "", "def f():\n    return 2\n"),
        (
            "a.js",
            "import o from 'o'\nfunction f() {\n  return o }\n",
            "function f() { return 1 }\n",
        ),
        ("a.go", "package a\n", "package a\n\nfunc F() int {\n\treturn 2\n}\n"),
    ],
)
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_all_lines_of_a_stub_end_as_those_of_its_file(
    path: str, before: str, after: str, end: str
) -> None:
    old, new = (encoded(text.replace("\n", end).encode()) for text in (before, after))
    for answer in make_stubs([StubFile(path, old, new)]).values():
        made = decoded(answer.stubbed[path]).decode()
        assert set(re.findall("\r?\n", made)) == {end}


def test_a_file_whose_lines_end_differently_stays_so() -> None:
    assert with_line_ends_of(b"a\r\nb\n", b"c\nd\r\n") == b"c\nd\r\n"


@pytest.mark.parametrize(
    ("path", "stubbed", "after"),
    [
        ("a.py", b"x = 1\n", b"x = 1\n"),
        ("a.go", b"package a\n", b"package a\n\nfunc F() {}\n"),
        ("a.py", b"def f():\n    return 1\n", b"def f():\n\n    return 1"),
    ],
)
def test_a_stub_that_has_all_lines_has_no_comment(path: str, stubbed: bytes, after: bytes) -> None:
    assert with_text_of_claim(path, stubbed, after) == stubbed
