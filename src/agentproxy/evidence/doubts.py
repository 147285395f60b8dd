"""When the environment, rather than the claim, may be what a check failed for."""

import re
from collections.abc import Sequence
from pathlib import PurePosixPath

from agentproxy.events.check import CheckResult
from agentproxy.events.tree import Change
from agentproxy.events.verdict import CheckVerdict
from agentproxy.evidence.obstacles import NO_MODULE, misses_module

_LISTS = re.compile(
    r"(?:.*requirements.*|constraints.*)\.(?:txt|in)|.*\.lock|Pipfile|setup\.(?:py|cfg)"
    r"|pyproject\.toml|package(?:-lock)?\.json|npm-shrinkwrap\.json|pnpm-lock\.yaml|bun\.lockb"
    r"|environment\.ya?ml|go\.(?:mod|sum)|Cargo\.toml|Gemfile"
)


def dependency_files(changes: Sequence[Change]) -> tuple[str, ...]:
    """The changed files that say what is to be installed."""
    names = (change.path for change in changes)
    return tuple(name for name in names if _LISTS.fullmatch(PurePosixPath(name).name))


def rebuilding(changes: Sequence[Change]) -> tuple[str, ...]:
    """A sentence for a person where a claim changes what is to be installed."""
    files = dependency_files(changes)
    if not files:
        return ()
    return (f"the claim changes {', '.join(files)}, and was checked in the environment as it is",)


def doubt(
    verdict: CheckVerdict,
    *,
    base: Sequence[CheckResult],
    claim: Sequence[CheckResult],
    changes: Sequence[Change],
    left_out: Sequence[str],
) -> CheckVerdict:
    """The verdict, where it refutes and the environment may be the reason; then it is unverified.

    `left_out` are the keys of the configuration that nobody has trusted. What passed at the base
    and fails now is no matter of these.
    """
    if verdict.finding != "refuted":
        return verdict
    files = dependency_files(changes)
    if files and _lacks_packages(verdict, claim, changes):
        cure = f"the claim changes {', '.join(files)}: install what it asks for, then start anew"
        return _unverified(verdict, cure)
    keys = [key for key in left_out if _concerns(key, verdict.check)]
    if keys and not _lost(base, claim):
        cure = f"it may need {', '.join(keys)} of agentproxy.toml: pa trust, then start anew"
        return _unverified(verdict, cure)
    return verdict


def _unverified(verdict: CheckVerdict, cure: str) -> CheckVerdict:
    reason = f"{verdict.reason}; {cure}"
    return verdict.model_copy(update={"finding": "unverified", "reason": reason, "mendable": False})


def _concerns(key: str, check: str) -> bool:
    return not key.startswith("checks.") or key.startswith(f"checks.{check}.")


def _lost(base: Sequence[CheckResult], claim: Sequence[CheckResult]) -> bool:
    """Whether anything passed at the base, so that it had what it needs, and passes no more."""
    return any(result.passed for result in base) or bool(_passed(base) - _passed(claim))


def _passed(results: Sequence[CheckResult]) -> set[str]:
    return {test.name for each in results for test in each.tests if test.outcome == "passed"}


def _lacks_packages(
    verdict: CheckVerdict, claim: Sequence[CheckResult], changes: Sequence[Change]
) -> bool:
    """Whether every attempt, or every test that refutes, failed for want of a foreign module."""
    if claim and all(NO_MODULE in result.cannot_run for result in claim):
        return True
    own = [change.path for change in changes]
    messages = [place.message for place in verdict.places]
    return bool(messages) and all(misses_module(message, own) for message in messages)
