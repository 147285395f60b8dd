"""The verdict on a run, decided purely from the verdicts on its checks."""

from collections.abc import Iterable, Mapping, Sequence

from agentproxy.events.contract import Contract, Criterion
from agentproxy.events.verdict import CheckVerdict, CriterionVerdict, Verdict

NOT_RUN = "the check was not run"


def judge_run(
    contract: Contract, verdicts: Mapping[str, CheckVerdict], *, tree_equals_base: bool
) -> tuple[Verdict, str, tuple[CriterionVerdict, ...]]:
    """The verdict on the run, its reason in a sentence, and one verdict for each criterion.

    A check that no criterion lists becomes a criterion of its own: a standing check refutes, too.
    """
    found = _complete(contract, verdicts)
    proofs = _unasked_proofs(contract, found)
    criteria = [
        *(
            _criterion(each, [found[name] for name in each.checks], proofs)
            for each in contract.criteria
        ),
        *(_alone(verdict) for verdict in _unlisted(contract, found)),
    ]
    unspoken = [] if proofs else [each.id for each in contract.criteria if not each.checks]
    verdict, reason = _run(list(found.values()), unspoken, tree_equals_base=tree_equals_base)
    return verdict, reason, tuple(criteria)


def _complete(contract: Contract, verdicts: Mapping[str, CheckVerdict]) -> dict[str, CheckVerdict]:
    """Every check that anybody named; one without a verdict is unverified, never green."""
    wanted = [check.name for check in contract.checks]
    wanted += [name for criterion in contract.criteria for name in criterion.checks]
    missing = {
        name: CheckVerdict(check=name, finding="unverified", reason=NOT_RUN, mendable=False)
        for name in wanted
        if name not in verdicts
    }
    return {**verdicts, **missing}


def _unasked_proofs(
    contract: Contract, found: Mapping[str, CheckVerdict]
) -> Sequence[CheckVerdict]:
    """With nothing named, what the standing checks prove speaks for the one open criterion."""
    named = any(check.role == "named" for check in contract.checks)
    open_criteria = [criterion for criterion in contract.criteria if not criterion.checks]
    if named or len(open_criteria) != 1:
        return ()
    return [verdict for verdict in found.values() if verdict.finding == "proven"]


def _unlisted(contract: Contract, found: Mapping[str, CheckVerdict]) -> Iterable[CheckVerdict]:
    listed = {name for criterion in contract.criteria for name in criterion.checks}
    return (verdict for name, verdict in found.items() if name not in listed)


def _criterion(
    criterion: Criterion, checks: Sequence[CheckVerdict], proofs: Sequence[CheckVerdict]
) -> CriterionVerdict:
    judged = checks if criterion.checks else proofs
    if not judged:
        return CriterionVerdict(
            criterion=criterion.id, verdict="unverified", reason="no check speaks for it"
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
    found: Sequence[CheckVerdict], unspoken: Sequence[str], *, tree_equals_base: bool
) -> tuple[Verdict, str]:
    """`unspoken` are the criteria that no check speaks for."""
    refuted = [each for each in found if each.finding == "refuted"]
    if refuted:
        return "refuted", _sentence(refuted, of=found, words="refuted")
    if tree_equals_base:
        return "unverified", "the claim changes nothing: its tree is the base"
    held = [each for each in found if each.finding == "unverified"]
    if held:
        return "unverified", _sentence(held, of=found, words="unverified")
    proven = [each for each in found if each.finding == "proven"]
    if not proven:
        return "unverified", "nothing was proven: what was kept does not show that the task is done"
    if unspoken:
        return "unverified", f"no check speaks for {', '.join(unspoken)}"
    return "verified", _sentence(proven, of=found, words="proven")


def _sentence(these: Sequence[CheckVerdict], *, of: Sequence[CheckVerdict], words: str) -> str:
    first = these[0]
    return f"{len(these)} of {len(of)} checks {words}; {first.check}: {first.reason}"
