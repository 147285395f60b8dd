"""Reads the script of `scripted:FILE`."""

import os
from pathlib import Path

from agentproxy.config.files import read_small
from agentproxy.config.mistakes import BadFile
from agentproxy.workers.port import WorkerError

MAX_SCRIPT_BYTES = 4 << 20
CURE = "give the path of a JSON file"


def read_script_file(given: str, *, started_in: Path) -> tuple[bytes, str]:
    """Returns the bytes, and the path for errors. Raises WorkerError."""
    # Path.resolve raises for a loop of links, and Path.expanduser for a user that does not exist.
    file = started_in / os.path.expanduser(given)  # noqa: PTH111
    try:
        data = read_small(file, limit=MAX_SCRIPT_BYTES)
    except BadFile as error:
        raise WorkerError(f"{file}: {error.problem}", cure=CURE) from error
    if data is None:
        raise WorkerError(f"{file}: there is no such file", cure=CURE)
    return data, str(file)
