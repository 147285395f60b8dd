"""What an environment of the user's lacks of the packages that the project asks for. Blocking."""

import os
import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from agentproxy.files.pathnames import BadPath
from agentproxy.files.reading import read_own

MAX_BYTES = 1 << 16
MOST_NAMED = 5
_SEES_MORE = re.compile(r"^include-system-site-packages\s*=\s*true", re.MULTILINE | re.IGNORECASE)


def packages_lacking(environment: Path, names: Iterable[str]) -> list[str]:
    """Returns the packages that are not in it; none where packages may come from elsewhere."""
    if environment.name == "node_modules":
        return [name for name in names if not os.path.lexists(environment / name)]
    try:
        text = read_own(environment / "pyvenv.cfg", limit=MAX_BYTES, follow=True).decode("latin-1")
    except (OSError, BadPath):
        return []
    if _SEES_MORE.search(text):
        return []
    here = {
        re.sub(r"[-_.]+", "-", record.name.partition("-")[0]).lower()
        for record in environment.glob("lib/python3*/site-packages/*.dist-info")
    }
    return [name for name in names if name not in here]


def describe_lacking(place: str, names: Sequence[str], *, by_hand: str) -> str:
    """Returns the sentence for a person, with the command that installs them."""
    more = f" and {len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else ""
    shown = ", ".join(names[:MOST_NAMED])
    return f"{place} lacks {shown}{more}, which the project asks for: {by_hand}"
