"""Keeps a proof from counting where the check is red once the claim is merged. Pure."""

from agentproxy.events.verdict import CheckVerdict
from agentproxy.evidence.attempts import Side, fold_attempts
from agentproxy.evidence.check_evidence import Merge
from agentproxy.evidence.comparison import Comparison
from agentproxy.evidence.verdict_text import list_names


def downgrade_for_merge(comparison: Comparison, verdict: CheckVerdict) -> CheckVerdict:
    """A proven check that fails, twice, only with both changes together is unverified."""
    merge = comparison.evidence.merge
    if verdict.finding != "proven" or merge is None or len(merge.merged) < 2:
        return verdict
    failing = find_red_by_merge(comparison.claim, merge, command=comparison.check.command)
    if not failing:
        return verdict
    reason = (
        f"{verdict.reason}; but the branch has moved meanwhile, and merged with it the check "
        f"fails: {list_names(failing)}"
    )
    changed = {
        "finding": "unverified",
        "reason_code": "red_once_merged",
        "reason": reason,
        "fixable": False,
    }
    return verdict.model_copy(update=changed)


def find_red_by_merge(claim: Side, merge: Merge, *, command: str) -> frozenset[str]:
    """The tests that fail at the merge and neither at the claim nor at the target; the command
    where its runner names no tests. Nothing without a result of the target.
    """
    if not merge.merged or not merge.target:
        return frozenset()
    together, target = fold_attempts(merge.merged), fold_attempts(merge.target)
    if together.status != "fails" or _fails_by_itself(target):
        return frozenset()
    if not together.by_test or not claim.by_test:
        alone = "fails" in (claim.status, target.status)
        return frozenset() if alone else frozenset({command})
    known = claim.names_of("failed") | target.names_of("failed")
    return frozenset(together.names_of("failed") - known - together.flaky)


def _fails_by_itself(target: Side) -> bool:
    return target.status in ("cannot_run", "flaky") or (
        target.status == "fails" and not target.by_test
    )
