"""The table of verdicts: from results at the base and at the claim to a verdict on a check."""

import re
from collections.abc import Callable, Sequence

from agentproxy.events.check import CannotRunKind
from agentproxy.events.verdict import CheckVerdict
from agentproxy.evidence.comparison import Comparison
from agentproxy.evidence.obstacles.cannot_run import cure_for
from agentproxy.evidence.verdict_text import (
    count_names,
    describe_blocked,
    describe_exit,
    describe_fixed,
    describe_removed,
    describe_unresolved,
    describe_waived,
    list_names,
    verdict_of,
)

_OURS: frozenset[CannotRunKind] = frozenset({"other_checkout", "not_isolated"})
_ASKS_FOR_IMPORTS = re.compile(r"import|module|package|install", re.IGNORECASE)
_SCRIPT = re.compile(r"\S+\.[cm]?[jt]sx?")

Row = Callable[[Comparison], CheckVerdict | None]


def judge_by_table(comparison: Comparison) -> CheckVerdict:
    """Returns the verdict of the first row that has one."""
    rows = _ACCEPTANCE if comparison.is_acceptance else _KEEPING
    return next(verdict for row in rows if (verdict := row(comparison)) is not None)


def _cannot_run(comparison: Comparison) -> CheckVerdict | None:
    before, after = comparison.base.status, comparison.claim.status
    if "flaky" in (before, after) or "cannot_run" not in (before, after):
        return None
    why, cure = _why_it_cannot_run(comparison)
    if before != "cannot_run":
        return _runs_only_at_base(comparison, why, cure)
    if after == "cannot_run":
        finding = "unverified" if comparison.is_acceptance else "neutral"
        reason = (
            f"it can run neither at the base nor at the claim: {why}{f' ({cure})' if cure else ''}"
        )
        return verdict_of(comparison, finding, "cannot_run", reason=reason, fixable=False)
    return _runs_only_now(comparison, why)


def _runs_only_at_base(comparison: Comparison, why: str, cure: str) -> CheckVerdict:
    if _has_only_scripts(comparison):
        reason = (
            "its test files name no test, so an early end with exit code 0 looks like a pass. "
            "Use test() of node:test in them."
        )
        return verdict_of(comparison, "unverified", "cannot_run_at_claim", reason=reason)
    kind, base = _kind_of_obstacle(comparison), comparison.base
    finding = "unverified" if comparison.is_acceptance else "neutral"
    if kind in _OURS:
        # What is in the way is how we lay out the job, so it accuses nobody.
        return verdict_of(comparison, finding, "cannot_run_at_claim", reason=why, fixable=False)
    if base.status == "fails" and not base.by_test and kind == "missing_command":
        # Of several commands in a row, the base stopped at an earlier one, so it accuses nobody.
        reason = f"it failed at the base, and cannot run at the claim: {why} ({cure})"
        return verdict_of(comparison, finding, "cannot_run_at_claim", reason=reason, fixable=False)
    reason = f"it runs at the base but cannot run at the claim: {why}"
    return verdict_of(comparison, "refuted", "cannot_run_at_claim", reason=reason)


def _has_only_scripts(comparison: Comparison) -> bool:
    """Whether node's runner ran scripts of plain assertions, and at the claim all ended with 0."""
    if _kind_of_obstacle(comparison) != "nothing_collected":
        return False
    names = comparison.base.tests
    return bool(names) and all(_SCRIPT.fullmatch(name) for name in names)


def _runs_only_now(comparison: Comparison, why: str) -> CheckVerdict:
    passes = comparison.claim.status == "passes"
    reason = (
        f"it {'passes' if passes else 'fails'} at the claim, but could not run at the base: {why}"
    )
    if comparison.is_acceptance and passes:
        # It was not seen to fail at the base, as with a check that was green there.
        reason += "; it proves nothing"
        return verdict_of(comparison, "unverified", "green_before", reason=reason, fixable=False)
    if comparison.is_acceptance:
        failing = comparison.claim.names_of("failed")
        return verdict_of(
            comparison, "refuted", "could_not_run_at_base", reason=reason, about=failing
        )
    finding = "kept" if passes else "neutral"
    return verdict_of(comparison, finding, "could_not_run_at_base", reason=reason)


