"""What the evidence says, decided purely: the verdict on a check from its results at the base and
at the claim, and the verdict on a run from those of its checks.

The rules stand in the order of their weight: what refutes comes first, what proves comes last.
"""

from collections.abc import Callable, Collection, Sequence

from agentproxy.events.check import CheckResult
from agentproxy.events.contract import Check
from agentproxy.events.verdict import CheckVerdict
from agentproxy.evidence.cannot_run import cure_for
from agentproxy.evidence.comparison import Case, counted, lay_out, listed, say
from agentproxy.evidence.run_verdict import judge_run as judge_run

Rule = Callable[[Case], CheckVerdict | None]


def judge(
    check: Check,
    *,
    base: Sequence[CheckResult],
    claim: Sequence[CheckResult],
    known_red: Sequence[str] = (),
    task: str = "",
    changed_tests: Collection[str] = (),
    anything_named: bool = True,
) -> CheckVerdict:
    """What a check says of a claim, by its attempts at the base and at the claim.

    It is judged by test where the base's runner named its tests, by command elsewhere.
    `known_red` are names, `path::` or globs; `changed_tests` files that the claim changed;
    `anything_named` whether the contract has any check that says that the task is done.
    """
    case = lay_out(
        check,
        base=base,
        claim=claim,
        known_red=known_red,
        task=task,
        changed_tests=changed_tests,
        anything_named=anything_named,
    )
    rules = _NAMED if case.named else _KEPT
    return next(verdict for rule in rules if (verdict := rule(case)) is not None)


def wants_second_look(
    check: Check,
    base: Sequence[CheckResult],
    claim: Sequence[CheckResult],
    *,
    known_red: Sequence[str] = (),
    task: str = "",
    changed_tests: Collection[str] = (),
    anything_named: bool = True,
) -> bool:
    """Whether the check must run again, at base and claim, before it may refute anything."""
    if min(len(base), len(claim)) > 1:
        return False
    verdict = judge(
        check,
        base=base,
        claim=claim,
        known_red=known_red,
        task=task,
        changed_tests=changed_tests,
        anything_named=anything_named,
    )
    return verdict.finding == "refuted"


def _cannot_run(case: Case) -> CheckVerdict | None:
    before, after = case.base.status, case.claim.status
    if "flaky" in (before, after) or "cannot" not in (before, after):
        return None
    why = _why_not(case)
    if before != "cannot":
        return say(case, "refuted", f"it could run at the base and cannot at the claim: {why}")
    if after == "cannot":
        finding = "unverified" if case.named else "neutral"
        cure = cure_for(why)
        words = f"it cannot run here at all: {why}{f' ({cure})' if cure else ''}"
        return say(case, finding, words, mendable=False)
    return _runs_only_now(case, why)


def _runs_only_now(case: Case, why: str) -> CheckVerdict:
    passes = case.claim.status == "passes"
    words = f"it {'passes' if passes else 'fails'}; at the base it could not run: {why}"
    if not case.named:
        return say(case, "kept" if passes else "neutral", words)
    if not passes:
        return say(case, "refuted", words, about=case.claim.named("failed"))
    verdict = say(case, "unverified", f"{words}, so it proves nothing", mendable=False)
    return verdict.model_copy(update={"green_before": True})


def _regressed(case: Case) -> CheckVerdict | None:
    if not case.base.by_test or not case.delta.regressed:
        return None
    worse = case.delta.regressed
    words = counted(worse, "test that passed before fails now", "tests that passed before fail now")
    return say(case, "refuted", words, about=worse)


def _broken(case: Case) -> CheckVerdict | None:
    if case.base.status != "passes" or not case.fails_for_good:
        return None
    fresh = case.delta.fresh
    if fresh:
        words = counted(fresh, "new test fails", "new tests fail")
        return say(case, "refuted", f"it passed at the base and fails now: {words}", about=fresh)
    return say(case, "refuted", f"it passed at the base and fails now ({_exit(case)})")


def _nothing_mended(case: Case) -> CheckVerdict | None:
    if case.base.status != "fails" or not case.fails_for_good or case.delta.mended:
        return None
    if not case.was_red or (case.delta.flaky and not case.base.named("failed")):
        return None
    failing = case.delta.still | case.delta.fresh | case.delta.hidden
    if not failing:
        return say(case, "refuted", f"it fails as it did before ({_exit(case)})")
    words = counted(failing, "test is not mended", "tests are not mended")
    return say(case, "refuted", f"it fails as it did before: {words}", about=failing)


def _unsteady(case: Case) -> CheckVerdict | None:
    if not case.unsteady:
        return None
    finding = "unverified" if case.named else "neutral"
    words = f"two outcomes on one tree, so it is flaky: {listed(case.unsteady)}"
    return say(case, finding, words, mendable=False)


