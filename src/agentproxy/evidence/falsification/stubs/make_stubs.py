"""Makes stubs in a process of its own, since parsers read source that anybody may have written.

Reads a `StubRequest` as JSON from standard input, and writes a `StubAnswer` as JSON.
"""

import base64
import sys

from agentproxy.evidence.falsification.stubs.parsers import (
    PARSER_FAULTS,
    limit_parser,
    parser_of,
    restore_names,
)
from agentproxy.evidence.falsification.stubs.stub_request import StubAnswer, StubRequest
from agentproxy.evidence.falsification.stubs.stubs import stub_functions


def main() -> None:
    """Answers one request."""
    limit_parser()
    request = StubRequest.model_validate_json(sys.stdin.buffer.read())
    stubbed: dict[str, str] = {}
    failed: dict[str, str] = {}
    functions: list[str] = []
    resigned: list[str] = []
    for file in request.files:
        find_functions = parser_of(file.path)
        before, after = base64.b64decode(file.before), base64.b64decode(file.after)
        try:
            made = stub_functions(before, after, new=request.new, find_functions=find_functions)
            text = restore_names(file.path, before, made.text)
            find_functions(text)
        except PARSER_FAULTS as error:
            failed[file.path] = str(error)[:200]
        else:
            stubbed[file.path] = base64.b64encode(text).decode()
            functions += made.functions
            resigned += made.resigned
    sys.stdout.write(
        StubAnswer(
            stubbed=stubbed, failed=failed, functions=tuple(functions), resigned=tuple(resigned)
        ).model_dump_json()
    )


if __name__ == "__main__":
    main()
