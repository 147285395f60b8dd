"""When the environment, rather than the claim, may be what a check failed for."""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from agentproxy.events.check import BASE, CheckResult
from agentproxy.events.git_facts import Change, EnvironmentBuilt
from agentproxy.events.verdict import CheckVerdict
from agentproxy.evidence.cannot_run import NO_COMMAND, NO_MODULE, misses_module

_NO_MODULE = re.compile(r"[Nn]o module named '?([\w.]+)'?")
LACKING = (NO_MODULE, NO_COMMAND)

_LISTS = re.compile(
    r"(?:.*requirements.*|constraints.*)\.(?:txt|in)|.*\.lock|Pipfile|setup\.(?:py|cfg)"
    r"|pyproject\.toml|package(?:-lock)?\.json|npm-shrinkwrap\.json|pnpm-lock\.yaml|bun\.lockb"
    r"|environment\.ya?ml|go\.(?:mod|sum)|Cargo\.toml|Gemfile"
)

# Lists that no recipe reads: their own tools look at them when a check runs.
_UNREAD = re.compile(
    r"(?:^|/)(?:Pipfile(?:\.lock)?|pdm\.lock|environment\.ya?ml|go\.(?:mod|sum)|Cargo\.(?:toml|lock)"
    r"|Gemfile(?:\.lock)?|bun\.lockb?)$"
)


def dependency_files(changes: Sequence[Change]) -> tuple[str, ...]:
    """The changed files that say what is to be installed."""
    names = (change.path for change in changes)
    return tuple(name for name in names if _is_list(PurePosixPath(name)))


def _is_list(path: PurePosixPath) -> bool:
    in_folder = path.parent.name == "requirements" and path.suffix in (".txt", ".in")
    return in_folder or _LISTS.fullmatch(path.name) is not None


def in_words(built: Sequence[EnvironmentBuilt], changes: Sequence[Change]) -> tuple[str, ...]:
    """Sentences for a person on what was built to check a claim, and on what was not."""
    told = [each for each in built if each.why]
    said = [f"{each.why}: no environment could be built ({_why(each)})" for each in told
            if each.failed]  # fmt: skip
    said += [f"{each.why}: one was built" for each in told if each.folders]
    unread = [name for name in dependency_files(changes) if _UNREAD.search(name)]
    if unread:
        names = ", ".join(unread)
        said.append(f"the claim changes {names}, and was checked in the environment as it is")
    return tuple(said)


@dataclass(frozen=True, slots=True)
class EnvironmentChanges:
    """What may be at fault beside the claim: what was built or not, what the claim changes, and
    the keys of the configuration that nobody has trusted.
    """

    built: Sequence[EnvironmentBuilt] = ()
    changes: Sequence[Change] = ()
    left_out: Sequence[str] = ()


def downgrade_for_environment(
    verdict: CheckVerdict,
    *,
    base: Sequence[CheckResult],
    claim: Sequence[CheckResult],
    around: EnvironmentChanges,
) -> CheckVerdict:
    """The verdict; unverified where the environment rather than the claim may be the reason.

    What passed at the base and fails now is no matter of configuration, nor of an environment that
    the base did not have either.
    """
    if verdict.finding == "refuted":
        because = _at_fault(verdict, base=base, claim=claim, around=around)
    elif verdict.finding == "proven" or verdict.green_before:
        because = _too_good(around.built)
    else:
        because = _strange(around.built) if verdict.finding == "kept" else ""
    return _unverified(verdict, because) if because else verdict


def _too_good(built: Sequence[EnvironmentBuilt]) -> EnvironmentBuilt | str:
    """Why a proof may come of the environment rather than of the claim; "" where it does not."""
    failed = [each for each in built if each.failed]
    if failed and any(each.failed or each.folders for each in _of_claim(built)):
        return failed[-1]
    return _strange(built)


def _of_claim(built: Sequence[EnvironmentBuilt]) -> list[EnvironmentBuilt]:
    return [each for each in built if each.on != BASE]


def _strange(built: Sequence[EnvironmentBuilt]) -> str:
    """What a claim installs that may replace what checks it, in words; "" where nothing."""
    strange = [text for each in _of_claim(built) for text in each.strange]
    if strange:
        return (
            f"the claim installs {strange[0]!r} into the environment that it is checked in, which "
            "is no plain package of a registry: a person has to look"
        )
    return ""


def _at_fault(
    verdict: CheckVerdict,
    *,
    base: Sequence[CheckResult],
    claim: Sequence[CheckResult],
    around: EnvironmentChanges,
) -> EnvironmentBuilt | str:
    """What else than the claim a refutation may come of; "" where nothing."""
    failed = [each for each in around.built if each.failed]
    removed = {name for each in around.built for name in each.removed}
    lacking = _lacks_packages(verdict, claim, around.changes)
    if lacking and dependency_files(around.changes) and not _misses(removed, claim):
        files = ", ".join(dependency_files(around.changes))
        cure = f"the claim changes {files}: install what it asks for, then start anew"
        return failed[-1] if failed else cure
    if _lost(base, claim):
        return ""
    if failed:
        return failed[-1]
    keys = [key for key in around.left_out if _concerns(key, verdict.check)]
    named = ", ".join(keys)
    return f"it may need {named} of agentproxy.toml: pa trust, then start anew" if keys else ""


def _unverified(verdict: CheckVerdict, because: str | EnvironmentBuilt) -> CheckVerdict:
    words, fixable = because, False
    if not isinstance(words, str):
        words, fixable = f"{words.why}, and none could be built: {_why(words)}", words.fixable
    changed = {"finding": "unverified", "reason": f"{verdict.reason}; {words}"}
    # That it was green before is no longer all that speaks against it, so no judge may lift it.
    return verdict.model_copy(update={**changed, "fixable": fixable, "green_before": False})


def _why(built: EnvironmentBuilt) -> str:
    return "; ".join(part for part in (built.failed, built.cure) if part)


def _concerns(key: str, check: str) -> bool:
    return not key.startswith("checks.") or key.startswith(f"checks.{check}.")


def _lost(base: Sequence[CheckResult], claim: Sequence[CheckResult]) -> bool:
    """Whether anything passed at the base, so that it had what it needs, and passes no more."""
    return any(result.passed for result in base) or bool(_passed(base) - _passed(claim))


def _passed(results: Sequence[CheckResult]) -> set[str]:
    return {test.name for each in results for test in each.tests if test.outcome == "passed"}


def _misses(removed: Collection[str], claim: Sequence[CheckResult]) -> bool:
    """Whether what is missing is what the claim does not ask for any more: its own fault."""
    texts = [text for each in claim for text in (each.cannot_run, each.output)]
    names = {name.replace("-", "_") for name in removed}
    return any(
        match[1].partition(".")[0].lower() in names
        for text in texts
        for match in _NO_MODULE.finditer(text)
    )


def _lacks_packages(
    verdict: CheckVerdict, claim: Sequence[CheckResult], changes: Sequence[Change]
) -> bool:
    """Whether every attempt, or every test that refutes, failed for want of a foreign module."""
    if claim and all(result.cannot_run.startswith(LACKING) for result in claim):
        return True
    own = [change.path for change in changes]
    messages = [place.message for place in verdict.places]
    return bool(messages) and all(misses_module(message, own) for message in messages)
