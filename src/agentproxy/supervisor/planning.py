"""Makes the contract: what must become true, from the order and the project's rules."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from agentproxy.events.contract import Check, Contract, ContractAgreed, Criterion, Role
from agentproxy.events.plan import Part
from agentproxy.events.run import Order
from agentproxy.evidence.check_context import CheckContext
from agentproxy.evidence.discovery import find_checks
from agentproxy.evidence.same_commands import Place, meaning_of
from agentproxy.files.remove_tree import remove_tree
from agentproxy.workspace.trees.clone import make_clone

PLANNED = "plan"  # in the folder of the run: the base, from which the contract was made


@dataclass(frozen=True, slots=True)
class ProjectRules:
    """What the project's own configuration says at the base."""

    checks: tuple[Check, ...] = ()
    # False: find no checks. True: find all kinds. A tuple: find only these kinds.
    discovered: bool | tuple[str, ...] = True
    known_red: tuple[str, ...] = ()
    prepare: str = ""
    carry: tuple[str, ...] = ()
    folders: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


STRENGTH: Mapping[Role, int] = {"discovered": 0, "regression": 1, "acceptance": 2}
ReadRules = Callable[[Path], ProjectRules]


async def agree_contract(
    *,
    order: Order,
    commit: str,
    checks: CheckContext,
    read_rules: ReadRules,
    programs: Mapping[str, str],
    parts: Sequence[Part] = (),
) -> ContractAgreed:
    """Reads the project at the base and makes the contract. The worker gets the clone.

    `read_rules` gets a folder with the files of the base, `programs` maps the names of programs
    to where PATH leads. Nothing of the project is executed.
    """
    repository, tree = checks.repository, checks.folder / PLANNED
    await asyncio.to_thread(remove_tree, tree)
    inside = checks.sandbox.isolates
    await make_clone(repository, commit, tree, branch="agentproxy", inside=inside)
    rules = await asyncio.to_thread(read_rules, tree)
    found = await asyncio.to_thread(find_checks, tree, order.directory)
    contract = make_contract(order, rules, found.checks, parts=parts)
    contract, folded = fold_same(contract, root=repository.root, programs=programs)
    notes = (*rules.notes, *(found.notes if rules.discovered else ()), *folded)
    return ContractAgreed(contract=contract, notes=notes)


def make_contract(
    order: Order, rules: ProjectRules, found: Sequence[Check], *, parts: Sequence[Part] = ()
) -> Contract:
    """Returns the contract of an order.

    Its checks come in this order: acceptance, planned, regression, configured, discovered.
    """
    checks = [
        *(_ordered(order, command, "acceptance") for command in order.checks),
        *(_planned(order, part, command) for part in parts for command in part.checks),
        *(_ordered(order, command, "regression") for command in order.keep),
        *rules.checks,
    ]
    if rules.discovered is not False:
        checks += [check for check in found if _is_looked_for(check, rules.discovered)]
    checks = _unique(checks, configured=rules.checks)
    named = [check for check in checks if check.role == "acceptance"]
    owner = {f"planned: {part.id}": part.id for part in parts}
    criteria = [
        Criterion(
            id=f"check:{check.name}",
            text=f"`{check.command}` passes",
            checks=(check.name,),
            part=owner.get(check.source, ""),
        )
        for check in named
    ]
    criteria += [
        Criterion(id=f"{part.id}.{number}", text=text, part=part.id)
        for part in parts
        for number, text in enumerate(part.criteria, start=1)
    ]
    return Contract(
        task=order.task,
        criteria=tuple(criteria) or (Criterion(id="task", text=order.task),),
        checks=tuple(checks),
        known_red=(*order.known_red, *rules.known_red),
        prepare=rules.prepare,
        carry=rules.carry,
        folders=rules.folders,
        left_out=rules.left_out,
        parts=tuple(parts),
    )


def fold_same(
    contract: Contract, *, root: Path, programs: Mapping[str, str]
) -> tuple[Contract, tuple[str, ...]]:
    """Drops each discovered check that another one runs as well, and says so in a note."""

    def key(check: Check) -> tuple[object, ...]:
        place = Place(str(root / check.directory), programs)
        variables = tuple(sorted(check.env.items()))
        return (meaning_of(check.command, place), check.directory, check.network, variables)

    # A check of the plan may belong to a later part, and the project's own run after each part.
    others = [each for each in contract.checks if not _is_found(each) and not _is_planned(each)]
    named = {key(each): each.command for each in reversed(others)}
    kept = [each for each in contract.checks if not (_is_found(each) and key(each) in named)]
    notes = tuple(
        f"`{check.command}` runs what `{named[key(check)]}` runs: one run serves both"
        for check in contract.checks
        if check not in kept
    )
    return contract.model_copy(update={"checks": tuple(kept)}), notes


def _is_found(check: Check) -> bool:
    return check.source.startswith("found: ")


def _is_planned(check: Check) -> bool:
    return check.source.startswith("planned: ")


def _ordered(order: Order, command: str, role: Role) -> Check:
    source = "--check" if role == "acceptance" else "--keep"
    directory = order.directory
    return Check(name=command, command=command, role=role, source=source, directory=directory)


def _planned(order: Order, part: Part, command: str) -> Check:
    return Check(
        name=command,
        command=command,
        role="acceptance",
        source=f"planned: {part.id}",
        directory=order.directory,
    )


def _is_looked_for(check: Check, discovered: bool | tuple[str, ...]) -> bool:  # noqa: FBT001
    return discovered is True or check.name in (discovered or ())


def _unique(checks: Sequence[Check], *, configured: Sequence[Check]) -> list[Check]:
    # One check for each command and folder. The strongest role wins.
    kept: dict[tuple[str, str], Check] = {}
    for check in checks:
        key = (check.command, check.directory)
        if key not in kept or STRENGTH[check.role] > STRENGTH[kept[key].role]:
            kept[key] = check
    # A configured command keeps its name, network, variables and time limit. Reversed, so that of
    # two configured checks with one command the first wins.
    for check in reversed(configured):
        key = (check.command, check.directory)
        strongest = {"role": kept[key].role, "source": kept[key].source}
        kept[key] = check.model_copy(update=strongest)
    named: dict[str, Check] = {}
    for check in kept.values():
        name, number = check.name, 1
        while name in named:
            number += 1
            name = f"{check.name} ({number})"
        named[name] = check.model_copy(update={"name": name})
    return list(named.values())
