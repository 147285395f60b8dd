"""One check laid out for judging: both sides, what differs, and what need not be fixed."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from agentproxy.events.check import CheckResult
from agentproxy.events.contract import Check
from agentproxy.events.verdict import CheckVerdict, Finding, Location
from agentproxy.evidence.attempts import Delta, Side, compare, fold_attempts
from agentproxy.evidence.test_ids import (
    file_of,
    is_changed,
    is_file_named_by,
    is_known_red,
    is_named_by,
)

MAX_LOCATIONS = 20
MAX_NAMES = 200
NAMES_SPELLED_OUT = 3
MAX_TAIL_CHARACTERS = 2000


@dataclass(frozen=True, slots=True)
class Comparison:
    """Everything that the rules look at. `scope` holds the failing tests that the task names:
    where it names any, only those must be fixed.
    """

    check: Check
    base: Side
    claim: Side
    delta: Delta
    known_red: tuple[str, ...]
    task: str
    scope: frozenset[str]
    changed: frozenset[str]
    anything_named: bool

    @property
    def named(self) -> bool:
        """Whether the check says that the task is done, rather than what must not get worse."""
        return self.check.role == "acceptance"

    @property
    def was_red(self) -> bool:
        """Whether anything failed at the base in every attempt."""
        return self.base.status == "fails" or bool(self.base.named("failed") - self.delta.flaky)

    @property
    def fails_for_good(self) -> bool:
        """Whether the claim fails in every attempt, and not only by flaky tests."""
        fails = self.claim.named("failed") - self.delta.flaky
        return self.claim.status == "fails" and (bool(fails) or self.claim.fails_beside_its_tests)

    @property
    def unsteady(self) -> frozenset[str]:
        """The flaky tests that matter; with a flaky exit that no test explains, its command."""
        if self.delta.flaky:
            return frozenset(name for name in self.delta.flaky if not self._may_flicker(name))
        if "flaky" in (self.base.status, self.claim.status):
            return frozenset({self.check.command})
        return frozenset()

    @property
    def unresolved(self) -> frozenset[str]:
        """What is red at the claim, or hidden since the base, and nobody has excused."""
        still = {name for name in self.delta.still_failing if not self.is_waived(name)}
        others = self.delta.hidden | self.delta.new_failures
        return frozenset(still | {n for n in others if not is_known_red(n, self.known_red)})

    @property
    def lost(self) -> frozenset[str]:
        """What passed at the base, is gone or skipped now, and is not named by the task."""
        return frozenset(n for n in self.delta.removed if not is_named_by(n, self.task))

    @property
    def fixed_unchanged(self) -> frozenset[str]:
        """The fixed tests whose own file is as it was at the base."""
        return frozenset(name for name in self.delta.fixed if self._is_unchanged(name))

    def is_waived(self, name: str) -> bool:
        """Whether a test may stay as red as it was: known red, or not what the task is about."""
        if is_known_red(name, self.known_red):
            return True
        return bool(self.scope) and name not in self.scope

    def _may_flicker(self, name: str) -> bool:
        # One that held still at the base is not as it was, whatever the task is about.
        flickered = name in self.base.flaky
        return is_known_red(name, self.known_red) or (flickered and self.is_waived(name))

    def _is_unchanged(self, name: str) -> bool:
        before = self.base.tests.get(name)
        file = file_of(name) or (before.place.rpartition(":")[0] if before else "")
        if not self.changed:
            return True
        # Without a file nobody can tell which of the changed files the test lives in.
        return bool(file) and _looks_like_tests(file) and not is_changed(file, self.changed)


def build_comparison(
    check: Check,
    *,
    base: Sequence[CheckResult],
    claim: Sequence[CheckResult],
    known_red: Sequence[str] = (),
    task: str = "",
    changed_tests: Collection[str] = (),
    anything_named: bool = True,
) -> Comparison:
    """Fold both sides and compare them."""
    before, after = fold_attempts(base), fold_attempts(claim)
    red = {test.name for test in before.tests.values() if test.outcome == "failed"}
    red |= before.flaky
    return Comparison(
        check=check,
        base=before,
        claim=after,
        delta=compare(before, after, changed=changed_tests),
        known_red=tuple(known_red),
        task=task,
        scope=frozenset(
            name for name in red if is_named_by(name, task) or is_file_named_by(name, task)
        ),
        changed=frozenset(changed_tests),
        anything_named=anything_named,
    )


def verdict_of(
    case: Comparison,
    finding: Finding,
    reason: str,
    *,
    about: Iterable[str] = (),
    fixable: bool = True,
) -> CheckVerdict:
    """A verdict on the case; `about` names the tests that a worker must look at."""
    return CheckVerdict(
        check=case.check.name,
        finding=finding,
        reason=reason,
        places=places(case, about),
        flaky=tuple(sorted(case.delta.flaky))[:MAX_NAMES],
        fixed=tuple(sorted(case.delta.fixed))[:MAX_NAMES],
        fixable=fixable,
    )


def places(case: Comparison, names: Iterable[str]) -> tuple[Location, ...]:
    """Test, `file:line` and message of each; where no test is named, the end of the output."""
    found = tuple(_place(case, name) for name in sorted(names)[:MAX_LOCATIONS])
    last = case.claim.last
    if found or last is None or case.claim.status == "passes":
        return found
    return (Location(message=last.cannot_run or last.output[-MAX_TAIL_CHARACTERS:].strip()),)


def _place(case: Comparison, name: str) -> Location:
    test = case.claim.tests.get(name) or case.claim.tests.get(file_of(name))
    if test is None:
        return Location(test=name, where=file_of(name), message="the test is gone at the claim")
    if test.outcome in ("skipped", "xfailed"):
        how = "skipped" if test.outcome == "skipped" else "expected to fail"
        reason = f": {test.message}" if test.message else ""
        return Location(test=name, where=test.place, message=f"the test is {how} now{reason}")
    return Location(test=name, where=test.place, message=test.message)


def list_names(names: Iterable[str]) -> str:
    """The first names, and how many more there are."""
    ordered = sorted(names)
    more = len(ordered) - NAMES_SPELLED_OUT
    return ", ".join(ordered[:NAMES_SPELLED_OUT]) + (f" and {more} more" if more > 0 else "")


def count_names(names: Collection[str], one: str, many: str) -> str:
    """A count with the words that fit it, and then the names: `2 tests fail: a, b`."""
    words = one if len(names) == 1 else many
    return f"{len(names)} {words}: {list_names(names)}"


def _looks_like_tests(file: str) -> bool:
    folders, _, base = file.lower().rpartition("/")
    in_folder = any(part in ("test", "tests", "__tests__", "spec") for part in folders.split("/"))
    return in_folder or "test" in base or ".spec." in base
