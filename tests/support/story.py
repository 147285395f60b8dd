"""The facts of a supervised run, short enough for tables."""

import asyncio
from collections.abc import Callable, Sequence

from agentproxy.engine.recorder import Recorder
from agentproxy.events.check import CheckFinished, CheckResult, Tree
from agentproxy.events.contract import Check, Contract, ContractAgreed, Criterion
from agentproxy.events.envelope import CommandId, Draft, Event, Fact, RunId
from agentproxy.events.git_facts import BaseRecorded, Change, ClaimRecorded, EnvironmentFound
from agentproxy.events.plan import ContextsRead, Part
from agentproxy.events.run import Order, RunCreated, SegmentStarted
from agentproxy.events.verdict import ChecksWeighed, CheckVerdict, RoundJudged, Verdict
from agentproxy.events.work import WorkerEnded, WorkerStarted
from agentproxy.supervisor.effects import SUPERVISED
from agentproxy.supervisor.state import State

TESTS = Check(name="tests", command="pytest -q", role="acceptance", source="--check")
LINT = Check(name="lint", command="ruff check", role="discovered", source="ruff.toml")


def created(**changes: object) -> RunCreated:
    order = Order(task="Fix it", repository="/repo", worker="w")
    return RunCreated(request=order.model_copy(update=changes), product="0")


def contract(*checks: Check, parts: tuple[Part, ...] = ()) -> ContractAgreed:
    criteria = (Criterion(id="task", text="Fix it", checks=tuple(each.name for each in checks)),)
    agreed = Contract(task="Fix it", criteria=criteria, checks=checks, parts=parts)
    return ContractAgreed(contract=agreed)


SEGMENT = SegmentStarted(segment=1, pid=1, sandbox="none")
BASE_KEPT = BaseRecorded(head="h", branch="main", commit="base", tree="t0", ref="r")
CONTEXTS = ContextsRead()
FOUND = EnvironmentFound(path="/bin")
PREPARED: tuple[Fact, ...] = (
    created(),
    SEGMENT,
    BASE_KEPT,
    CONTEXTS,
    contract(TESTS),
    FOUND,
)


def began(round: int = 1, **more: object) -> WorkerStarted:  # noqa: A002
    return WorkerStarted(round=round, worker="w").model_copy(update=more)


def stopped(round: int = 1, **more: object) -> WorkerEnded:  # noqa: A002
    return WorkerEnded(round=round, claims=True, reason="done").model_copy(update=more)


def claimed(round: int = 1, *paths: str, tree: str = "t1") -> ClaimRecorded:  # noqa: A002
    changes = tuple(Change(path=path, status="modified") for path in paths)
    return ClaimRecorded(round=round, commit=f"c{round}", tree=tree, ref="r", changes=changes)


def ran(tree: Tree, *, passed: bool, check: str = "tests", attempt: int = 1) -> CheckFinished:
    result = CheckResult(exit_code=0 if passed else 1, ending="exited", seconds=1.0)
    return CheckFinished(check=check, on=tree, attempt=attempt, result=result)


def weighed(results: int, finding: str = "proven", **more: object) -> ChecksWeighed:
    verdict = CheckVerdict.model_validate(
        {"check": "tests", "finding": finding, "reason_code": "flaky", "reason": "r"}
    )
    fact = ChecksWeighed(round=1, results=results, checks=(verdict,))
    return fact.model_copy(update=more)


def judged(verdict: Verdict, round: int = 1) -> RoundJudged:  # noqa: A002
    finding = {"verified": "proven", "refuted": "refuted", "unverified": "unverified"}[verdict]
    check = CheckVerdict.model_validate(
        {"check": "tests", "finding": finding, "reason_code": "flaky", "reason": "r"}
    )
    return RoundJudged(round=round, verdict=verdict, reason="r", criteria=(), checks=(check,))


def events(*facts: Fact) -> list[Event]:
    return [Event(RunId("run"), seq, float(seq), "a", fact) for seq, fact in enumerate(facts, 1)]


def after(*facts: Fact) -> State:
    return SUPERVISED.replay(events(*facts))


class Story:
    """A journal in a list, with the recorder that writes it."""

    def __init__(self, *past: Fact, state: State | None = None) -> None:
        self.facts: list[Fact] = []
        self.drafts: list[Draft] = []
        self.state = state or SUPERVISED.new_state()
        for event in events(*past):
            SUPERVISED.reduce(self.state, event)
        self.recorder = Recorder(self.state, self.append, reduce=SUPERVISED.reduce)

    async def append(self, drafts: Sequence[Draft], _taken: Sequence[CommandId]) -> Sequence[Event]:
        await asyncio.sleep(0)
        self.drafts += drafts
        self.facts += [draft.fact for draft in drafts]
        run, seq = RunId("run"), len(self.facts)
        return [Event(run, seq, float(seq), each.actor, each.fact, each.cause) for each in drafts]


async def eventually(holds: Callable[[], bool]) -> None:
    """Let other tasks run until this holds; fails after some thousand steps."""
    for _ in range(5000):
        if holds():
            return
        await asyncio.sleep(0)
    raise AssertionError("it never came to hold")
