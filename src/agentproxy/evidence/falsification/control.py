"""The claim once more, with other text that means the same. A test of what the code does cannot
tell it from the claim; one that looks at the size of the text or at its history can. Pure.
"""

from collections.abc import Mapping

from agentproxy.evidence.falsification.stubs.languages import has_stubs, language_of

# As formatters want it, which a check may run before its tests.
_PYTHON, _JAVASCRIPT = b"\n\n# This line says nothing.\n", b"\n// This line says nothing.\n"


def with_comments(code: Mapping[str, bytes]) -> Mapping[str, bytes]:
    """Files of code, each with a comment more at its end; those of other languages are left out."""
    return {path: _with_comment(path, text) for path, text in code.items() if has_stubs(path)}


def _with_comment(path: str, text: bytes) -> bytes:
    newline = b"" if not text or text.endswith(b"\n") else b"\n"
    return text + newline + (_PYTHON if language_of(path) == "python" else _JAVASCRIPT)
