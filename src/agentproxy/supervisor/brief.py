"""Writes the brief that a worker gets for a round. Pure."""

from collections.abc import Iterator
from itertools import zip_longest

from agentproxy.events.check import claim_tree
from agentproxy.events.verdict import CheckVerdict, RoundJudged
from agentproxy.supervisor.contexts.guidance import guidance_lines
from agentproxy.supervisor.contexts.reading import Contexts
from agentproxy.supervisor.state import State

MAX_BRIEF_OUTPUT_CHARACTERS = 3000
ASKS = {"acceptance": "must succeed when the task is done", "regression": "must not get worse"}


def write_brief(
    state: State, *, directory: str, claims_by: str, contexts: Contexts | None = None
) -> str:
    """Returns the brief of the present round, in Markdown.

    `directory` is relative to the root of the repository. `claims_by` is what the worker does to
    claim that the task is done.
    """
    lines = ["# Task", "", state.require_order().task, ""]
    lines += _mission(state)
    lines += _part(state)
    lines += _screenshots(state)
    lines += _working(state, directory, claims_by)
    lines += _checks(state)
    lines += guidance_lines(contexts or Contexts())
    if state.attempts.get(state.round, 0) > 0:
        lines += [
            "## An earlier attempt at this round was interrupted",
            "",
            "Its outcome is unknown. Look at the files first: they may contain some of its work.",
            "",
        ]
    # The rounds of earlier parts are left out: those parts are proven.
    for number in range(state.part_began, state.round):
        lines += _verdict_on_round(state, number)
    lines += _messages_and_answers(state)
    return "\n".join(lines).rstrip() + "\n"


def _mission(state: State) -> list[str]:
    mission = state.require_order().mission.strip()
    return ["## What the task is for", "", mission, ""] if mission else []


def _part(state: State) -> list[str]:
    parts = state.require_contract().parts
    if len(parts) < 2:
        return []
    lines = [
        "## Your part of the task",
        "",
        f"Part {state.part + 1} of {len(parts)}: {parts[state.part].task}",
    ]
    if state.part:
        lines += ["", "Earlier parts, done and proven:", ""]
        lines += [f"- {each.task}" for each in parts[: state.part]]
    if state.has_more_parts:
        lines += ["", "Later parts. Do not work on them now:", ""]
        lines += [f"- {each.task}" for each in parts[state.part + 1 :]]
    return [*lines, ""]


def _screenshots(state: State) -> list[str]:
    order = state.require_order()
    names = order.screenshots
    if not names:
        return []
    where = "They are in the folder that AGENTPROXY_SCREENSHOTS names, or in this message."
    head = ["## Screenshots for the task", "", where, ""]
    shown = zip_longest(names, order.captions[: len(names)], fillvalue="")
    listed = (f"- {name.rpartition('/')[2]}: {' '.join(said.split())}" for name, said in shown)
    return [*head, *(line.removesuffix(": ") for line in listed), ""]


def _working(state: State, directory: str, claims_by: str) -> list[str]:
    place = "its root" if directory == "." else f"its folder `{directory}`"
    return [
        "## How you work",
        "",
        f"You have your own clone of the repository. You work in {place}. Only the files that you",
        "leave count: commits, branches and stashes are ignored. To claim that the task is done,",
        f"{claims_by}. Then the checks run in a clean checkout of exactly these files.",
        "",
        f"This is round {state.round_of_part} of {state.require_order().max_rounds}.",
        "",
    ]


def _checks(state: State) -> list[str]:
    contract = state.scope
    if not contract.checks and not contract.criteria:
        return []
    lines = ["## How your work is checked", ""]
    for check in contract.checks:
        where = "" if check.directory == "." else f" in `{check.directory}`"
        asks = ASKS.get(check.role, ASKS["regression"])
        lines.append(f"- `{check.command}`{where} {asks} ({check.source})")
    lines += [
        f"- {each.text} (a judge decides)"
        for each in contract.criteria
        if each.part and not each.checks
    ]
    return [*lines, ""]


def _verdict_on_round(state: State, number: int) -> list[str]:
    judged = state.judged.get(number)
    if judged is None:
        return []
    of_part = number - state.part_began + 1
    lines = [f"## Verdict on round {of_part}: {judged.verdict}", "", judged.reason, ""]
    latest = number == state.round - 1
    if latest and (claim := state.claims.get(number)) and claim.findings:
        lines += ["What was noticed about the claim:", ""]
        lines += [*(f"- {finding}" for finding in claim.findings), ""]
    for verdict in judged.checks:
        if verdict.finding in ("refuted", "unverified"):
            lines += _findings(verdict)
            if latest:
                lines += _output(state, judged, verdict)
    return lines


def _findings(verdict: CheckVerdict) -> list[str]:
    lines = [f"- {verdict.check}: {verdict.reason}"]
    for place in verdict.places:
        where = f"{place.where}: " if place.where else ""
        test = f"{place.test}: " if place.test and place.test not in where else ""
        lines.append(f"  - {where}{test}{place.message}".rstrip())
    return [*lines, ""]


def _output(state: State, judged: RoundJudged, verdict: CheckVerdict) -> list[str]:
    results = state.results_of(verdict.check, claim_tree(judged.round))
    text = results[-1].output.strip() if results else ""
    if not text:
        return []
    return [
        "The end of its output:",
        "",
        "```",
        text[-MAX_BRIEF_OUTPUT_CHARACTERS:],
        "```",
        "",
    ]


def _messages_and_answers(state: State) -> Iterator[str]:
    for message in state.dialogue.messages.values():
        yield from ("## Message from a person", "", message, "")
    answered = [
        (state.dialogue.requests[key], decision)
        for key, decision in state.dialogue.decided.items()
        if key in state.dialogue.requests and decision.by == "human"
    ]
    if answered:
        yield from ("## Answers to your requests", "")
        for request, decision in answered:
            verdict = decision.text or ("yes" if decision.allowed else "no")
            yield f"- {request.text}: {verdict}"
