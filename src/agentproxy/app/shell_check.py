"""A check has to be a command that the shell can read: others are refused before a run begins."""

import asyncio
import subprocess
from collections.abc import Sequence

MAX_SECONDS = 10.0
MAX_SHOWN_CHARACTERS = 200


class NotShell(Exception):
    """A command that was given is no shell; `cure` is what a person can do."""

    def __init__(self, option: str, command: str, *, message: str) -> None:
        super().__init__(
            f"{option} {command[:MAX_SHOWN_CHARACTERS]!r} is no command of the shell: {message}"
        )
        self.cure = "close its quotes and brackets, and put the whole command into quotes"


async def refuse_what_is_no_shell(option: str, commands: Sequence[str]) -> None:
    """Have the shell read each command; nothing of it is executed.

    Raises:
        NotShell: the shell cannot read one.
    """
    for command in commands:
        if message := await asyncio.to_thread(_find_syntax_error, command):
            raise NotShell(option, command, message=message)


def _find_syntax_error(command: str) -> str:
    """What the shell says about a command that it cannot read, else "". Blocking."""
    done = subprocess.run(
        ["/bin/sh", "-n", "-c", command],
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
