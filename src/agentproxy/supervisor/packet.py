"""The review packet: one page about what was asked, what is proven and how, and what is not."""

from agentproxy.events.check import BASE, CheckResult, Outcome, claim_tree
from agentproxy.events.git_facts import Delivered
from agentproxy.supervisor.state import State

MARKS = {"added": "+", "modified": "~", "deleted": "-", "type_changed": "!"}


def write_packet(state: State, delivered: Delivered, *, run: str) -> str:
    judged = state.judged[state.round]
    claim = state.claims[state.round]
    lines = [
        f"# {judged.verdict}: {state.require_order().task}",
        "",
        f"Run {run}, {_round(state)}. {judged.reason}",
        "",
        "## Criteria",
        "",
        *[f"- {c.verdict}: {_text(state, c.criterion)}: {c.reason}" for c in judged.criteria],
        "",
        "## Checks, before and after",
        "",
        "| check | before | after | finding |",
        "| --- | --- | --- | --- |",
        *[
            f"| `{check.command}` | {_before(state, check.name)} | {_after(state, check.name)} | "
            f"{_finding(state, check.name)} |"
            for check in state.require_contract().checks
        ],
        "",
        "## Changes",
        "",
        *[f"- {MARKS[c.status]} {c.path} (+{c.added} -{c.removed})" for c in claim.changes],
        *(["- none"] if not claim.changes else []),
        "",
    ]
    remarks = [*claim.findings, *delivered.notes, *state.require_base().notes]
    if remarks:
        lines += ["## Notes", "", *[f"- {remark}" for remark in remarks], ""]
    lines += ["## Where to find it", ""]
    if delivered.branch:
        lines.append(f"- branch `{delivered.branch}`")
    if delivered.patch:
        lines.append(f"- patch `{delivered.patch}`")
    lines += [
        f"- claim `{claim.ref}`, tree {claim.tree}",
        f"- base `{state.require_base().ref}`, tree {state.require_base().tree}",
        f"- evidence `pa evidence {run}`, sha256 {judged.bundle}",
        f"- sandbox: {state.lifecycle.sandbox}",
        *_said_cost(state),
    ]
    return "\n".join(lines) + "\n"


def _said_cost(state: State) -> list[str]:
    told = [work for work in state.work.values() if work.said_usd is not None]
    said, paid = sum(w.said_usd or 0.0 for w in told), sum(w.paid_usd or 0.0 for w in told)
    line = f"- cost: the worker's program says ${said:.4f}; the relay paid ${paid:.4f}"
    return [line] if told else []


def _round(state: State) -> str:
    # Rounds are counted within a part, because `max_rounds` holds for each part.
    words = f"round {state.round_of_part} of {state.require_order().max_rounds}"
    parts = len(state.require_contract().parts)
    return f"part {state.part + 1} of {parts}, {words}" if parts > 1 else words


def _text(state: State, criterion: str) -> str:
    return next((c.text for c in state.require_contract().criteria if c.id == criterion), criterion)


def _before(state: State, name: str) -> str:
    return describe_results(state.results_of(name, BASE))


def _after(state: State, name: str) -> str:
    on = BASE if state.unchanged(state.round) else claim_tree(state.round)
    return describe_results(state.results_of(name, on))


def _finding(state: State, name: str) -> str:
    for verdict in state.judged[state.round].checks:
        if verdict.check == name:
            return f"{verdict.finding}: {verdict.reason}"
    return ""


def describe_results(results: list[CheckResult]) -> str:
    if not results:
        return "not run"
    result = results[-1]
    if result.cannot_run:
        return f"cannot run: {result.cannot_run.text}"
    if not result.by_test:
        said = "passes" if result.passed else f"fails (exit {result.exit_code})"
    else:
        said = count_outcomes(result)
    return f"{said} (in run {result.taken_from})" if result.taken_from else said


def count_outcomes(result: CheckResult) -> str:
    kinds: tuple[Outcome, ...] = ("failed", "skipped", "xfailed")
    others = [f"{count} {kind}" for kind in kinds if (count := result.count(kind))]
    return ", ".join([f"{result.count('passed')} passed", *others])
