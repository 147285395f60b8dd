"""Refuses a check that the shell cannot read."""

import asyncio
import subprocess
from collections.abc import Sequence

MAX_SECONDS = 10.0
MAX_SHOWN_CHARACTERS = 200


class NotShell(Exception):
    def __init__(self, option: str, command: str, *, message: str) -> None:
        super().__init__(
            f"{option} {command[:MAX_SHOWN_CHARACTERS]!r}: the shell cannot read it: {message}"
        )
        self.cure = "close all quotes and brackets, and put the whole command in quotes"


async def refuse_what_is_no_shell(option: str, commands: Sequence[str]) -> None:
    """Parses the commands without running them. Raises NotShell."""
    for command in commands:
        if message := await asyncio.to_thread(_find_syntax_error, command):
            raise NotShell(option, command, message=message)


def _find_syntax_error(command: str) -> str:
    done = subprocess.run(
        ["/bin/sh", "-n", "-c", command],  # -n: parse only
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        env={"LC_ALL": "C.UTF-8"},
        timeout=MAX_SECONDS,
        check=False,
    )
    if done.returncode == 0:
        return ""
    text = " ".join(done.stderr.decode(errors="replace").split())
    return text[:MAX_SHOWN_CHARACTERS] or f"exit {done.returncode}"
