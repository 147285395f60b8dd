"""Describes the state of a run for screens and programs."""

from dataclasses import dataclass
from pathlib import Path

from agentproxy.app.next_step import find_next_step
from agentproxy.app.queries import exit_code
from agentproxy.events.durations import format_duration
from agentproxy.events.envelope import RunId
from agentproxy.supervisor.state import State
from agentproxy.workspace.git.command import GitError, GitLocation, git

MAX_DIFF_LINES = 60
MAX_SHOWN_DIFF_BYTES = 64 << 10


@dataclass(frozen=True, slots=True)
class Result:
    """The state of a run that nobody works on.

    `verdict` is "verified", "refuted", "unverified" or "parked". `seconds` is the wall time of this
    segment. `usd` is the models' cost in the whole run, without the `unpriced` models.
    """

    run: str
    verdict: str
    reason: str
    exit_code: int
    seconds: float
    rounds: int = 0
    usd: float = 0.0
    unpriced: tuple[str, ...] = ()
    branch: str = ""
    commit: str = ""
    patch: str = ""
    packet: str = ""
    evidence: str = ""
    diff: str = ""
    hints: tuple[str, ...] = ()


async def outcome_of(run: RunId, state: State, *, seconds: float) -> Result:
    ended, parked = state.ended, state.parked
    reason = ended.reason if ended else parked.reason if parked else "the run was cut off"
    judged = state.judged.get(state.round)
    delivered = state.delivered
    return Result(
        run=run,
        verdict=ended.verdict if ended else "parked",
        reason=reason,
        exit_code=exit_code(state),
        seconds=round(seconds, 3),
        rounds=len(state.judged),
        usd=round(state.ceilings.spent, 6),
        unpriced=tuple(sorted(state.ceilings.unpriced)),
        branch=delivered.branch if delivered else "",
        commit=delivered.commit if delivered else "",
        patch=delivered.patch if delivered else "",
        packet=delivered.packet if delivered else "",
        evidence=judged.bundle if judged else "",
        diff=await _diff(state),
        hints=_hints(run, state),
    )


async def _diff(state: State) -> str:
    claim = state.claims.get(state.round)
    if claim is None or state.base is None or state.ended is None:
        return ""
    git_dir = Path(state.require_order().repository, ".git")
    # In a worktree it is a file, which names the folder.
    cwd = git_dir if git_dir.is_dir() else Path("/")  # noqa: ASYNC240 - one look
    try:
        text = await git(
            "diff-tree",
            "-p",
            "-r",
            "--no-ext-diff",  # no program of the user's configuration runs
            "--no-textconv",
            state.base.commit,
            claim.commit,
            where=GitLocation(git_dir=git_dir, cwd=cwd),
            limit=MAX_SHOWN_DIFF_BYTES,
        )
    except GitError:
        return ""
    lines = text.decode(errors="replace").splitlines()
    more = len(lines) - MAX_DIFF_LINES
    rest = [f"... {more} more lines"] if more > 0 else []
    if len(text) == MAX_SHOWN_DIFF_BYTES:
        rest = ["... and more lines"]
    return "\n".join(lines[:MAX_DIFF_LINES] + rest)


def _raised(state: State) -> str:
    if state.parked is None or state.parked.why != "ceiling":
        return "   continues the run"
    if state.ceilings.work_seconds >= state.ceilings.max_time:
        twice = format_duration(2 * state.ceilings.max_time)
        return f" --max-time {twice}   continues with twice the time"
    return f" --budget {2 * (state.ceilings.budget or 0):g}   continues with twice the money"


def _hints(run: RunId, state: State) -> tuple[str, ...]:
    if state.ended is None:
        waiting = state.dialogue.open_requests()
        if waiting and waiting[0].kind == "question":
            return (f"pa answer {run} TEXT, then pa resume {run}",)
        if waiting:
            return (f"pa approve {run} or pa deny {run} REASON, then pa resume {run}",)
        return (f"pa resume {run}{_raised(state)}",)
    step = find_next_step(run, state)
    hints = [f"next: {step}"] if step else []
    hints.append(f"pa evidence {run}   shows the checks and their results")
    if state.claims.get(state.round) is not None and not state.unchanged(state.round):
        hints.append(f"pa apply {run}      merges it into your working tree, without a commit")
    if state.delivered and state.delivered.branch:
        hints.append(f"git diff HEAD...{state.delivered.branch}")
    return tuple(hints)