def _regressed(comparison: Comparison) -> CheckVerdict | None:
    regressed = comparison.delta.regressed
    if not comparison.base.by_test or not regressed:
        return None
    reason = count_names(
        regressed, "test that passed before fails now", "tests that passed before fail now"
    )
    return verdict_of(comparison, "refuted", "newly_failing", reason=reason, about=regressed)


def _newly_failing(comparison: Comparison) -> CheckVerdict | None:
    if comparison.base.status != "passes" or not comparison.claim_fails:
        return None
    new = comparison.delta.new_failures
    why = count_names(new, "new test fails", "new tests fail") if new else describe_exit(comparison)
    reason = f"it passed at the base and fails now: {why}"
    return verdict_of(comparison, "refuted", "newly_failing", reason=reason, about=new)


def _not_installed(comparison: Comparison) -> CheckVerdict | None:
    module = comparison.not_installed
    # Who asks for it may have a worker that did not do it.
    if not module or _ASKS_FOR_IMPORTS.search(comparison.rules.task):
        return None
    finding = "unverified" if comparison.is_acceptance else "neutral"
    reason = (
        f"no test can import {module}, at the base as at the claim, although the tree has it: "
        "install the project into its environment (.venv/bin/pip install -e ., npm install), or "
        "name its folder in PYTHONPATH for the check"
    )
    return verdict_of(comparison, finding, "cannot_run", reason=reason, fixable=False)


def _nothing_fixed(comparison: Comparison) -> CheckVerdict | None:
    delta = comparison.delta
    if comparison.base.status != "fails" or not comparison.claim_fails or delta.fixed:
        return None
    if comparison.red_beside_task and not delta.new_failures:
        return None
    if not comparison.base_fails or (delta.flaky and not comparison.base.names_of("failed")):
        return None
    # A hidden test is not fixed: a failed test is fixed only when it passes.
    failing = delta.still_failing | delta.new_failures | delta.hidden
    if failing and failing <= set(comparison.blocked):
        reason = describe_blocked(comparison)
        return verdict_of(
            comparison, "unverified", "cannot_run", reason=reason, about=failing, fixable=False
        )
    why = describe_exit(comparison)
    if failing:
        why = count_names(failing, "test is not fixed", "tests are not fixed")
    reason = f"it fails as it did before: {why}"
    return verdict_of(comparison, "refuted", "still_failing", reason=reason, about=failing)


def _flaky(comparison: Comparison) -> CheckVerdict | None:
    if not comparison.flaky_names:
        return None
    finding = "unverified" if comparison.is_acceptance else "neutral"
    names = list_names(comparison.flaky_names)
    reason = f"it is flaky, with two outcomes on one tree: {names}"
    return verdict_of(comparison, finding, "flaky", reason=reason, fixable=False)


def _partly_fixed(comparison: Comparison) -> CheckVerdict | None:
    unresolved, removed = comparison.unresolved, comparison.removed
    if unresolved or removed:
        code = "partly_fixed" if unresolved else "tests_removed"
        reason, about = describe_unresolved(comparison), unresolved | removed
        # No worker can mend what is missing outside of the tree.
        is_blocked = not removed and unresolved <= set(comparison.blocked)
        if is_blocked:
            reason = f"{reason}; {describe_blocked(comparison)}"
        return verdict_of(
            comparison, "unverified", code, reason=reason, about=about, fixable=not is_blocked
        )
    fails = comparison.claim_fails and comparison.claim.fails_beside_its_tests
    if not comparison.base_fails or not fails:
        return None
    reason = (
        f"{describe_fixed(comparison)}; but the command still fails ({describe_exit(comparison)})"
    )
    return verdict_of(comparison, "unverified", "partly_fixed", reason=reason)


