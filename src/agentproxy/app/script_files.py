"""Reads the scripts of rehearsals: `scripted:FILE` as a worker, a model or a judge."""

import os
from pathlib import Path

from agentproxy.config.files import read_small
from agentproxy.config.mistakes import BadFile
from agentproxy.workers.port import WorkerError

MAX_SCRIPT_BYTES = 4 << 20
CURE = "give the path of a JSON file"


def read_script_file(given: str, *, started_in: Path) -> tuple[bytes, str]:
    """The bytes of a script, and its path for errors.

    Raises:
        WorkerError: it is no regular file, too large, or cannot be read.
    """
    # Not resolved, which raises for a loop of links, and Path's own way raises for nobody's home.
    file = started_in / os.path.expanduser(given)  # noqa: PTH111
    try:
        data = read_small(file, limit=MAX_SCRIPT_BYTES)
    except BadFile as error:
        raise WorkerError(f"{file}: {error.problem}", cure=CURE) from error
    if data is None:
        raise WorkerError(f"{file}: there is no such file", cure=CURE)
    return data, str(file)
