"""The sentences of a verdict on a check, and the tests that it is about."""

from collections.abc import Collection, Iterable

from agentproxy.events.verdict import CheckVerdict, Finding, Location, ReasonCode
from agentproxy.evidence.comparison import Comparison
from agentproxy.evidence.obstacles.cannot_run import cure_for
from agentproxy.evidence.reports.test_ids import file_of

MAX_LOCATIONS = 20
MAX_NAMES = 200
NAMES_SPELLED_OUT = 3
MAX_TAIL_CHARACTERS = 2000


def verdict_of(
    comparison: Comparison,
    finding: Finding,
    code: ReasonCode,
    *,
    reason: str,
    about: Iterable[str] = (),
    fixable: bool = True,
) -> CheckVerdict:
    """Builds a verdict on the check; `about` names the tests that a worker must look at."""
    return CheckVerdict(
        check=comparison.check.name,
        finding=finding,
        reason_code=code,
        reason=reason,
        places=_locations(comparison, about),
        flaky=tuple(sorted(comparison.delta.flaky))[:MAX_NAMES],
        fixed=tuple(sorted(comparison.delta.fixed))[:MAX_NAMES],
        fixable=fixable,
    )


def list_names(names: Iterable[str]) -> str:
    ordered = sorted(names)
    more = len(ordered) - NAMES_SPELLED_OUT
    return ", ".join(ordered[:NAMES_SPELLED_OUT]) + (f" and {more} more" if more > 0 else "")


def count_names(names: Collection[str], one: str, many: str) -> str:
    """Returns a count with fitting words and the first names: `2 tests fail: a, b`."""
    words = one if len(names) == 1 else many
    return f"{len(names)} {words}: {list_names(names)}"


def _locations(comparison: Comparison, names: Iterable[str]) -> tuple[Location, ...]:
    found = tuple(_location(comparison, name) for name in sorted(names)[:MAX_LOCATIONS])
    last = comparison.claim.last
    if found or last is None or comparison.claim.status == "passes":
        return found
    # Without a test to name, the end of the output says most.
    tail = last.output[-MAX_TAIL_CHARACTERS:].strip()
    return (Location(message=last.cannot_run.text if last.cannot_run else tail),)


def _location(comparison: Comparison, name: str) -> Location:
    tests = comparison.claim.tests
    # If the file cannot be loaded, its failure explains the missing test.
    test = tests.get(name) or tests.get(file_of(name))
    if test is None:
        message = "the test does not exist at the claim"
        return Location(test=name, where=file_of(name), message=message)
    if test.outcome in ("skipped", "xfailed"):
        how = "skipped" if test.outcome == "skipped" else "expected to fail"
        reason = f": {test.message}" if test.message else ""
        return Location(test=name, where=test.place, message=f"the test is {how} now{reason}")
    return Location(test=name, where=test.place, message=test.message)


def describe_unresolved(comparison: Comparison) -> str:
    delta, parts = comparison.delta, list[str]()
    groups = (
        (delta.still_failing, "test still fails", "tests still fail"),
        (
            delta.hidden,
            "test that failed is removed or skipped",
            "tests that failed are removed or skipped",
        ),
        (delta.new_failures, "new test fails", "new tests fail"),
    )
    for group, one, many in groups:
        if names := group & comparison.unresolved:
            parts.append(count_names(names, one, many))
    if comparison.removed:
        parts.append(describe_removed(comparison))
    start = f"{describe_fixed(comparison)}; but " if delta.fixed else ""
    return start + "; ".join(parts)


def describe_blocked(comparison: Comparison) -> str:
    """Returns why tests fail that need something outside of the tree, with the cure."""
    blocked = comparison.blocked
    words = count_names(
        blocked,
        "test fails at the base and at the claim for a reason outside of the tree",
        "tests fail at the base and at the claim for a reason outside of the tree",
    )
    reasons = dict.fromkeys((each.text, cure_for(each.kind)) for each in blocked.values())
    said = (f"{text} ({cure})" if cure else text for text, cure in reasons)
    return f"{words}: {'; '.join(said)}"


def describe_removed(comparison: Comparison) -> str:
    words = count_names(
        comparison.removed,
        "test that passed before is removed or skipped",
        "tests that passed before are removed or skipped",
    )
    last = comparison.claim.last
    if last is None or last.by_test:
        return words
    return f"{words}; {last.doubt_text or 'the runner names no tests at the claim'}"


def describe_fixed(comparison: Comparison) -> str:
    if not comparison.delta.fixed:
        return "it failed at the base and passes now"
    return count_names(
        comparison.delta.fixed,
        "test that failed at the base passes now",
        "tests that failed at the base pass now",
    )


def describe_waived(comparison: Comparison) -> str:
    """Returns what the verdict names but does not count, in brackets, or ""."""
    delta, parts = comparison.delta, list[str]()
    if failing := delta.still_failing | delta.new_failures:
        parts.append(count_names(failing, "waived test fails", "waived tests fail"))
    if removed := delta.removed | delta.hidden:
        one, many = "waived test is removed or skipped", "waived tests are removed or skipped"
        parts.append(count_names(removed, one, many))
    if delta.flaky:
        parts.append(count_names(delta.flaky, "test is flaky", "tests are flaky"))
    return f" ({'; '.join(parts)})" if parts else ""


def describe_exit(comparison: Comparison) -> str:
    last = comparison.claim.last
    if last is None:
        return "not run"
    return f"exit {last.exit_code}{f'; {last.doubt_text}' if last.doubt else ''}"
