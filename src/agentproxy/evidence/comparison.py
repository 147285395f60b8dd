"""One check laid out for judging: both sides, what differs, and what need not be fixed."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from agentproxy.events.check import CheckResult
from agentproxy.events.contract import Check
from agentproxy.evidence.attempts import Delta, Side, compare, fold_attempts
from agentproxy.evidence.cannot_run import was_brought_by
from agentproxy.evidence.check_evidence import CheckEvidence, Rules
from agentproxy.evidence.test_files import is_test_file
from agentproxy.evidence.test_ids import (
    file_of,
    is_changed,
    is_file_named_by,
    is_known_red,
    is_named_by,
)


@dataclass(frozen=True, slots=True)
class Comparison:
    """Everything that the steps to a verdict look at.

    `scope` holds the failing tests that the task names: where it names any, only those must be
    fixed. `changed` are the paths that the claim changes.
    """

    evidence: CheckEvidence
    rules: Rules
    base: Side
    claim: Side
    delta: Delta
    scope: frozenset[str]
    changed: frozenset[str]

    @property
    def check(self) -> Check:
        """The check that was run."""
        return self.evidence.check

    @property
    def is_acceptance(self) -> bool:
        """Whether the check says that the task is done, rather than what must not get worse."""
        return self.check.role == "acceptance"

    @property
    def base_fails(self) -> bool:
        """Whether anything failed at the base in every attempt."""
        return self.base.status == "fails" or bool(self.base.names_of("failed") - self.delta.flaky)

    @property
    def claim_fails(self) -> bool:
        """Whether the claim fails in every attempt, and not only by flaky tests."""
        failing = self.claim.names_of("failed") - self.delta.flaky
        return self.claim.status == "fails" and (bool(failing) or self.claim.fails_beside_its_tests)

    @property
    def flaky_names(self) -> frozenset[str]:
        """The flaky tests that count; with a flaky exit that no test explains, its command."""
        if self.delta.flaky:
            return frozenset(name for name in self.delta.flaky if not self._may_be_flaky(name))
        if "flaky" in (self.base.status, self.claim.status):
            return frozenset({self.check.command})
        return frozenset()

    @property
    def unresolved(self) -> frozenset[str]:
        """The tests that fail at the claim, or are hidden since the base, and are not waived."""
        failing = {name for name in self.delta.still_failing if not self.is_waived(name)}
        others = self.delta.hidden | self.delta.new_failures
        known = self.rules.known_red
        return frozenset(failing | {name for name in others if not is_known_red(name, known)})

    @property
    def removed(self) -> frozenset[str]:
        """The tests that passed at the base, are removed or skipped now, and that the task does not
        name.
        """
        task = self.rules.task
        return frozenset(name for name in self.delta.removed if not is_named_by(name, task))

    @property
    def fixed_unchanged(self) -> frozenset[str]:
        """The fixed tests whose own file is as it was at the base."""
        return frozenset(name for name in self.delta.fixed if self._is_unchanged(name))

    def is_waived(self, name: str) -> bool:
        """Whether a test may fail as it did: known red, or not what the task is about."""
        if is_known_red(name, self.rules.known_red):
            return True
        return bool(self.scope) and name not in self.scope

    def _may_be_flaky(self, name: str) -> bool:
        # One that had a single outcome at the base is worse now, whatever the task is about.
        was_flaky = name in self.base.flaky
        known = is_known_red(name, self.rules.known_red)
        return known or (was_flaky and self.is_waived(name))

    def _is_unchanged(self, name: str) -> bool:
        before = self.base.tests.get(name)
        file = file_of(name) or (before.place.rpartition(":")[0] if before else "")
        if not self.changed:
            return True
        # Without a file nobody can tell which of the changed files the test is in.
        return bool(file) and is_test_file(file) and not is_changed(file, self.changed)


def build_comparison(evidence: CheckEvidence, rules: Rules) -> Comparison:
    """Fold the attempts of both sides and compare them."""
    brought = [change.path for change in rules.changes if change.status == "added"]
    base = fold_attempts([_failed_for_want_of(result, brought) for result in evidence.base])
    claim = fold_attempts(evidence.claim)
    failed = {test.name for test in base.tests.values() if test.outcome == "failed"} | base.flaky
    task = rules.task
    changed = frozenset(change.path for change in rules.changes)
    return Comparison(
        evidence=evidence,
        rules=rules,
        base=base,
        claim=claim,
        delta=compare(base, claim, changed=changed),
        scope=frozenset(
            name for name in failed if is_named_by(name, task) or is_file_named_by(name, task)
        ),
        changed=changed,
    )


def with_restored_tests(comparison: Comparison) -> Comparison:
    """The same base against the claim with the base's own tests and settings in it."""
    evidence = replace(comparison.evidence, claim=comparison.evidence.restored)
    return build_comparison(evidence, comparison.rules)


def _failed_for_want_of(result: CheckResult, brought: Iterable[str]) -> CheckResult:
    """The result at the base, where a module that the claim brings was missing: the check failed.

    Tests may be written before the module that they test.
    """
    if not was_brought_by(result.cannot_run, brought):
        return result
    return result.model_copy(update={"cannot_run": None})
