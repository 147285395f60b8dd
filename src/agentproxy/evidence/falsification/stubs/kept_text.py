"""The claim's text in its stubs, as comments. Pure.

A test that searches the code for words finds them there too, however it reads the code, and so does
not fail on a stub.
"""

import re

from agentproxy.evidence.falsification.stubs.languages import language_of

# Where Python or JavaScript ends a line, and with it a comment.
_LINE = re.compile("\r\n|[\n\r\f\v\u2028\u2029]")
_BARE_END = re.compile(rb"(?<!\r)\n")


def with_text_of_claim(path: str, stubbed: bytes, after: bytes) -> bytes:
    """A file with stubs, and behind it the lines of the claim's file that it lacks. Go's stubs have
    them already.
    """
    language = language_of(path)
    if language is None or stubbed == after:
        return stubbed
    # Any byte may be in it, and comes back as it was.
    have = set(_lines(stubbed))
    lacks = [line for line in _lines(after) if line.strip() and line not in have]
    mark = "# " if language == "python" else "// "
    text = "".join(f"{mark}{line}\n" for line in lacks).encode(errors="surrogateescape")
    newline = b"" if stubbed.endswith(b"\n") else b"\n"
    return stubbed + newline + b"\n\n" + text if lacks else stubbed


def with_line_ends_of(after: bytes, stubbed: bytes) -> bytes:
    """A file with stubs, with CRLF at the end of each line where the claim's file has it at all: a
    check of style may want that. No language here gives what a text says another value by it.
    """
    ends = after.count(b"\n")
    if not ends or after.count(b"\r\n") < ends:
        return stubbed
    return _BARE_END.sub(b"\r\n", stubbed)


def _lines(content: bytes) -> list[str]:
    return _LINE.split(content.decode(errors="surrogateescape"))
