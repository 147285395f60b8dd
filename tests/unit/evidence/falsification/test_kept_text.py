"""Stubs say what the claim says, in comments."""

import pytest

from agentproxy.evidence.falsification.stubs.kept_text import with_text_of_claim


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


@pytest.mark.parametrize("last", [b"", b"\r\n"])
def test_all_lines_of_a_stub_end_as_those_of_its_file(last: bytes) -> None:
    made = with_text_of_claim("a.js", b"f();\r\ng();" + last, b"f();\r\ng(1);\r\nh();\r\n")
    assert made == b"f();\r\ng();\r\n\r\n\r\n// g(1);\r\n// h();\r\n"


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
