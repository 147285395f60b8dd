"""The environments of a run's trees: which to build, which are built, and which are lost."""

import asyncio
import posixpath
import re
from collections.abc import Callable
from pathlib import Path

from agentproxy.events.check import BASE, Tree
from agentproxy.events.git_facts import EnvironmentBuilt, EnvironmentFound, EnvironmentLost
from agentproxy.evidence.check_context import CheckContext
from agentproxy.evidence.dependency_files import find_dependency_files
from agentproxy.evidence.environments.build import (
    BuildRequest,
    Site,
    build,
    find_users_own,
    still_there,
    with_built,
)
from agentproxy.evidence.environments.find_recipes import find_recipes, has_plug_n_play
from agentproxy.evidence.environments.lacking import describe_lacking, packages_lacking
from agentproxy.evidence.environments.python import without_requirements
from agentproxy.evidence.environments.recipe import Ecosystem, Recipe
from agentproxy.supervisor.state import State

_TOOL_PATTERNS: dict[Ecosystem, re.Pattern[str]] = {
    "python": re.compile(
        r"\b(?:python[\d.]*|pytest|py\.test|tox|nox|mypy|pyright|ruff|flake8|pylint|uv|poetry)\b"
    ),
    "node": re.compile(
        r"\b(?:node|npm|npx|pnpm|yarn|bunx?|vitest|jest|mocha|tsc|eslint|vite|prettier|biome)\b"
    ),
}


async def build_environment(
    tree: Tree, *, state: State, checks: CheckContext, show: Callable[[str, str], None]
) -> EnvironmentBuilt:
    """Builds the environment that a tree asks for, or takes it from the store."""
    found = state.require_environment()
    base = await _site(BASE, state, checks)
    before = await asyncio.to_thread(_recipes, state, base.checkout, found=found)
    if tree == BASE:
        site = base
        requests = [BuildRequest(recipe) for recipe in before if recipe.place in found.missing]
        why = "no environment was there"
    else:
        site = await _site(tree, state, checks)
        now = await asyncio.to_thread(_recipes, state, site.checkout, found=found)
        requests = _changed(before, now)
        files = find_dependency_files(state.claims[tree.round].changes)
        why = f"the claim changes {', '.join(files)}, and needs another environment"
    source = f"environment for {tree}"
    built = await build(
        requests, site, on=tree, checks=checks, show=lambda text: show(source, text)
    )
    return built.model_copy(update={"why": why}) if requests else built


def lost_environments(state: State, tree: Tree) -> list[EnvironmentLost]:
    """Returns the built environments of a tree that are no longer on disk."""
    # The store removes what nobody used for 30 days, even while a run waits (decision 6).
    return [EnvironmentLost(on=each.on) for each in state.built_for(tree) if not still_there(each)]


def environment_of(tree: Tree, *, state: State) -> EnvironmentFound:
    """Returns the user's environment together with what was built for the tree."""
    return with_built(state.require_environment(), state.built_for(tree))


def with_missing(found: EnvironmentFound, *, state: State, root: Path) -> EnvironmentFound:
    """Adds to `found` what the project asks for and the user does not have. Blocking."""
    used = _ecosystems(state)
    recipes = _recipes(state, root, found=found)
    wanted = [
        each
        for each in recipes
        if each.ecosystem in used and not has_plug_n_play(each, found.carried)
    ]
    missing = [each.place for each in wanted if find_users_own(each, found, root) is None]
    asked = {posixpath.join(each.directory, name) for each in recipes for name in each.files}
    names = sorted(posixpath.normpath(name) for name in asked)
    notes = (*found.notes, *(_describe_lacking(each, found, root) for each in wanted))
    return found.model_copy(
        update={
            "missing": tuple(missing),
            "asked": tuple(names),
            "notes": tuple(note for note in notes if note),
        }
    )


def _describe_lacking(recipe: Recipe, found: EnvironmentFound, root: Path) -> str:
    own = find_users_own(recipe, found, root)
    lacking = packages_lacking(own, recipe.needs) if own is not None and recipe.by_hand else []
    if own is None or not lacking:
        return ""
    place = str(own.relative_to(root)) if own.is_relative_to(root) else str(own)
    return describe_lacking(place, lacking, by_hand=recipe.by_hand)


def _ecosystems(state: State) -> set[Ecosystem]:
    used: set[Ecosystem] = set()
    for check in state.require_contract().checks:
        recognized: list[Ecosystem] = [
            name for name, pattern in _TOOL_PATTERNS.items() if pattern.search(check.command)
        ]
        # A command without a known tool may belong to any ecosystem.
        used.update(recognized or _TOOL_PATTERNS)
    return used


def _recipes(state: State, tree: Path, *, found: EnvironmentFound) -> tuple[Recipe, ...]:
    # Blocking: it reads files of the tree.
    directories = {
        state.require_order().directory,
        *(check.directory for check in state.require_contract().checks),
    }
    return find_recipes(tree, sorted(directories), path=found.path, carried=found.carried)


async def _site(tree: Tree, state: State, checks: CheckContext) -> Site:
    if tree == BASE:
        commit, name = state.require_base().commit, state.require_base().tree
        environment = state.require_environment()
    else:
        claim = state.claims[tree.round]
        commit, name = claim.commit, claim.tree
        environment = environment_of(BASE, state=state)
    return Site(
        commit=commit,
        tree=name,
        checkout=await checks.checkout(commit, state.require_environment()),
        environment=environment,
    )


def _changed(before: tuple[Recipe, ...], now: tuple[Recipe, ...]) -> list[BuildRequest]:
    known = {(recipe.ecosystem, recipe.directory): recipe for recipe in before}
    left = {(recipe.ecosystem, recipe.directory): recipe for recipe in now}
    requests: list[BuildRequest] = []
    for key, recipe in left.items():
        earlier = known.get(key)
        if earlier is None or earlier.statement != recipe.statement:
            requests.append(BuildRequest(recipe, before=earlier or without_requirements(recipe)))
    # Without its list, a directory asks for nothing: what the list named is removed.
    for key, recipe in known.items():
        if key not in left and recipe.ecosystem == "python":
            requests.append(BuildRequest(without_requirements(recipe), before=recipe))
    return requests
