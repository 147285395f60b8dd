"""Makes stubs in a process of its own, since parsers read source that anybody may have written.

Reads a `StubRequest` as JSON from standard input, and writes a `StubAnswer` as JSON.
"""

import base64
import resource
import sys

from agentproxy.evidence.falsification.stub_request import StubAnswer, StubRequest, language_of
from agentproxy.evidence.falsification.stubs import (
    CannotParse,
    FindFunctions,
    stub_functions,
)

MEMORY_LIMIT = 2 << 30
CPU_SECONDS = 60


def main() -> None:
    """Answers one request."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_LIMIT, MEMORY_LIMIT))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
    request = StubRequest.model_validate_json(sys.stdin.buffer.read())
    stubbed: dict[str, str] = {}
    failed: dict[str, str] = {}
    functions: list[str] = []
    resigned: list[str] = []
    for file in request.files:
        find_functions = _reader(file.path)
        try:
            made = stub_functions(
                base64.b64decode(file.before),
                base64.b64decode(file.after),
                new=request.new,
                find_functions=find_functions,
            )
            find_functions(made.text)
        except (CannotParse, RecursionError, MemoryError, ValueError, IndexError) as error:
            failed[file.path] = str(error)[:200]
        else:
            stubbed[file.path] = base64.b64encode(made.text).decode()
            functions += made.functions
            resigned += made.resigned
    sys.stdout.write(
        StubAnswer(
            stubbed=stubbed, failed=failed, functions=tuple(functions), resigned=tuple(resigned)
        ).model_dump_json()
    )


def _reader(path: str) -> FindFunctions:
    """The parser of a file's language. Only what is needed is imported."""
    language = language_of(path)
    if language == "python":
        from agentproxy.evidence.falsification.python_functions import find_python_functions

        return find_python_functions
    if language is None:
        raise ValueError(f"no parser for {path}")
    from agentproxy.evidence.falsification.javascript_functions import find_javascript_functions

    return lambda source: find_javascript_functions(source, language)


if __name__ == "__main__":
    main()