def _owing(case: Case) -> CheckVerdict | None:
    owed, missed = case.owed, case.missed
    if owed or missed:
        return say(case, "unverified", _what_is_owed(case), about=owed | missed)
    if case.was_red and case.fails_for_good and case.claim.fails_beside_its_tests:
        words = f"{_mended(case)}; but the command still fails ({_exit(case)})"
        return say(case, "unverified", words)
    return None


def _green_before(case: Case) -> CheckVerdict | None:
    if case.was_red:
        return None
    words = f"it was green before, so it proves nothing{_aside(case)}"
    verdict = say(case, "unverified", words, mendable=False)
    return verdict.model_copy(update={"green_before": True})


def _proven(case: Case) -> CheckVerdict:
    if case.base.by_test and case.base.named("failed") and not case.delta.mended:
        return say(case, "unverified", f"no test that failed at the base passes now{_aside(case)}")
    return say(case, "proven", f"{_mended(case)}{_aside(case)}")


def _missing(case: Case) -> CheckVerdict | None:
    if not case.missed:
        return None
    return say(case, "unverified", _missed(case), about=case.missed)


def _mended_unasked(case: Case) -> CheckVerdict | None:
    mended = case.mended_unchanged
    if case.anything_named or not mended or case.owed:
        return None
    if case.fails_for_good and case.claim.fails_beside_its_tests:
        return None
    words = counted(
        mended,
        "test that failed before passes now, unchanged",
        "tests that failed before pass now, unchanged",
    )
    return say(case, "proven", f"{words}{_aside(case)}")


def _was_red_anyway(case: Case) -> CheckVerdict | None:
    if not case.was_red:
        return None
    owed = case.delta.still | case.delta.hidden | case.delta.fresh
    if case.claim.status == "passes" and not owed:
        return say(case, "kept", f"{_mended(case)}{_aside(case)}")
    if not owed:
        return say(case, "neutral", f"it failed before and fails now ({_exit(case)})")
    words = counted(owed, "test is red or hidden", "tests are red or hidden")
    some = f"; {_mended(case)}" if case.delta.mended else ""
    return say(case, "neutral", f"it failed before, and {words}{some}", about=owed)


def _kept(case: Case) -> CheckVerdict:
    return say(case, "kept", f"it passes as before{_aside(case)}")


_NAMED: tuple[Rule, ...] = (
    _cannot_run,
    _regressed,
    _broken,
    _nothing_mended,
    _unsteady,
    _owing,
    _green_before,
    _proven,
)
_KEPT: tuple[Rule, ...] = (
    _cannot_run,
    _regressed,
    _broken,
    _missing,
    _mended_unasked,
    _unsteady,
    _was_red_anyway,
    _kept,
)


def _what_is_owed(case: Case) -> str:
    delta, parts = case.delta, list[str]()
    groups = (
        (delta.still, "test is still red", "tests are still red"),
        (
            delta.hidden,
            "test that failed is gone or skipped",
            "tests that failed are gone or skipped",
        ),
        (delta.fresh, "new test fails", "new tests fail"),
    )
    for group, one, many in groups:
        if names := group & case.owed:
            parts.append(counted(names, one, many))
    if case.missed:
        parts.append(_missed(case))
    start = f"{_mended(case)}; but " if delta.mended else ""
    return start + "; ".join(parts)


def _missed(case: Case) -> str:
    words = counted(
        case.missed,
        "test that passed before is gone or skipped",
        "tests that passed before are gone or skipped",
    )
    last = case.claim.last
    silent = last is not None and not last.by_test
    return f"{words}{'; the claim names no tests any more' if silent else ''}"


def _mended(case: Case) -> str:
    if not case.delta.mended:
        return "it failed at the base and passes now"
    return counted(
        case.delta.mended,
        "test that failed at the base passes now",
        "tests that failed at the base pass now",
    )


def _aside(case: Case) -> str:
    """What is excused is still said."""
    parts: list[str] = []
    if red := case.delta.still | case.delta.fresh:
        parts.append(counted(red, "excused test is red", "excused tests are red"))
    if gone := case.delta.gone | case.delta.hidden:
        parts.append(counted(gone, "excused test is gone", "excused tests are gone"))
    if case.delta.flaky:
        parts.append(counted(case.delta.flaky, "test is flaky", "tests are flaky"))
    return f" ({'; '.join(parts)})" if parts else ""


def _exit(case: Case) -> str:
    last = case.claim.last
    return f"exit {last.exit_code}" if last is not None else "not run"


def _why_not(case: Case) -> str:
    for side in (case.claim, case.base):
        if side.status == "cannot":
            last = side.last
            return last.cannot_run or last.ending.replace("_", " ") if last else "it was not run"
    return ""
