"""The team as a file in the workspace, for people and other programs. Nothing reads it here."""

import json
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from agentproxy.files.safe_files import BadPath, SafeDir
from agentproxy.tools.team.roster import Member

PATH = ".team/config.json"


def write_team_file(workspace: Path, members: Iterable[Member]) -> None:
    """Blocking. Does nothing where the file cannot be written: the journal has the team."""
    listed = [{"name": each.name, "role": each.duty, "status": each.status} for each in members]
    text = json.dumps({"team_name": "default", "members": listed}, indent=2, ensure_ascii=False)
    with suppress(BadPath, OSError), SafeDir(workspace, links=False) as root:
        root.write(PATH, f"{text}\n".encode("utf-8", "surrogatepass"))
