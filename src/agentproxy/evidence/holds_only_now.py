"""Keeps a proof from counting where its tests fail at another date. Pure."""

from agentproxy.events.verdict import CheckVerdict
from agentproxy.evidence.attempts import fold_attempts
from agentproxy.evidence.comparison import Comparison
from agentproxy.evidence.other_date import DAYS_LATER
from agentproxy.evidence.verdict_text import count_names


def downgrade_for_date(comparison: Comparison, verdict: CheckVerdict) -> CheckVerdict:
    """A proven check whose new or mended tests fail, twice, only at another date is unverified."""
    later = comparison.evidence.later
    if verdict.finding != "proven" or len(later) < 2:
        return verdict
    failing = find_dated(comparison)
    if not failing:
        return verdict
    names = count_names(failing, "test that proves it fails", "tests that prove it fail")
    reason = (
        f"{verdict.reason}; but {DAYS_LATER} days later, where the old tests pass, {names}. "
        "Let no test depend on the present date."
    )
    changed = {
        "finding": "unverified" if comparison.is_acceptance else "kept",
        "reason_code": "holds_only_now",
        "reason": reason,
        "fixable": True,
    }
    return verdict.model_copy(update=changed)


def find_dated(comparison: Comparison) -> frozenset[str]:
    """The tests that only the claim passes, and that fail at another date; none where an old test
    fails there too, or no old test shows that the rest holds there.
    """
    later = fold_attempts(comparison.evidence.later)
    if not comparison.claim.by_test or not later.by_test:
        return frozenset()
    passed, old = (side.names_of("passed") for side in (comparison.claim, comparison.base))
    failed = later.names_of("failed")
    if not old & later.names_of("passed") or failed & old & passed:
        return frozenset()
    return frozenset((failed & passed) - old - later.flaky)
