"""Where a program of the user's is installed that no command found."""

from collections.abc import Mapping
from pathlib import Path

from agentproxy.workspace.environment.toolchains import Toolchains


def environment_around(program: Path, *, root: Path, environ: Mapping[str, str]) -> Path | None:
    """Returns the folder to show for a program outside of the tree, or None. Blocking.

    None too where the folder must stay private.
    """
    if not program.is_absolute() or program.is_relative_to(root) or not _is_file(program):
        return None
    around = program.parent
    folder = around.parent if around.name in ("bin", ".bin") else around
    home = Path(environ.get("HOME") or "/nonexistent")
    return None if Toolchains(home=home, root=root).is_closed(folder) else folder


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    # The name is too long.
    except OSError:
        return False
