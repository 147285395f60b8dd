"""Asks a process of its own about source that anybody may have written."""

import subprocess
import sys
from typing import TypeVar

from pydantic import BaseModel, ValidationError

SECONDS = 60.0
DID_NOT_END = "the parser did not come to an end"
A = TypeVar("A", bound=BaseModel)


def ask_parser(module: str, request: BaseModel, *, answer: type[A]) -> A | None:
    """The answer of a module of falsification; None where it did not come to an end. Blocking."""
    command = (sys.executable, "-I", "-m", f"agentproxy.evidence.falsification.{module}")
    try:
        done = subprocess.run(
            command,
            input=request.model_dump_json().encode(),
            capture_output=True,
            timeout=SECONDS,
            check=True,
            start_new_session=True,
        )
        return answer.model_validate_json(done.stdout)
    except (OSError, subprocess.SubprocessError, ValidationError):
        return None
