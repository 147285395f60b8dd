"""The words that a worker is given. Pure: from the state to the text."""

from collections.abc import Iterator

from agentproxy.events.check import claim_tree
from agentproxy.events.verdict import CheckVerdict, RoundJudged
from agentproxy.supervisor.contexts.guidance import guidance_lines
from agentproxy.supervisor.contexts.reading import Contexts
from agentproxy.supervisor.state import State

MAX_BRIEF_OUTPUT_CHARACTERS = 3000
ASKS = {"acceptance": "must say that the task is done", "regression": "must not get worse"}


def write_brief(state: State, *, directory: str, contexts: Contexts | None = None) -> str:
    """The brief of the present round: the task, how it is checked, and what was refuted.

    Of the contexts a worker is given the guidance.
    """
    lines = ["# Task", "", state.require_order().task, ""]
    lines += _part(state)
    lines += _screenshots(state)
    lines += _working(state, directory)
    lines += _checks(state)
    lines += guidance_lines(contexts or Contexts())
    if state.attempts.get(state.round, 0) > 0:
        lines += [
            "## An earlier attempt at this round was cut off",
            "",
            "Its outcome is unknown. Look at the files first: some of its work may be there.",
            "",
        ]
    for number in range(state.part_began, state.round):
        lines += _refutation(state, number)
    lines += _told(state)
    return "\n".join(lines).rstrip() + "\n"


def _part(state: State) -> list[str]:
    """Which part of the task it is now, where the task has several."""
    parts = state.require_contract().parts
    if len(parts) < 2:
        return []
    lines = [
        "## Your part of it now",
        "",
        f"{state.part + 1} of {len(parts)}: {parts[state.part].task}",
    ]
    if state.part:
        lines += ["", "Done before, and proven:", ""]
        lines += [f"- {each.task}" for each in parts[: state.part]]
    if state.has_more_parts:
        lines += ["", "What comes after it is not yours now:", ""]
        lines += [f"- {each.task}" for each in parts[state.part + 1 :]]
    return [*lines, ""]


def _screenshots(state: State) -> list[str]:
    names = state.require_order().screenshots
    if not names:
        return []
    where = "They are in the folder that AGENTPROXY_SCREENSHOTS names, or shown to you here."
    head = ["## Screenshots that belong to the task", "", where, ""]
    return [*head, *[f"- {name.rpartition('/')[2]}" for name in names], ""]


def _working(state: State, directory: str) -> list[str]:
    place = "the root of the repository" if directory == "." else f"`{directory}` in it"
    return [
        "## How you work",
        "",
        f"You stand in a clone of the repository that is yours alone, in {place}. What counts is",
        "the files that you leave: commits, branches and stashes are not looked at. When you end",
        "with exit code 0 you claim that the task is done. The claim is then checked by somebody",
        "else, in a clean checkout of exactly these files.",
        "",
        f"This is round {state.round_of_part} of {state.require_order().max_rounds}.",
        "",
    ]


def _checks(state: State) -> list[str]:
    contract = state.scope
    if not contract.checks and not contract.criteria:
        return []
    lines = ["## How it will be checked", ""]
    for check in contract.checks:
        where = "" if check.directory == "." else f" in `{check.directory}`"
        asks = ASKS.get(check.role, ASKS["regression"])
        lines.append(f"- `{check.command}`{where} {asks} ({check.source})")
    lines += [
        f"- {each.text} (a judge looks)"
        for each in contract.criteria
        if each.part and not each.checks
    ]
    return [*lines, ""]


def _refutation(state: State, number: int) -> list[str]:
    judged = state.judged.get(number)
    if judged is None:
        return []
    of_part = number - state.part_began + 1
    lines = [f"## What was found after round {of_part}: {judged.verdict}", "", judged.reason, ""]
    latest = number == state.round - 1
    for verdict in judged.checks:
        if verdict.finding in ("refuted", "unverified"):
            lines += _exactly(verdict)
            if latest:
                lines += _printed(state, judged, verdict)
    return lines


def _exactly(verdict: CheckVerdict) -> list[str]:
    lines = [f"- {verdict.check}: {verdict.reason}"]
    for place in verdict.places:
        where = f"{place.where}: " if place.where else ""
        test = f"{place.test}: " if place.test and place.test not in where else ""
        lines.append(f"  - {where}{test}{place.message}".rstrip())
    return [*lines, ""]


def _printed(state: State, judged: RoundJudged, verdict: CheckVerdict) -> list[str]:
    results = state.results_of(verdict.check, claim_tree(judged.round))
    text = results[-1].output.strip() if results else ""
    if not text:
        return []
    return [
        "The end of what it printed:",
        "",
        "```",
        text[-MAX_BRIEF_OUTPUT_CHARACTERS:],
        "```",
        "",
    ]


def _told(state: State) -> Iterator[str]:
    for message in state.dialogue.messages.values():
        yield from ("## You are told", "", message, "")
    answered = [
        (state.dialogue.requests[key], decision)
        for key, decision in state.dialogue.decided.items()
        if key in state.dialogue.requests and decision.by == "human"
    ]
    if answered:
        yield from ("## Answers to what was asked", "")
        for request, decision in answered:
            verdict = decision.text or ("yes" if decision.allowed else "no")
            yield f"- {request.text}: {verdict}"
