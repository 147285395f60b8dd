"""Decides the verdict on a run from the verdicts on its checks. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from agentproxy.events.contract import Contract, Criterion
from agentproxy.events.plan import OpinionGiven
from agentproxy.events.verdict import LACKS_PROOF, UNPROVEN, CheckVerdict, CriterionVerdict, Verdict


@dataclass(frozen=True, slots=True)
class RunVerdict:
    """The verdict on a run, its reason, and the verdicts that it follows from."""

    verdict: Verdict
    reason: str
    criteria: tuple[CriterionVerdict, ...]
    checks: tuple[CheckVerdict, ...]


def not_run(check: str) -> CheckVerdict:
    return CheckVerdict(
        check=check,
        finding="unverified",
        reason_code="not_run",
        reason="the check was not run",
        fixable=False,
    )


def judge_contract(
    contract: Contract,
    verdicts: Sequence[CheckVerdict],
    *,
    tree_equals_base: bool,
    opinions: Mapping[str, OpinionGiven],
) -> RunVerdict:
    """Combines the verdicts on the checks, for each criterion and for the run."""
    by_name = _complete(contract, verdicts)
    proofs = _proofs_without_acceptance_check(contract, by_name)
    criteria = [
        *(
            _criterion(
                each, [by_name[name] for name in each.checks], proofs, opinion=opinions.get(each.id)
            )
            for each in contract.criteria
        ),
        # A check that no criterion lists is a criterion of its own: discovered checks refute too.
        *(_criterion_of_check(verdict) for verdict in _unlisted(contract, by_name)),
    ]
    without_check = [each for each in contract.criteria if not each.checks and not proofs]
    met = [each.id for each in without_check if _is_met(opinions.get(each.id))]
    verdict, reason = _judge_checks(
        list(by_name.values()),
        [each.id for each in without_check if each.id not in met],
        tree_equals_base=tree_equals_base,
        judged=[describe_opinion(opinions[key]) for key in met],
    )
    return RunVerdict(verdict, reason, tuple(criteria), tuple(verdicts))


def _complete(contract: Contract, verdicts: Sequence[CheckVerdict]) -> dict[str, CheckVerdict]:
    # A check of the contract without a verdict is unverified. A missing check is never green.
    by_name = {verdict.check: verdict for verdict in verdicts}
    wanted = [check.name for check in contract.checks]
    wanted += [name for criterion in contract.criteria for name in criterion.checks]
    return {**by_name, **{name: not_run(name) for name in wanted if name not in by_name}}


def _proofs_without_acceptance_check(
    contract: Contract, by_name: Mapping[str, CheckVerdict]
) -> Sequence[CheckVerdict]:
    # Nobody said how to prove the one criterion, so what discovered checks prove counts for it.
    open_criteria = [criterion for criterion in contract.criteria if not criterion.checks]
    if contract.anything_named or len(open_criteria) != 1:
        return ()
    return [verdict for verdict in by_name.values() if verdict.finding == "proven"]


def _is_met(opinion: OpinionGiven | None) -> bool:
    return opinion is not None and opinion.says == "met"


def accept_opinion(
    verdict: CheckVerdict, contract: Contract, opinions: Mapping[str, OpinionGiven]
) -> CheckVerdict:
    """Lifts a check that was green before to proven, if the judge cites why the task is done."""
    # Only a missing proof may be lifted: nothing else speaks against the check.
    if verdict.finding != "unverified" or verdict.reason_code not in UNPROVEN:
        return verdict
    for criterion in contract.criteria:
        opinion = opinions.get(criterion.id)
        if verdict.check in criterion.checks and opinion is not None and _is_met(opinion):
            reason = f"{verdict.reason}, but {describe_opinion(opinion)}"
            changed = {"finding": "proven", "reason_code": "judge_cites", "reason": reason}
            return verdict.model_copy(update=changed)
    return verdict


def describe_opinion(opinion: OpinionGiven) -> str:
    if opinion.says != "met":
        says = opinion.says.replace("_", " ")
        return f"the judge says {says}: {opinion.reason or 'no reason given'}"
    quote = " ".join(opinion.quote.split())[:160]
    return f"the judge cites {opinion.where.lower()}: {quote!r}"


def _unlisted(contract: Contract, by_name: Mapping[str, CheckVerdict]) -> Iterable[CheckVerdict]:
    listed = {name for criterion in contract.criteria for name in criterion.checks}
    return (verdict for name, verdict in by_name.items() if name not in listed)


def _criterion(
    criterion: Criterion,
    checks: Sequence[CheckVerdict],
    proofs: Sequence[CheckVerdict],
    *,
    opinion: OpinionGiven | None,
) -> CriterionVerdict:
    judged = checks if criterion.checks else proofs
    if not judged:
        return CriterionVerdict(
            criterion=criterion.id,
            verdict="verified" if _is_met(opinion) else "unverified",
            reason=describe_opinion(opinion) if opinion else "no check covers it",
        )
    verdict = _worst_of(judged)
    return CriterionVerdict(
        criterion=criterion.id, verdict=verdict, reason=_reasons_for(verdict, judged)
    )


def _criterion_of_check(verdict: CheckVerdict) -> CriterionVerdict:
    return CriterionVerdict(
        criterion=verdict.check, verdict=_worst_of([verdict]), reason=verdict.reason
    )


def _worst_of(checks: Sequence[CheckVerdict]) -> Verdict:
    findings = {check.finding for check in checks}
    if "refuted" in findings:
        return "refuted"
    if "unverified" in findings or not findings & {"proven", "kept"}:
        return "unverified"
    return "verified"


def _reasons_for(verdict: Verdict, checks: Sequence[CheckVerdict]) -> str:
    weighs = {
        "refuted": ("refuted",),
        "unverified": ("unverified", "neutral"),
        "verified": ("proven", "kept"),
    }[verdict]
    return "; ".join(f"{each.check}: {each.reason}" for each in checks if each.finding in weighs)


def _judge_checks(
    checks: Sequence[CheckVerdict],
    open_criteria: Sequence[str],
    *,
    tree_equals_base: bool,
    judged: Sequence[str],
) -> tuple[Verdict, str]:
    refuted = [each for each in checks if each.finding == "refuted"]
    if refuted:
        return "refuted", _sentence(refuted, of=checks, words="refuted")
    if tree_equals_base:
        return "unverified", "the claim changes nothing: its tree equals the base"
    unverified = [each for each in checks if each.finding == "unverified"]
    if unverified:
        return "unverified", _sentence(unverified, of=checks, words="unverified")
    proven = [each for each in checks if each.finding == "proven"]
    if not proven and not judged:
        return "unverified", _nothing_proven(checks)
    if open_criteria:
        return "unverified", f"no check covers {', '.join(open_criteria)}"
    words = [_sentence(proven, of=checks, words="proven")] if proven else []
    return "verified", "; ".join([*words, *judged])


def _nothing_proven(checks: Sequence[CheckVerdict]) -> str:
    if not checks:
        return "nothing was proven: no check was named, and none was found in the project"
    first = first_without_proof(checks)
    if first is not None:
        return f"nothing was proven; {first.check}: {first.reason}"
    return "nothing was proven: checks that still pass do not show that the task is done"


def first_without_proof(checks: Sequence[CheckVerdict]) -> CheckVerdict | None:
    """The check that says best why nothing was proven; None where all that ran is kept."""
    unverified = [each for each in checks if each.finding == "unverified"]
    tried = [each for each in checks if each.reason_code in LACKS_PROOF]
    kept = [each for each in checks if each.finding == "kept"]
    neutral = [] if kept else [each for each in checks if each.finding == "neutral"]
    # Its exit code alone says that it passes now, and nobody named it.
    passes_now = [each for each in kept if each.reason_code == "fixed"]
    return next(iter([*unverified, *tried, *neutral, *passes_now]), None)


def _sentence(these: Sequence[CheckVerdict], *, of: Sequence[CheckVerdict], words: str) -> str:
    first = these[0]
    return f"{len(these)} of {len(of)} checks {words}; {first.check}: {first.reason}"
