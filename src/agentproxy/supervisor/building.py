"""Has an environment built: for a base that has none, and for a claim that asks for another."""

import asyncio
import posixpath
import re
from collections.abc import Callable
from pathlib import Path

from agentproxy.events.git_facts import EnvironmentBuilt, EnvironmentFound
from agentproxy.evidence.check_context import CheckContext
from agentproxy.evidence.environment_faults import dependency_files
from agentproxy.evidence.environments.build import (
    BuildRequest,
    Site,
    build,
    find_users_own,
    still_there,
    with_built,
)
from agentproxy.evidence.environments.find_recipes import find_recipes
from agentproxy.evidence.environments.python import without_requirements
from agentproxy.evidence.environments.recipe import Ecosystem, Recipe
from agentproxy.supervisor.state import BASE, State

_TELLING: dict[Ecosystem, re.Pattern[str]] = {
    "python": re.compile(
        r"\b(?:python[\d.]*|pytest|py\.test|tox|nox|mypy|pyright|ruff|flake8|pylint|uv|poetry)\b"
    ),
    "node": re.compile(
        r"\b(?:node|npm|npx|pnpm|yarn|bunx?|vitest|jest|mocha|tsc|eslint|vite|prettier|biome)\b"
    ),
}


async def build_on(
    on: str, *, state: State, ground: CheckContext, show: Callable[[str, str], None]
) -> EnvironmentBuilt:
    """Build, or find what was built before: the same trees always come to the same environment."""
    base = await _site(BASE, state, ground, show=show)
    path = state.require_environment().path
    before = await asyncio.to_thread(_recipes, state, base.checkout, path=path)
    if on == BASE:
        missing = state.require_environment().missing
        site = base
        wishes = [BuildRequest(recipe) for recipe in before if recipe.place in missing]
        why = "no environment was there"
    else:
        site = await _site(on, state, ground, show=show)
        now = await asyncio.to_thread(_recipes, state, site.checkout, path=path)
        wishes = _changed(before, now)
        files = dependency_files(state.claims[int(on.removeprefix("claim:"))].changes)
        why = f"the claim changes {', '.join(files)}, and needs another environment"
    built = await build(
        wishes, site, on=on, ground=ground, show=lambda text: show(f"environment for {on}", text)
    )
    return built.model_copy(update={"why": why}) if wishes else built


async def environment_of(
    on: str, *, state: State, ground: CheckContext, show: Callable[[str, str], None]
) -> EnvironmentFound:
    """The environment of a tree. What was built for it and swept since is built again."""
    built = [
        each
        if still_there(each)
        else await build_on(each.on, state=state, ground=ground, show=show)
        for each in state.built_for(on)
    ]
    return with_built(state.require_environment(), built)


def with_missing(found: EnvironmentFound, *, state: State, root: Path) -> EnvironmentFound:
    """The environment, with what the project asks for and the user does not have. Blocking."""
    used = _ecosystems(state)
    recipes = _recipes(state, root, path=found.path)
    missing = [
        each.place
        for each in recipes
        if each.ecosystem in used and find_users_own(each, found, root) is None
    ]
    asked = {posixpath.join(each.directory, name) for each in recipes for name in each.files}
    names = sorted(posixpath.normpath(name) for name in asked)
    return found.model_copy(update={"missing": tuple(missing), "asked": tuple(names)})


def _ecosystems(state: State) -> set[Ecosystem]:
    """Which ecosystems the checks belong to; a command that tells nothing may belong to each."""
    used: set[Ecosystem] = set()
    for check in state.require_contract().checks:
        told: list[Ecosystem] = [
            name for name, pattern in _TELLING.items() if pattern.search(check.command)
        ]
        used.update(told or _TELLING)
    return used


def _recipes(state: State, tree: Path, *, path: str) -> tuple[Recipe, ...]:
    """What the project in a tree asks for, for every directory that is checked. Blocking."""
    directories = {
        state.require_order().directory,
        *(check.directory for check in state.require_contract().checks),
    }
    return find_recipes(tree, sorted(directories), path=path)


async def _site(
    on: str, state: State, ground: CheckContext, *, show: Callable[[str, str], None]
) -> Site:
    if on == BASE:
        commit, tree = state.require_base().commit, state.require_base().tree
        environment = state.require_environment()
    else:
        claim = state.claims[int(on.removeprefix("claim:"))]
        commit, tree = claim.commit, claim.tree
        environment = await environment_of(BASE, state=state, ground=ground, show=show)
    return Site(
        commit=commit,
        tree=tree,
        checkout=await ground.checkout(commit, state.require_environment()),
        environment=environment,
    )


def _changed(before: tuple[Recipe, ...], now: tuple[Recipe, ...]) -> list[BuildRequest]:
    """What a claim asks for otherwise than the base did."""
    known = {(recipe.ecosystem, recipe.directory): recipe for recipe in before}
    left = {(recipe.ecosystem, recipe.directory): recipe for recipe in now}
    wishes: list[BuildRequest] = []
    for key, recipe in left.items():
        earlier = known.get(key)
        if earlier is None or earlier.statement != recipe.statement:
            wishes.append(BuildRequest(recipe, before=earlier or without_requirements(recipe)))
    for key, recipe in known.items():
        if key not in left and recipe.ecosystem == "python":
            wishes.append(BuildRequest(without_requirements(recipe), before=recipe))
    return wishes
