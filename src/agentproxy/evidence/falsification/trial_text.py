"""The verdicts that trials lead to, in words that tell a worker what to do."""

from collections.abc import Collection, Iterable

from agentproxy.events.verdict import CheckVerdict, Location, ReasonCode
from agentproxy.evidence.comparison import Comparison
from agentproxy.evidence.verdict_text import MAX_LOCATIONS, count_names, list_names

WANTED = "Add a test that fails without the change and passes with it."


def proven_by_trials(
    comparison: Comparison, verdict: CheckVerdict, names: Collection[str]
) -> CheckVerdict:
    """The tests fail without the change, and check what it does."""
    if comparison.claim.by_test:
        reason = count_names(
            names,
            "test of the claim passes, and fails without its change",
            "tests of the claim pass, and fail without its change",
        )
    else:
        reason = "with the claim's tests it passes, and it fails without the change"
    return verdict.model_copy(
        update={"finding": "proven", "reason_code": "falsified", "reason": reason, "fixable": True}
    )


def no_test(comparison: Comparison, verdict: CheckVerdict) -> CheckVerdict:
    """The claim brings no test."""
    reason = f"{verdict.reason}; the claim adds no test of its change. {WANTED}"
    return _unproven(comparison, verdict, "no_test", reason=reason)


def tests_only(comparison: Comparison, verdict: CheckVerdict, *, why: str) -> CheckVerdict:
    """There is no code to take away, and none to put faults into."""
    if not why and not comparison.claim.by_test:
        why = "its runner names no tests"
    reason = f"{verdict.reason}; the claim changes only tests, and nothing shows that they can fail"
    reason += f": {why}" if why else ""
    return _unproven(comparison, verdict, "tests_only", reason=reason, fixable=False)


def not_run_by_check(
    comparison: Comparison, verdict: CheckVerdict, files: Iterable[str]
) -> CheckVerdict:
    """The tests are there, and this check does not run them."""
    reason = f"{verdict.reason}; it does not run the claim's tests: {list_names(files)}"
    return _unproven(comparison, verdict, "tests_not_run", reason=reason, fixable=False)


def did_not_end(comparison: Comparison, verdict: CheckVerdict) -> CheckVerdict:
    """The trial says nothing."""
    reason = f"{verdict.reason}; without the claim's change it does not end in time"
    return _unproven(comparison, verdict, "green_before", reason=reason, fixable=False)


def passes_without(
    comparison: Comparison, verdict: CheckVerdict, names: Collection[str]
) -> CheckVerdict:
    """The tests say the same without the change."""
    if comparison.claim.by_test:
        about = count_names(
            names,
            "test of the claim passes without its change of the code",
            "tests of the claim pass without its change of the code",
        )
    else:
        about = "with the claim's tests it passes without the change of the code as well"
    reason = f"{verdict.reason}; {about}. {WANTED}"
    return _unproven(comparison, verdict, "passes_without_change", reason=reason, about=names)


def result_not_checked(
    comparison: Comparison, verdict: CheckVerdict, names: Collection[str], *, called: bool
) -> CheckVerdict:
    """The tests need the names that the change brings, and not what it does."""
    how = "only call what is new" if called else "only need the names that are new"
    reason = (
        f"{verdict.reason}; the claim's tests {how}: none fails by an assertion where the changed "
        f"functions do nothing new: {list_names(names)}. Check the results in the tests."
    )
    about = names if comparison.claim.by_test else ()
    return _unproven(comparison, verdict, "result_not_checked", reason=reason, about=about)


def fails_alone(
    comparison: Comparison, verdict: CheckVerdict, names: Collection[str]
) -> CheckVerdict:
    """The tests fail on the variants for another reason than the change."""
    about = count_names(
        names,
        "test of the claim fails with its change too",
        "tests of the claim fail with its change too",
    )
    reason = (
        f"{verdict.reason}; {about}, in the run of a variant that has only a comment more in the "
        "code: what they look at is not what the change does. Check the results in the tests."
    )
    return _unproven(comparison, verdict, "fails_alone", reason=reason, about=names)


def _unproven(
    comparison: Comparison,
    verdict: CheckVerdict,
    code: ReasonCode,
    *,
    reason: str,
    about: Iterable[str] = (),
    fixable: bool = True,
) -> CheckVerdict:
    tests = comparison.claim.tests
    places = tuple(
        Location(test=name, where=tests[name].place or name.partition("::")[0])
        for name in sorted(about)[:MAX_LOCATIONS]
        if name in tests
    )
    return verdict.model_copy(
        update={"reason_code": code, "reason": reason, "places": places, "fixable": fixable}
    )
