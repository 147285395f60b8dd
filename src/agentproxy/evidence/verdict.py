"""What the evidence says, decided purely: the verdict on a check from its results at the base and
at the claim, and the verdict on a run from those of its checks.

The rules stand in the order of their weight: what refutes comes first, what proves comes last.
"""

from collections.abc import Callable, Collection, Sequence

from agentproxy.events.check import CheckResult
from agentproxy.events.contract import Check
from agentproxy.events.verdict import CheckVerdict
from agentproxy.evidence.cannot_run import cure_for
from agentproxy.evidence.comparison import (
    Comparison,
    build_comparison,
    count_names,
    list_names,
    verdict_of,
)
from agentproxy.evidence.run_verdict import judge_run as judge_run

VerdictRule = Callable[[Comparison], CheckVerdict | None]


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
    case = build_comparison(
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


def needs_rerun(
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


def _cannot_run(case: Comparison) -> CheckVerdict | None:
    before, after = case.base.status, case.claim.status
    if "flaky" in (before, after) or "cannot" not in (before, after):
        return None
    why = _why_not(case)
    if before != "cannot":
        return verdict_of(
            case, "refuted", f"it could run at the base and cannot at the claim: {why}"
        )
    if after == "cannot":
        finding = "unverified" if case.named else "neutral"
        cure = cure_for(why)
        words = f"it cannot run here at all: {why}{f' ({cure})' if cure else ''}"
        return verdict_of(case, finding, words, fixable=False)
    return _runs_only_now(case, why)


def _runs_only_now(case: Comparison, why: str) -> CheckVerdict:
    passes = case.claim.status == "passes"
    words = f"it {'passes' if passes else 'fails'}; at the base it could not run: {why}"
    if not case.named:
        return verdict_of(case, "kept" if passes else "neutral", words)
    if not passes:
        return verdict_of(case, "refuted", words, about=case.claim.named("failed"))
    verdict = verdict_of(case, "unverified", f"{words}, so it proves nothing", fixable=False)
    return verdict.model_copy(update={"green_before": True})


def _regressed(case: Comparison) -> CheckVerdict | None:
    if not case.base.by_test or not case.delta.regressed:
        return None
    worse = case.delta.regressed
    words = count_names(
        worse, "test that passed before fails now", "tests that passed before fail now"
    )
    return verdict_of(case, "refuted", words, about=worse)


def _broken(case: Comparison) -> CheckVerdict | None:
    if case.base.status != "passes" or not case.fails_for_good:
        return None
    fresh = case.delta.new_failures
    if fresh:
        words = count_names(fresh, "new test fails", "new tests fail")
        return verdict_of(
            case, "refuted", f"it passed at the base and fails now: {words}", about=fresh
        )
    return verdict_of(case, "refuted", f"it passed at the base and fails now ({_exit(case)})")


def _nothing_fixed(case: Comparison) -> CheckVerdict | None:
    if case.base.status != "fails" or not case.fails_for_good or case.delta.fixed:
        return None
    if not case.was_red or (case.delta.flaky and not case.base.named("failed")):
        return None
    failing = case.delta.still_failing | case.delta.new_failures | case.delta.hidden
    if not failing:
        return verdict_of(case, "refuted", f"it fails as it did before ({_exit(case)})")
    words = count_names(failing, "test is not fixed", "tests are not fixed")
    return verdict_of(case, "refuted", f"it fails as it did before: {words}", about=failing)


def _unsteady(case: Comparison) -> CheckVerdict | None:
    if not case.unsteady:
        return None
    finding = "unverified" if case.named else "neutral"
    words = f"two outcomes on one tree, so it is flaky: {list_names(case.unsteady)}"
    return verdict_of(case, finding, words, fixable=False)


def _owing(case: Comparison) -> CheckVerdict | None:
    owed, missed = case.unresolved, case.lost
    if owed or missed:
        return verdict_of(case, "unverified", _what_is_owed(case), about=owed | missed)
    if case.was_red and case.fails_for_good and case.claim.fails_beside_its_tests:
        words = f"{_fixed(case)}; but the command still fails ({_exit(case)})"
        return verdict_of(case, "unverified", words)
    return None


def _green_before(case: Comparison) -> CheckVerdict | None:
    if case.was_red:
        return None
    words = f"it was green before, so it proves nothing{_aside(case)}"
    verdict = verdict_of(case, "unverified", words, fixable=False)
    return verdict.model_copy(update={"green_before": True})


def _proven(case: Comparison) -> CheckVerdict:
    if case.base.by_test and case.base.named("failed") and not case.delta.fixed:
        return verdict_of(
            case, "unverified", f"no test that failed at the base passes now{_aside(case)}"
        )
    return verdict_of(case, "proven", f"{_fixed(case)}{_aside(case)}")


def _missing(case: Comparison) -> CheckVerdict | None:
    if not case.lost:
        return None
    return verdict_of(case, "unverified", _missed(case), about=case.lost)


def _fixed_unasked(case: Comparison) -> CheckVerdict | None:
    fixed = case.fixed_unchanged
    if case.anything_named or not fixed or case.unresolved:
        return None
    if case.fails_for_good and case.claim.fails_beside_its_tests:
        return None
    words = count_names(
        fixed,
        "test that failed before passes now, unchanged",
        "tests that failed before pass now, unchanged",
    )
    return verdict_of(case, "proven", f"{words}{_aside(case)}")


def _was_red_anyway(case: Comparison) -> CheckVerdict | None:
    if not case.was_red:
        return None
    owed = case.delta.still_failing | case.delta.hidden | case.delta.new_failures
    if case.claim.status == "passes" and not owed:
        return verdict_of(case, "kept", f"{_fixed(case)}{_aside(case)}")
    if not owed:
        return verdict_of(case, "neutral", f"it failed before and fails now ({_exit(case)})")
    words = count_names(owed, "test is red or hidden", "tests are red or hidden")
    some = f"; {_fixed(case)}" if case.delta.fixed else ""
    return verdict_of(case, "neutral", f"it failed before, and {words}{some}", about=owed)


def _kept(case: Comparison) -> CheckVerdict:
    return verdict_of(case, "kept", f"it passes as before{_aside(case)}")


_NAMED: tuple[VerdictRule, ...] = (
    _cannot_run,
    _regressed,
    _broken,
    _nothing_fixed,
    _unsteady,
    _owing,
    _green_before,
    _proven,
)
_KEPT: tuple[VerdictRule, ...] = (
    _cannot_run,
    _regressed,
    _broken,
    _missing,
    _fixed_unasked,
    _unsteady,
    _was_red_anyway,
    _kept,
)


def _what_is_owed(case: Comparison) -> str:
    delta, parts = case.delta, list[str]()
    groups = (
        (delta.still_failing, "test is still red", "tests are still red"),
        (
            delta.hidden,
            "test that failed is gone or skipped",
            "tests that failed are gone or skipped",
        ),
        (delta.new_failures, "new test fails", "new tests fail"),
    )
    for group, one, many in groups:
        if names := group & case.unresolved:
            parts.append(count_names(names, one, many))
    if case.lost:
        parts.append(_missed(case))
    start = f"{_fixed(case)}; but " if delta.fixed else ""
    return start + "; ".join(parts)


def _missed(case: Comparison) -> str:
    words = count_names(
        case.lost,
        "test that passed before is gone or skipped",
        "tests that passed before are gone or skipped",
    )
    last = case.claim.last
    silent = last is not None and not last.by_test
    return f"{words}{'; the claim names no tests any more' if silent else ''}"


def _fixed(case: Comparison) -> str:
    if not case.delta.fixed:
        return "it failed at the base and passes now"
    return count_names(
        case.delta.fixed,
        "test that failed at the base passes now",
        "tests that failed at the base pass now",
    )


def _aside(case: Comparison) -> str:
    """What is excused is still said."""
    parts: list[str] = []
    if red := case.delta.still_failing | case.delta.new_failures:
        parts.append(count_names(red, "excused test is red", "excused tests are red"))
    if gone := case.delta.removed | case.delta.hidden:
        parts.append(count_names(gone, "excused test is gone", "excused tests are gone"))
    if case.delta.flaky:
        parts.append(count_names(case.delta.flaky, "test is flaky", "tests are flaky"))
    return f" ({'; '.join(parts)})" if parts else ""


def _exit(case: Comparison) -> str:
    last = case.claim.last
    return f"exit {last.exit_code}" if last is not None else "not run"


def _why_not(case: Comparison) -> str:
    for side in (case.claim, case.base):
        if side.status == "cannot":
            last = side.last
            return last.cannot_run or last.ending.replace("_", " ") if last else "it was not run"
    return ""
