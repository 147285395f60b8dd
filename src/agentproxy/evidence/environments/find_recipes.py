"""Finds the recipes of a tree by reading its files; nothing of the tree is executed."""

import posixpath
from collections.abc import Collection, Iterable
from functools import partial
from pathlib import Path

from agentproxy.evidence.environments.beside import PNP
from agentproxy.evidence.environments.node import has_workspaces, node_recipe
from agentproxy.evidence.environments.python import python_recipe
from agentproxy.evidence.environments.recipe import Ecosystem, Recipe
from agentproxy.evidence.environments.untrusted_folder import Folder, upwards

MAX_LOCK_FILE_BYTES = 32 << 20  # lock files of large projects have several megabytes


def find_recipes(
    root: Path, directories: Iterable[str], *, path: str, carried: Collection[str] = ()
) -> tuple[Recipe, ...]:
    """Returns the recipes for these directories; the nearest folder upwards counts.

    `path` is the PATH on which the tool of a lock file must be, `carried` the files in the tree
    that are the user's and not of its commit. Never raises.
    """
    found: dict[tuple[Ecosystem, str], Recipe] = {}
    for directory in directories:
        places = [
            (Folder(root, place, largest=MAX_LOCK_FILE_BYTES), place)
            for place in upwards(directory)
        ]
        # npm installs the packages of a workspace at the workspace's root.
        shared = [each for each in places if has_workspaces(each[0])]
        node = partial(node_recipe, carried=carried)
        for read, where in ((python_recipe, places), (node, shared or places)):
            recipes = (read(folder, place, path=path) for folder, place in where)
            recipe = next((each for each in recipes if each is not None), None)
            if recipe is not None:
                found.setdefault((recipe.ecosystem, recipe.directory), recipe)
    return tuple(found.values())


def has_plug_n_play(recipe: Recipe, carried: Collection[str]) -> bool:
    """Whether a recipe is of a Plug'n'Play that the user has installed."""
    return recipe.ecosystem == "node" and posixpath.normpath(f"{recipe.directory}/{PNP}") in carried
