"""The recipes of a tree; only what it says is read, and nothing of it is executed."""

from collections.abc import Iterable, Iterator
from pathlib import Path

from agentproxy.evidence.environments.node import has_workspaces, node_recipe
from agentproxy.evidence.environments.python import python_recipe
from agentproxy.evidence.environments.recipe import Ecosystem, Recipe
from agentproxy.evidence.environments.untrusted_folder import Folder

MAX_LOCK_FILE_BYTES = 32 << 20  # bytes; lock files of large projects have several millions


def find_recipes(root: Path, directories: Iterable[str], *, path: str) -> tuple[Recipe, ...]:
    """The recipes of a tree for these directories of it; the nearest folder upwards counts.

    `path` is the PATH on which the tool of a lock file is looked for. Never raises.
    """
    found: dict[tuple[Ecosystem, str], Recipe] = {}
    for directory in directories:
        places = [
            (Folder(root, place, largest=MAX_LOCK_FILE_BYTES), place)
            for place in _upwards(directory)
        ]
        # Packages of a workspace are installed at its root.
        shared = [each for each in places if has_workspaces(each[0])]
        for read, where in ((python_recipe, places), (node_recipe, shared or places)):
            recipes = (read(folder, place, path=path) for folder, place in where)
            recipe = next((each for each in recipes if each is not None), None)
            if recipe is not None:
                found.setdefault((recipe.ecosystem, recipe.directory), recipe)
    return tuple(found.values())


def _upwards(directory: str) -> Iterator[str]:
    """A directory of a tree, and those around it up to the root, ".". One that leads out is "."."""
    parts = [part for part in directory.split("/") if part not in ("", ".")]
    if directory.startswith("/") or ".." in parts:
        parts = []
    for count in range(len(parts), -1, -1):
        yield "/".join(parts[:count]) or "."
