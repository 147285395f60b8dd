"""The verdict on a run, decided purely from the verdicts on its checks."""

from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType

from agentproxy.events.contract import Contract, Criterion
from agentproxy.events.plan import OpinionGiven
from agentproxy.events.verdict import CheckVerdict, CriterionVerdict, Verdict

NOT_RUN = "the check was not run"
NO_OPINIONS: Mapping[str, OpinionGiven] = MappingProxyType({})


def judge_run(
    contract: Contract,
    verdicts: Mapping[str, CheckVerdict],
    *,
    tree_equals_base: bool,
    opinions: Mapping[str, OpinionGiven] = NO_OPINIONS,
) -> tuple[Verdict, str, tuple[CriterionVerdict, ...]]:
    """The verdict on the run, its reason in a sentence, and one verdict for each criterion.

    A check that no criterion lists becomes a criterion of its own: a discovered check refutes, too.
    `opinions` are a judge's, by criterion; one that cites speaks where no check does.
    """
    found = _complete(contract, verdicts)
    proofs = _unasked_proofs(contract, found)
    criteria = [
        *(
            _criterion(
                each, [found[name] for name in each.checks], proofs, opinion=opinions.get(each.id)
            )
            for each in contract.criteria
        ),
        *(_alone(verdict) for verdict in _unlisted(contract, found)),
    ]
    silent = [each for each in contract.criteria if not each.checks and not proofs]
    unspoken = [each.id for each in silent if not _met(opinions.get(each.id))]
    judged = [in_words(opinions[each.id]) for each in silent if _met(opinions.get(each.id))]
    verdict, reason = _run(
        list(found.values()), unspoken, tree_equals_base=tree_equals_base, judged=judged
    )
    return verdict, reason, tuple(criteria)


def _complete(contract: Contract, verdicts: Mapping[str, CheckVerdict]) -> dict[str, CheckVerdict]:
    """Every check that anybody named; one without a verdict is unverified, never green."""
    wanted = [check.name for check in contract.checks]
    wanted += [name for criterion in contract.criteria for name in criterion.checks]
    missing = {
        name: CheckVerdict(check=name, finding="unverified", reason=NOT_RUN, fixable=False)
        for name in wanted
        if name not in verdicts
    }
    return {**verdicts, **missing}


def _unasked_proofs(
    contract: Contract, found: Mapping[str, CheckVerdict]
) -> Sequence[CheckVerdict]:
    """With nothing named, what the discovered checks prove speaks for the one open criterion."""
    named = any(check.role == "acceptance" for check in contract.checks)
    open_criteria = [criterion for criterion in contract.criteria if not criterion.checks]
    if named or len(open_criteria) != 1:
        return ()
    return [verdict for verdict in found.values() if verdict.finding == "proven"]


def _met(opinion: OpinionGiven | None) -> bool:
    return opinion is not None and opinion.says == "met"


def with_opinion(
    verdict: CheckVerdict, contract: Contract, opinions: Mapping[str, OpinionGiven]
) -> CheckVerdict:
    """The verdict, proven where all that speaks against it is that it was not seen to fail at the
    base, and a judge cites why the task is done.
    """
    if not verdict.green_before:
        return verdict
    for criterion in contract.criteria:
        opinion = opinions.get(criterion.id)
        if verdict.check in criterion.checks and opinion is not None and _met(opinion):
            reason = f"{verdict.reason}, but {in_words(opinion)}"
            return verdict.model_copy(update={"finding": "proven", "reason": reason})
    return verdict


def in_words(opinion: OpinionGiven) -> str:
    """A judge's opinion in a sentence."""
    if opinion.says != "met":
        says = opinion.says.replace("_", " ")
        return f"the judge says {says}: {opinion.reason or 'without a reason'}"
    quote = " ".join(opinion.quote.split())[:160]
    return f"the judge cites {opinion.where.lower()}: {quote!r}"


def _unlisted(contract: Contract, found: Mapping[str, CheckVerdict]) -> Iterable[CheckVerdict]:
    listed = {name for criterion in contract.criteria for name in criterion.checks}
    return (verdict for name, verdict in found.items() if name not in listed)


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
            verdict="verified" if _met(opinion) else "unverified",
            reason=in_words(opinion) if opinion else "no check speaks for it",
        )
    verdict = _weigh(judged)
    return CriterionVerdict(
        criterion=criterion.id, verdict=verdict, reason=_because(verdict, judged)
    )


def _alone(verdict: CheckVerdict) -> CriterionVerdict:
    return CriterionVerdict(
        criterion=verdict.check, verdict=_weigh([verdict]), reason=verdict.reason
    )


def _weigh(checks: Sequence[CheckVerdict]) -> Verdict:
    findings = {check.finding for check in checks}
    if "refuted" in findings:
        return "refuted"
    if "unverified" in findings or not findings & {"proven", "kept"}:
        return "unverified"
    return "verified"


def _because(verdict: Verdict, checks: Sequence[CheckVerdict]) -> str:
    weighs = {
        "refuted": ("refuted",),
        "unverified": ("unverified", "neutral"),
        "verified": ("proven", "kept"),
    }[verdict]
    return "; ".join(f"{each.check}: {each.reason}" for each in checks if each.finding in weighs)


def _run(
    found: Sequence[CheckVerdict],
    unspoken: Sequence[str],
    *,
    tree_equals_base: bool,
    judged: Sequence[str],
) -> tuple[Verdict, str]:
    """`unspoken` are the criteria that nothing speaks for, `judged` what a judge says of others."""
    refuted = [each for each in found if each.finding == "refuted"]
    if refuted:
        return "refuted", _sentence(refuted, of=found, words="refuted")
    if tree_equals_base:
        return "unverified", "the claim changes nothing: its tree is the base"
    held = [each for each in found if each.finding == "unverified"]
    if held:
        return "unverified", _sentence(held, of=found, words="unverified")
    proven = [each for each in found if each.finding == "proven"]
    if not proven and not judged:
        return "unverified", "nothing was proven: what was kept does not show that the task is done"
    if unspoken:
        return "unverified", f"no check speaks for {', '.join(unspoken)}"
    words = [_sentence(proven, of=found, words="proven")] if proven else []
    return "verified", "; ".join([*words, *judged])


def _sentence(these: Sequence[CheckVerdict], *, of: Sequence[CheckVerdict], words: str) -> str:
    first = these[0]
    return f"{len(these)} of {len(of)} checks {words}; {first.check}: {first.reason}"
