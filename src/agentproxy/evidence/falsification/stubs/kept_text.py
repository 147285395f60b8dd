"""The claim's text in its stubs, as comments. Pure.

A test that searches the code for words finds them there too, however it reads the code, and so does
not fail on a stub.
"""

import re

from agentproxy.evidence.falsification.stubs.languages import language_of

# Where Python or JavaScript ends a line, and with it a comment.
_LINE = re.compile("\r\n|[\n\r\f\v\u2028\u2029]")


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
    # A check of style may want all lines of a file to end in the same way.
    end = b"\r\n" if 2 * stubbed.count(b"\r\n") > stubbed.count(b"\n") else b"\n"
    text = b"".join(f"{mark}{line}".encode(errors="surrogateescape") + end for line in lacks)
    newline = b"" if stubbed.endswith(b"\n") else end
    return stubbed + newline + end + end + text if lacks else stubbed


def _lines(content: bytes) -> list[str]:
    return _LINE.split(content.decode(errors="surrogateescape"))
