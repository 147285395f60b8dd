"""Keeps a proof from counting where something speaks against the claim. Pure."""

from agentproxy.events.trials import DoubtKind
from agentproxy.events.verdict import UNPROVEN, CheckVerdict
from agentproxy.evidence.attempts import Side
from agentproxy.evidence.comparison import Comparison
from agentproxy.evidence.doubts.printed import find_unawaited

# These stay true whatever proves the claim. The others are about the claim's own tests.
_WHATEVER_PROVES: frozenset[DoubtKind] = frozenset(
    {
        "destroys",
        "mostly_removed",
        "adds_secret",
        "does_not_parse",
        "left_out",
        "answers_tests",
        "ignores_input",
        "shadows_module",
        "not_seen",
        "knows_tests",
    }
)
_BY_OWN_TESTS = ("falsified", "mutants_noticed")


def weigh_doubts(comparison: Comparison, verdict: CheckVerdict) -> CheckVerdict:
    """Returns the verdict; `doubtful` where it was proven, with the doubts where it is unproven."""
    proven = verdict.finding == "proven"
    doubts = [
        each.text
        for each in comparison.rules.doubts
        if each.kind in _WHATEVER_PROVES or not proven or verdict.reason_code in _BY_OWN_TESTS
    ]
    if verdict.reason_code in _BY_OWN_TESTS:
        doubts += find_unawaited(_output(comparison.claim), _output(comparison.base))
    if not doubts or not (proven or verdict.reason_code in UNPROVEN):
        return verdict
    if not proven:
        # Said at once, so that one more round can mend all of it.
        reason = f"{verdict.reason.rstrip('.')}. Also seen: {'; '.join(doubts)}"
        return verdict.model_copy(update={"reason": reason})
    changed = {
        "finding": "unverified" if comparison.is_acceptance else "kept",
        "reason_code": "doubtful",
        "reason": f"{verdict.reason}; but {'; '.join(doubts)}",
        "fixable": True,
    }
    return verdict.model_copy(update=changed)


def _output(side: Side) -> str:
    return side.last.output if side.last else ""
