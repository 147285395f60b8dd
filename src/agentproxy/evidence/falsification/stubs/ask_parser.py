"""Asks a process of its own about source that anybody may have written."""

import subprocess
import sys
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError

SECONDS = 60.0
DID_NOT_END = "the parser did not come to an end"
A = TypeVar("A")


def ask_parser(
    module: str, request: object, *, answer: type[A], seconds: float = SECONDS
) -> A | None:
    """The answer of a module of evidence; None where it did not come to an end. Blocking."""
    asked: TypeAdapter[Any] = TypeAdapter(type(request))
    try:
        done = subprocess.run(
            (sys.executable, "-I", "-m", f"agentproxy.evidence.{module}"),
            input=asked.dump_json(request),
            capture_output=True,
            timeout=seconds,
            check=True,
            start_new_session=True,
        )
        return TypeAdapter(answer).validate_json(done.stdout)
    except (OSError, subprocess.SubprocessError, ValidationError):
        return None
