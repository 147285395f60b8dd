"""The claim once more, with other text that means the same. A test of what the code does cannot
tell it from the claim; one that looks at the size of the text or at its history can. Pure.
"""

import re
from collections.abc import Mapping

from agentproxy.evidence.falsification.stubs.languages import has_stubs, language_of
from agentproxy.text.added_lines import added_lines

# As formatters want it, which a check may run before its tests.
_PYTHON, _JAVASCRIPT = b"\n\n# This line says nothing.\n", b"\n// This line says nothing.\n"

# Where nothing of this is used, no test can look at the size of the code, or at all of its text.
_LOOKS = re.compile(
    r"(?<![a-z])(?:open|read|l?stat(?![a-z])|i?glob|rglob|walk|list_?dir|scan_?dir|get_?size|sub_?process|p?open"
    r"|system|spawn|exec|check_output|get_data|get_source|__loader__|mmap)",
    re.IGNORECASE,
)


def may_look_at_code(tests: Mapping[str, tuple[str, str]]) -> bool:
    """Whether a new line of a test reads files or starts programs. `tests` are their texts at the
    base and at the claim. Who does so for another reason has one more run.
    """
    added = (line for old, new in tests.values() for line in added_lines(old, new))
    return any(_LOOKS.search(line) for line in added)


def with_comments(code: Mapping[str, bytes]) -> Mapping[str, bytes]:
    """Files of code, each with a comment more at its end; those of other languages are left out."""
    return {path: _with_comment(path, text) for path, text in code.items() if has_stubs(path)}


def _with_comment(path: str, text: bytes) -> bytes:
    newline = b"" if not text or text.endswith(b"\n") else b"\n"
    return text + newline + (_PYTHON if language_of(path) == "python" else _JAVASCRIPT)
