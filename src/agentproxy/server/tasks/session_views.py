"""Supervised runs as clients see them: in a list, and each with its state."""

from dataclasses import dataclass, replace
from pathlib import Path

from agentproxy.app.journal import UnknownRun
from agentproxy.app.queries import RunRow, at_rest, exit_code, row_of
from agentproxy.app.supervised_host import SupervisedHost
from agentproxy.events.envelope import RunId
from agentproxy.events.run import Order, RunCreated
from agentproxy.server.tasks.session_bodies import (
    EvidenceSummary,
    JudgedCheck,
    ListedSession,
    ShownSession,
    WaitingRequest,
)
from agentproxy.server.times import iso
from agentproxy.supervisor.effects import SUPERVISED
from agentproxy.supervisor.state import State


@dataclass(frozen=True, slots=True)
class VisibleRun:
    """A run that clients may see."""

    row: RunRow
    order: Order
    state: State
    sequence: int

    @property
    def run(self) -> RunId:
        return self.row.run

    @property
    def directory(self) -> Path:
        return Path(self.order.repository, self.order.directory)


async def read_session(host: SupervisedHost, run: RunId) -> VisibleRun | None:
    """Returns None for what is no supervised run below an allowed folder."""
    try:
        head = await host.app.journal.head(run)
    except UnknownRun:
        return None
    first = head.first.fact
    order = first.request if isinstance(first, RunCreated) else None
    if not isinstance(order, Order) or not host.allowed.covers(Path(order.repository)):
        return None
    events = await host.app.journal.read(run)
    row = row_of(await at_rest(host.app, head))
    return VisibleRun(present(host, row), order, SUPERVISED.replay(events), events[-1].seq)


def present(host: SupervisedHost, row: RunRow) -> RunRow:
    """Returns a row that also knows of a run that was just taken up, and has no event of it yet."""
    at_rest = row.status in ("waiting", "parked", "cut_off")
    return replace(row, status="running") if at_rest and host.works_on(row.run) else row


def listed(row: RunRow) -> ListedSession:
    return ListedSession(
        session_id=row.run,
        task=row.task,
        working_dir=row.repository,
        status=row.status,
        created_at=iso(row.created),
        updated_at=iso(row.changed),
    )


def shown(seen: VisibleRun) -> ShownSession:
    state, row = seen.state, seen.row
    ended, parked, delivered = state.ended, state.parked, state.delivered
    at_work = row.status == "running"
    rest = ended or (None if at_work else parked)
    return ShownSession(
        **{**listed(row).model_dump(), "working_dir": str(seen.directory)},
        worker=seen.order.worker,
        verdict=ended.verdict if ended else None,
        reason=rest.reason if rest else "" if at_work else "the run was cut off",
        exit_code=None if at_work else exit_code(state),
        rounds=len(state.judged),
        usd=round(state.ceilings.spent, 6),
        branch=delivered.branch if delivered else "",
        patch=delivered.patch if delivered else "",
        sequence=seen.sequence,
        waits_for=[] if ended else _waiting(state),
        evidence=_evidence(state),
    )


def _waiting(state: State) -> list[WaitingRequest]:
    return [
        WaitingRequest(
            request_id=each.id,
            kind=each.kind,
            text=each.text,
            action=each.action,
            subject=each.subject,
            options=list(each.options),
        )
        for each in state.dialogue.open_requests()
    ]


def _evidence(state: State) -> EvidenceSummary | None:
    if not state.judged:
        return None
    judged = state.judged[max(state.judged)]
    return EvidenceSummary(
        round=judged.round,
        verdict=judged.verdict,
        reason=judged.reason,
        digest=judged.bundle,
        checks=[
            JudgedCheck(check=each.check, finding=each.finding, reason=each.reason)
            for each in judged.checks
        ],
    )
