"""Whether a check may have failed or passed because of the environment, not the claim."""

import re
from collections.abc import Collection, Sequence

from agentproxy.events.check import BASE, CannotRunKind, CheckResult
from agentproxy.events.git_facts import Change, EnvironmentBuilt
from agentproxy.events.verdict import UNPROVEN, CheckVerdict
from agentproxy.evidence.comparison import Comparison
from agentproxy.evidence.dependency_files import find_dependency_files, is_read_by_no_recipe
from agentproxy.evidence.obstacles.cannot_run import names_missing_package
from agentproxy.text.with_cure import with_cure

_NO_MODULE = re.compile(r"[Nn]o module named '?([\w.]+)'?")
_MISSING: frozenset[CannotRunKind] = frozenset({"missing_module", "missing_command"})


def describe_environments(
    built: Sequence[EnvironmentBuilt], changes: Sequence[Change]
) -> tuple[str, ...]:
    """Returns sentences about the environments that were built, or could not be."""
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
        sentences.append(f"the claim changes {names}, and no environment was built for that change")
    return tuple(sentences)


def downgrade_for_environment(comparison: Comparison, verdict: CheckVerdict) -> CheckVerdict:
    """Returns the verdict, as `unverified` where the environment may be the reason for it."""
    because: EnvironmentBuilt | str = ""
    if verdict.finding == "refuted":
        because = _why_it_may_fail(comparison, verdict)
    elif verdict.finding == "proven" or _lacks_only_proof(verdict):
        because = _why_it_may_pass(comparison.rules.built)
    elif verdict.finding == "kept":
        because = _describe_unusual_package(comparison.rules.built)
    return _unverified(verdict, because) if because else verdict


def _lacks_only_proof(verdict: CheckVerdict) -> bool:
    return verdict.finding == "unverified" and verdict.reason_code in UNPROVEN


def _why_it_may_pass(built: Sequence[EnvironmentBuilt]) -> EnvironmentBuilt | str:
    # If the base had no environment of its own, the claim's environment may be what fixed the test.
    failed = [each for each in built if each.failed]
    if failed and any(each.failed or each.folders for each in _built_for_claim(built)):
        return failed[-1]
    return _describe_unusual_package(built)


def _built_for_claim(built: Sequence[EnvironmentBuilt]) -> list[EnvironmentBuilt]:
    return [each for each in built if each.on != BASE]


def _describe_unusual_package(built: Sequence[EnvironmentBuilt]) -> str:
    # A path, an address or a wheel of the claim may replace the tool that checks the claim.
    unusual = [text for each in _built_for_claim(built) for text in each.strange]
    if unusual:
        return (
            f"the claim installs {unusual[0]!r}, which is not a plain registry package, into the "
            "environment of its own checks: a person must review it"
        )
    return ""


def _why_it_may_fail(comparison: Comparison, verdict: CheckVerdict) -> EnvironmentBuilt | str:
    rules, claim = comparison.rules, comparison.evidence.claim
    failed = [each for each in rules.built if each.failed]
    removed = {name for each in rules.built for name in each.removed}
    files = find_dependency_files(rules.changes)
    if files and _needs_packages(comparison, verdict) and not _needs_removed(removed, claim):
        cure = (
            f"the claim changes {', '.join(files)}: install the new packages, then start a new run"
        )
        return failed[-1] if failed else cure
    # What passed at the base had all that it needed there, with the same configuration.
    if _passed_at_base_only(comparison.base.attempts, claim):
        return ""
    if failed:
        return failed[-1]
    keys = [key for key in rules.left_out if _concerns(key, verdict.check)]
    named = ", ".join(keys)
    if not keys:
        return ""
    return f"it may need {named} of agentproxy.toml: run pa trust, then start a new run"


def _unverified(verdict: CheckVerdict, because: str | EnvironmentBuilt) -> CheckVerdict:
    words, fixable = because, False
    if not isinstance(words, str):
        fixable = words.fixable
        words = f"{words.why}, and no environment could be built: {_why_not_built(words)}"
    # A judge can lift "green_before". It judges the change and not the tool that ran, so it must
    # not lift this.
    changed = {"finding": "unverified", "reason_code": "environment", "fixable": fixable}
    return verdict.model_copy(update={**changed, "reason": f"{verdict.reason}; {words}"})


def _why_not_built(built: EnvironmentBuilt) -> str:
    return with_cure(built.failed, built.cure)


def _concerns(key: str, check: str) -> bool:
    return not key.startswith("checks.") or key.startswith(f"checks.{check}.")


def _passed_at_base_only(base: Sequence[CheckResult], claim: Sequence[CheckResult]) -> bool:
    return any(result.passed for result in base) or bool(_passed(base) - _passed(claim))


def _passed(results: Sequence[CheckResult]) -> set[str]:
    return {test.name for each in results for test in each.tests if test.outcome == "passed"}


def _needs_removed(removed: Collection[str], claim: Sequence[CheckResult]) -> bool:
    # A claim that drops a package and still imports it has only itself to blame.
    missing = [match[1] for each in claim for match in _NO_MODULE.finditer(each.output)]
    missing += [
        each.cannot_run.subject
        for each in claim
        if each.cannot_run and each.cannot_run.kind == "missing_module"
    ]
    names = {name.replace("-", "_").lower() for name in removed}
    return any(_package_of(module) in names for module in missing)


def _package_of(module: str) -> str:
    # An npm scope is part of the package name: `@scope/name/file` is in `@scope/name`.
    parts = module.split("/")
    name = "/".join(parts[:2]) if module[:1] == "@" else parts[0].partition(".")[0]
    return name.replace("-", "_").lower()


def _needs_packages(comparison: Comparison, verdict: CheckVerdict) -> bool:
    """Whether every attempt, or every failed test, lacks a module that the tree does not define."""
    claim = comparison.evidence.claim
    if claim and all(each.cannot_run and each.cannot_run.kind in _MISSING for each in claim):
        return True
    messages = [place.message for place in verdict.places]
    own = comparison.changed
    return bool(messages) and all(names_missing_package(message, own) for message in messages)
