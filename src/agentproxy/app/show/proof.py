"""Renders claims, checks and verdicts."""

from collections.abc import Iterator

from agentproxy.app.show.lines import MAX_SHOWN_PATHS, RenderedLine, Tone, named, renders
from agentproxy.events.asked import AskedRead, ChangedTestsJudged
from agentproxy.events.check import CheckFinished, CheckResult, CheckStarted
from agentproxy.events.git_facts import ClaimRecorded, TestsRestored
from agentproxy.events.merging import TargetMerged
from agentproxy.events.mutants import MutantsPrepared
from agentproxy.events.plan import OpinionGiven
from agentproxy.events.trials import ClaimExamined, TrialsPrepared
from agentproxy.events.verdict import CheckVerdict, RoundJudged
from agentproxy.supervisor.packet import count_outcomes

MARK: dict[str, tuple[str, Tone]] = {
    "proven": ("✓", "good"),
    "kept": ("✓", "good"),
    "refuted": ("✗", "bad"),
    "unverified": ("?", "unsure"),
    "neutral": ("·", "quiet"),
}
TONE: dict[str, Tone] = {"verified": "good", "refuted": "bad", "unverified": "unsure"}


@renders(CheckStarted)
def _check_started(fact: CheckStarted) -> Iterator[RenderedLine]:
    again = ", again" if fact.attempt > 1 else ""
    yield RenderedLine(f"… {fact.check} on {fact.on}{again}", "quiet", 1)


@renders(CheckFinished)
def _check_finished(fact: CheckFinished) -> Iterator[RenderedLine]:
    mark = "✓" if fact.result.passed else "✗"
    again = ", again" if fact.attempt > 1 else ""
    text = f"{mark} {fact.check} on {fact.on}{again}: {outcome(fact.result)}"
    yield RenderedLine(text, "plain", 1)


def outcome(result: CheckResult) -> str:
    taken = f", taken over from run {result.taken_from}" if result.taken_from else ""
    seconds = f"{result.seconds:.1f} s{taken}"
    if result.cannot_run:
        return f"cannot run: {result.cannot_run.text} ({seconds})"
    if not result.by_test:
        why = f"; {result.doubt_text}" if result.doubt else ""
        return f"exit {result.exit_code}{why} ({seconds})"
    return f"{count_outcomes(result)} ({seconds})"


@renders(ClaimRecorded)
def _claim(fact: ClaimRecorded) -> Iterator[RenderedLine]:
    added = sum(change.added for change in fact.changes)
    removed = sum(change.removed for change in fact.changes)
    names = named(tuple(change.path for change in fact.changes)) or "nothing changed"
    yield RenderedLine(f"claim {fact.round}: {names} (+{added} -{removed})", "loud")
    for finding in fact.findings:
        yield RenderedLine(finding, "unsure", 1)


@renders(AskedRead)
def _asked(fact: AskedRead) -> Iterator[RenderedLine]:
    for path, why in list(fact.test_files.items())[:MAX_SHOWN_PATHS]:
        yield RenderedLine(f"{path} changes as the task asks: it {why}", "quiet", 1)
    for sentence in fact.done:
        yield RenderedLine(f"as the task asks, {sentence}", "quiet", 1)


@renders(ChangedTestsJudged)
def _changed_tests(fact: ChangedTestsJudged) -> Iterator[RenderedLine]:
    tone: Tone = "good" if fact.says == "met" else "unsure"
    cites = f"; the task says {' '.join(fact.quote.split())[:120]!r}" if fact.quote else ""
    answer = {"met": "asked for", "not_met": "not asked for"}.get(fact.says, "cannot tell")
    yield RenderedLine(
        f"judge, on what changes in {fact.path}: {answer}: {fact.reason}{cites}", tone, 1
    )


@renders(TestsRestored)
def _restored(fact: TestsRestored) -> Iterator[RenderedLine]:
    if fact.files:
        text = f"the check runs again with the base's version of {named(fact.files)}"
        yield RenderedLine(text, "quiet", 1)


@renders(ClaimExamined)
def _examined(fact: ClaimExamined) -> Iterator[RenderedLine]:
    for each in fact.doubts[:MAX_SHOWN_PATHS]:
        yield RenderedLine(f"seen in the claim: {each.text}", "unsure", 1)


@renders(TrialsPrepared)
def _trials(fact: TrialsPrepared) -> Iterator[RenderedLine]:
    if fact.trees:
        text = f"it was green before: do the claim's tests need its change of {named(fact.code)}?"
        yield RenderedLine(text, "quiet", 1)
    for path, why in list(fact.unstubbed.items())[:MAX_SHOWN_PATHS]:
        yield RenderedLine(f"{path}: {why}", "quiet", 2)


@renders(MutantsPrepared)
def _mutants(fact: MutantsPrepared) -> Iterator[RenderedLine]:
    functions = tuple(
        dict.fromkeys(f"{each.path}: {each.function}".rstrip(": ") for each in fact.mutants)
    )
    if functions:
        text = f"do the claim's tests notice faults in {named(functions)}?"
        yield RenderedLine(text, "quiet", 1)
    if fact.unread:
        yield RenderedLine(f"no faults are put into the code: {fact.unread}", "quiet", 1)


@renders(TargetMerged)
def _merged(fact: TargetMerged) -> Iterator[RenderedLine]:
    moved = f"the branch has moved to {fact.target[:10]}"
    if fact.outcome == "clean":
        yield RenderedLine(f"{moved}: the checks run merged with it", "quiet", 1)
    else:
        text = f"{moved}, and the claim conflicts with it in {named(fact.conflicts)}"
        yield RenderedLine(text, "unsure", 1)


@renders(OpinionGiven)
def _opinion(fact: OpinionGiven) -> Iterator[RenderedLine]:
    tone: Tone = "good" if fact.says == "met" else "unsure"
    cites = f"; {fact.where}: {' '.join(fact.quote.split())[:120]}" if fact.quote else ""
    yield RenderedLine(
        f"judge, on {fact.criterion}: {fact.says.replace('_', ' ')}: {fact.reason}{cites}",
        tone,
        1,
    )


@renders(RoundJudged)
def _judged(fact: RoundJudged) -> Iterator[RenderedLine]:
    for check in fact.checks:
        yield from _check_verdict(check)
    yield RenderedLine(f"round {fact.round}: {fact.verdict}", TONE[fact.verdict])


def _check_verdict(check: CheckVerdict) -> Iterator[RenderedLine]:
    mark, tone = MARK[check.finding]
    yield RenderedLine(f"{mark} {check.check}: {check.finding}: {check.reason}", tone, 1)
    for place in check.places[:MAX_SHOWN_PATHS]:
        said = place.message.partition("\n")[0]
        if text := ": ".join(part for part in (place.where or place.test, said) if part):
            yield RenderedLine(text, tone, 2)
