"""Proves a claim by what the tree shows: the task is done, and the checks pass as before. Pure."""

from agentproxy.events.verdict import UNPROVEN, CheckVerdict
from agentproxy.evidence.comparison import Comparison


def prove_what_is_done(comparison: Comparison, verdict: CheckVerdict) -> CheckVerdict:
    """Returns the verdict, as `proven` where a proof is all that it lacks and the tree has one."""
    asked = comparison.rules.asked
    lacks = verdict.finding == "unverified" and verdict.reason_code in UNPROVEN
    keeps = verdict.finding == "kept" and not comparison.rules.has_acceptance_check
    if asked is None or not asked.done or comparison.rules.later_part or not (lacks or keeps):
        return verdict
    if comparison.claim.status != "passes":
        return verdict
    reason = f"{'; '.join(asked.done)}, as the task asks, and it passes as before"
    changed = {"finding": "proven", "reason_code": "done_as_asked", "reason": reason}
    return verdict.model_copy(update=changed)
