"""Whether a claim changes files that decide what a check says: tests and runner settings."""

import re
from collections.abc import Collection, Mapping, Sequence

from agentproxy.events.contract import Check
from agentproxy.events.git_facts import Change
from agentproxy.events.verdict import CheckVerdict
from agentproxy.evidence.comparison import Comparison, with_restored_tests
from agentproxy.evidence.reports.test_ids import file_of_test, is_changed
from agentproxy.evidence.runner_settings import decides_by_settings
from agentproxy.evidence.test_files import is_test_file
from agentproxy.evidence.verdict_table import judge_by_table
from agentproxy.evidence.verdict_text import MAX_NAMES, list_names

NAMES_SPELLED_OUT = 5
_BY_ITSELF = ("falsified", "mutants_noticed", "done_as_asked")
_PASSES_AS_BEFORE = ("green_before", "passes_as_before")
# Such a check asks for the content of a file. With the base's version of the file in its place
# it could never pass.
_LOOKS_AT_FILES = re.compile(
    r"\s*(?:!\s+)?(?:[ef]?grep|rg|test|\[|ls|wc|cmp|diff|stat)\s[^;&|`$\n<>]*"
)
_PROSE = re.compile(r".*\.(?:md|rst|txt|adoc)", re.IGNORECASE)


def may_rest_on_tests(check: Check, verdict: CheckVerdict) -> bool:
    """Whether changed tests may be why a check says what it says: where it is proven, and where
    a check that a person wants kept passes as before.
    """
    kept = verdict.finding == "kept" and verdict.reason_code == "passes_as_before"
    return verdict.finding == "proven" or (check.role == "regression" and kept)


def find_deciding_files(
    changes: Sequence[Change], verdict: CheckVerdict, *, command: str
) -> tuple[str, ...]:
    """Returns the files of a claim that may be why a check is proven, apart from its code."""
    if _LOOKS_AT_FILES.fullmatch(command):
        return ()
    own = {file_of_test(name) for name in verdict.fixed} - {""}
    return tuple(
        change.path
        for change in changes
        if decides_by_settings(change.path)
        or (
            # Nothing in a test file that the claim adds failed at the base. But it may change
            # what the others load (`patching_tests`).
            (change.status != "added" or verdict.reason_code == "fixed")
            and (is_test_file(change.path) or any(is_changed(f, [change.path]) for f in own))
        )
    )


def prove_by_restored_tests(comparison: Comparison, verdict: CheckVerdict) -> CheckVerdict:
    """Returns the verdict, as `proven` where the base's own version of a changed test proves it."""
    if not comparison.evidence.restored or not may_be_proven_by_restored_tests(comparison, verdict):
        return verdict
    said = judge_by_table(with_restored_tests(comparison))
    if said.finding != "proven":
        return verdict
    return said.model_copy(update={"reason": f"{said.reason}, also with the base's tests"})


def may_be_proven_by_restored_tests(comparison: Comparison, verdict: CheckVerdict) -> bool:
    """Whether nobody named a check, and what failed at the base and passes now is in test files
    that the claim changes: who mends something often adds a test beside the one that failed.
    """
    return (
        verdict.finding == "kept"
        and verdict.reason_code == "fixed"
        and not comparison.rules.has_acceptance_check
        and bool(comparison.delta.fixed)
        # Without a change of the code the same tree has two outcomes.
        and any(
            not is_test_file(change.path) and not _PROSE.fullmatch(change.path)
            for change in comparison.rules.changes
        )
    )


def downgrade_for_own_tests(comparison: Comparison, verdict: CheckVerdict) -> CheckVerdict:
    """Returns the verdict, as `unverified` where the base's own tests do not prove it."""
    if not comparison.evidence.restored or not may_rest_on_tests(comparison.check, verdict):
        return verdict
    restored = with_restored_tests(comparison)
    said = judge_by_table(restored)
    # What is proven by trials, or by the tree, rests on no test of the base: those need only pass
    # as before.
    passes = _keeps(verdict) and said.reason_code in _PASSES_AS_BEFORE
    if said.finding == "proven" or passes:
        return verdict
    # A flaky test fails by chance, so its failure does not show that the proof needs new tests.
    flaky = restored.claim.flaky & comparison.delta.fixed
    if flaky or restored.claim.status == "flaky":
        return _flaky_with_restored(comparison, verdict, flaky or restored.flaky_names)
    asked = _asked_files(comparison, restored, verdict)
    names = [path for path in comparison.evidence.restored_files if path not in asked]
    worse = restored.worse_beside_task
    if not names and not worse:
        return _changed_as_asked(comparison, verdict, asked)
    # Never refuted: the old test may have been wrong.
    reason = _say_what_it_rests_on(verdict, names or comparison.evidence.restored_files)
    if worse:
        reason += f"; there fails: {list_names(worse)}"
    # A check that is only kept is so still; it does not prove the task.
    kept = verdict.reason_code in _BY_ITSELF and not comparison.is_acceptance
    finding = "kept" if kept else "unverified"
    changed = {"finding": finding, "reason_code": "own_tests", "reason": reason}
    return verdict.model_copy(update=changed)


def _keeps(verdict: CheckVerdict) -> bool:
    """Whether the base's own tests need only pass as before."""
    return verdict.finding == "kept" or verdict.reason_code in _BY_ITSELF


def _say_what_it_rests_on(verdict: CheckVerdict, names: Sequence[str]) -> str:
    hidden = len(names) - NAMES_SPELLED_OUT
    more = f" and {hidden} more" if hidden > 0 else ""
    proven = verdict.finding == "proven"
    return (
        f"{verdict.reason}; but {'its proof' if proven else 'that'} rests on tests and settings "
        f"that the claim changes: {', '.join(names[:NAMES_SPELLED_OUT])}{more} (with the base's "
        f"versions it {'is not proven' if proven else 'does not pass'})"
    )


def _asked_files(
    comparison: Comparison, restored: Comparison, verdict: CheckVerdict
) -> Mapping[str, str]:
    """The test files that may differ as the task asks, each with the reason."""
    # Who names a test that fails asks for a repair, and not for another test: what was red must
    # pass with the base's tests too.
    fixed = comparison.delta.fixed
    red = not _keeps(verdict) and not (fixed and fixed <= restored.delta.fixed)
    asked = comparison.rules.asked
    return {} if red or asked is None else asked.test_files


def _changed_as_asked(
    comparison: Comparison, verdict: CheckVerdict, asked: Mapping[str, str]
) -> CheckVerdict:
    shown = [
        f"{path} (the task {asked[path]})"
        for path in comparison.evidence.restored_files[:NAMES_SPELLED_OUT]
    ]
    reason = f"{verdict.reason}; old tests change as the task asks: {', '.join(shown)}"
    return verdict.model_copy(update={"reason": reason})


def _flaky_with_restored(
    comparison: Comparison, verdict: CheckVerdict, names: Collection[str]
) -> CheckVerdict:
    reason = (
        f"{verdict.reason}; but with the base's tests it is flaky, with two outcomes on one tree: "
        f"{list_names(names)}"
    )
    return verdict.model_copy(
        update={
            "finding": "unverified" if comparison.is_acceptance else "neutral",
            "reason_code": "flaky",
            "reason": reason,
            "flaky": tuple(sorted({*verdict.flaky, *names}))[:MAX_NAMES],
            "fixable": False,
        }
    )