def _green_before(comparison: Comparison) -> CheckVerdict | None:
    if comparison.base_fails and not comparison.red_beside_task:
        return None
    green = "it was green before" if not comparison.base_fails else "what is red was red before"
    reason = f"{green}, so it proves nothing{describe_waived(comparison)}"
    return verdict_of(comparison, "unverified", "green_before", reason=reason, fixable=False)


def _fixed(comparison: Comparison) -> CheckVerdict:
    base = comparison.base
    if base.by_test and base.names_of("failed") and not comparison.delta.fixed:
        reason = f"no test that failed at the base passes now{describe_waived(comparison)}"
        return verdict_of(comparison, "unverified", "nothing_fixed", reason=reason)
    reason = f"{describe_fixed(comparison)}{describe_waived(comparison)}"
    return verdict_of(comparison, "proven", "fixed", reason=reason)


def _removed(comparison: Comparison) -> CheckVerdict | None:
    removed = comparison.removed
    if not removed:
        return None
    reason = describe_removed(comparison)
    return verdict_of(comparison, "unverified", "tests_removed", reason=reason, about=removed)


def _fixed_without_acceptance_check(comparison: Comparison) -> CheckVerdict | None:
    # A test that the claim changed cannot prove the claim.
    fixed = comparison.fixed_unchanged
    if comparison.rules.has_acceptance_check or not fixed or comparison.unresolved:
        return None
    if comparison.claim_fails and comparison.claim.fails_beside_its_tests:
        return None
    words = count_names(
        fixed,
        "unchanged test that failed before passes now",
        "unchanged tests that failed before pass now",
    )
    reason = f"{words}{describe_waived(comparison)}"
    return verdict_of(comparison, "proven", "fixed", reason=reason)


def _failed_before(comparison: Comparison) -> CheckVerdict | None:
    beside = comparison.red_beside_task and not comparison.rules.has_acceptance_check
    if not comparison.base_fails or (beside and not comparison.delta.new_failures):
        return None
    delta = comparison.delta
    unfixed = delta.still_failing | delta.hidden | delta.new_failures
    if comparison.claim.status == "passes" and not unfixed:
        reason = f"{describe_fixed(comparison)}{describe_waived(comparison)}"
        return verdict_of(comparison, "kept", "fixed", reason=reason)
    why = f"it fails now ({describe_exit(comparison)})"
    if unfixed:
        why = count_names(unfixed, "test fails or is hidden", "tests fail or are hidden")
    fixed = f"; {describe_fixed(comparison)}" if unfixed and delta.fixed else ""
    reason = f"it failed before, and {why}{fixed}"
    return verdict_of(comparison, "neutral", "still_failing", reason=reason, about=unfixed)


def _passes_as_before(comparison: Comparison) -> CheckVerdict:
    reason = f"it passes as before{describe_waived(comparison)}"
    return verdict_of(comparison, "kept", "passes_as_before", reason=reason)


def _kind_of_obstacle(comparison: Comparison) -> CannotRunKind | None:
    last = comparison.claim.last
    return last.cannot_run.kind if last is not None and last.cannot_run is not None else None


def _why_it_cannot_run(comparison: Comparison) -> tuple[str, str]:
    side = next(s for s in (comparison.claim, comparison.base) if s.status == "cannot_run")
    if side.last is None:
        return "it was not run", ""
    reason = side.last.cannot_run
    if reason is None:
        return side.last.ending.replace("_", " "), ""
    return reason.text, cure_for(reason.kind)


# Rows that refute come first, and rows that prove come last.
_ACCEPTANCE: Sequence[Row] = (
    _cannot_run,
    _not_installed,
    _regressed,
    _newly_failing,
    _nothing_fixed,
    _flaky,
    _partly_fixed,
    _green_before,
    _fixed,
)
_KEEPING: Sequence[Row] = (
    _cannot_run,
    _not_installed,
    _regressed,
    _newly_failing,
    _removed,
    _fixed_without_acceptance_check,
    _flaky,
    _failed_before,
    _passes_as_before,
)
