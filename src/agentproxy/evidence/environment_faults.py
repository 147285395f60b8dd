"""When the environment, rather than the claim, may be what a check failed or passed for."""

import re
from collections.abc import Collection, Sequence

from agentproxy.events.check import BASE, CannotRunKind, CheckResult
from agentproxy.events.git_facts import Change, EnvironmentBuilt
from agentproxy.events.verdict import CheckVerdict
from agentproxy.evidence.cannot_run import names_missing_package
from agentproxy.evidence.comparison import Comparison
from agentproxy.evidence.dependency_files import find_dependency_files, is_read_by_no_recipe

_NO_MODULE = re.compile(r"[Nn]o module named '?([\w.]+)'?")
_MISSING: frozenset[CannotRunKind] = frozenset({"missing_module", "missing_command"})


def describe_environments(
    built: Sequence[EnvironmentBuilt], changes: Sequence[Change]
) -> tuple[str, ...]:
    """Sentences for a person on what was built to check a claim, and on what was not."""
    wanted = [each for each in built if each.why]
    sentences = [
        f"{each.why}: no environment could be built ({_why_not_built(each)})"
        for each in wanted
        if each.failed
    ]
    sentences += [f"{each.why}: one was built" for each in wanted if each.folders]
    unread = [path for path in find_dependency_files(changes) if is_read_by_no_recipe(path)]
    if unread:
        names = ", ".join(unread)
        sentences.append(f"the claim changes {names}, and was checked in the environment as it is")
    return tuple(sentences)


def downgrade_for_environment(comparison: Comparison, verdict: CheckVerdict) -> CheckVerdict:
    """The verdict; unverified where the environment rather than the claim may be the reason.

    What passed at the base and fails now is no matter of configuration, nor of an environment that
    the base did not have either.
    """
    because: EnvironmentBuilt | str = ""
    if verdict.finding == "refuted":
        because = _why_it_may_fail(comparison, verdict)
    elif verdict.finding == "proven" or verdict.reason_code == "green_before":
        because = _why_it_may_pass(comparison.rules.built)
    elif verdict.finding == "kept":
        because = _describe_unusual_package(comparison.rules.built)
    return _unverified(verdict, because) if because else verdict


def _why_it_may_pass(built: Sequence[EnvironmentBuilt]) -> EnvironmentBuilt | str:
    """What else than the claim a proof may come from; "" where nothing."""
    failed = [each for each in built if each.failed]
    if failed and any(each.failed or each.folders for each in _built_for_claim(built)):
        return failed[-1]
    return _describe_unusual_package(built)


def _built_for_claim(built: Sequence[EnvironmentBuilt]) -> list[EnvironmentBuilt]:
    return [each for each in built if each.on != BASE]


def _describe_unusual_package(built: Sequence[EnvironmentBuilt]) -> str:
    """What a claim installs that may replace the tool which checks it; "" where nothing."""
    unusual = [text for each in _built_for_claim(built) for text in each.strange]
    if unusual:
        return (
            f"the claim installs {unusual[0]!r} into the environment that it is checked in, which "
            "is no plain package of a registry: a person has to look"
        )
    return ""


def _why_it_may_fail(comparison: Comparison, verdict: CheckVerdict) -> EnvironmentBuilt | str:
    """What else than the claim a refutation may come from; "" where nothing."""
    rules, claim = comparison.rules, comparison.evidence.claim
    failed = [each for each in rules.built if each.failed]
    removed = {name for each in rules.built for name in each.removed}
    files = find_dependency_files(rules.changes)
    if files and _needs_packages(comparison, verdict) and not _needs_removed(removed, claim):
        cure = f"the claim changes {', '.join(files)}: install what it asks for, then start anew"
        return failed[-1] if failed else cure
    if _passed_at_base_only(comparison.base.attempts, claim):
        return ""
    if failed:
        return failed[-1]
    keys = [key for key in rules.left_out if _concerns(key, verdict.check)]
    named = ", ".join(keys)
    return f"it may need {named} of agentproxy.toml: pa trust, then start anew" if keys else ""


def _unverified(verdict: CheckVerdict, because: str | EnvironmentBuilt) -> CheckVerdict:
    words, fixable = because, False
    if not isinstance(words, str):
        fixable = words.fixable
        words = f"{words.why}, and none could be built: {_why_not_built(words)}"
    # The code says more than "green_before", so that no judge may lift it.
    changed = {"finding": "unverified", "reason_code": "environment", "fixable": fixable}
    return verdict.model_copy(update={**changed, "reason": f"{verdict.reason}; {words}"})


def _why_not_built(built: EnvironmentBuilt) -> str:
    return "; ".join(part for part in (built.failed, built.cure) if part)


def _concerns(key: str, check: str) -> bool:
    """Whether a key of the configuration is about this check, or about all of them."""
    return not key.startswith("checks.") or key.startswith(f"checks.{check}.")


def _passed_at_base_only(base: Sequence[CheckResult], claim: Sequence[CheckResult]) -> bool:
    """Whether anything passed at the base, so that it had what it needs, and passes no more."""
    return any(result.passed for result in base) or bool(_passed(base) - _passed(claim))


def _passed(results: Sequence[CheckResult]) -> set[str]:
    return {test.name for each in results for test in each.tests if test.outcome == "passed"}


def _needs_removed(removed: Collection[str], claim: Sequence[CheckResult]) -> bool:
    """Whether the claim does not ask any more for what is missing: its own fault."""
    missing = [match[1] for each in claim for match in _NO_MODULE.finditer(each.output)]
    missing += [
        each.cannot_run.subject
        for each in claim
        if each.cannot_run and each.cannot_run.kind == "missing_module"
    ]
    names = {name.replace("-", "_").lower() for name in removed}
    return any(_package_of(module) in names for module in missing)


def _package_of(module: str) -> str:
    """The package that a module belongs to, as it may stand in a list of dependencies."""
    parts = module.split("/")
    name = "/".join(parts[:2]) if module[:1] == "@" else parts[0].partition(".")[0]
    return name.replace("-", "_").lower()


def _needs_packages(comparison: Comparison, verdict: CheckVerdict) -> bool:
    """Whether every attempt, or every test that refutes, failed for want of a foreign module."""
    claim = comparison.evidence.claim
    if claim and all(each.cannot_run and each.cannot_run.kind in _MISSING for each in claim):
        return True
    messages = [place.message for place in verdict.places]
    own = comparison.changed
    return bool(messages) and all(names_missing_package(message, own) for message in messages)
