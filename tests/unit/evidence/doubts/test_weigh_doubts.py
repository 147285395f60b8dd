"""What speaks against a claim keeps a proof from counting, and accuses nobody."""

import pytest
from support.results import ACCEPTANCE, DISCOVERED, modified, named_tests

from agentproxy.events.check import CheckResult
from agentproxy.events.contract import Check
from agentproxy.events.trials import Doubt, DoubtKind
from agentproxy.events.verdict import CheckVerdict
from agentproxy.evidence.check_evidence import CheckEvidence, Rules, Trials
from agentproxy.evidence.verdict import judge_check

OLD, NEW = "tests/test_a.py::test_old", "tests/test_b.py::test_new"
GREEN = named_tests({OLD: "p"})
RED = named_tests({OLD: "f"})
CLAIM = named_tests({OLD: "p", NEW: "p"})
FAILS = named_tests({NEW: "f"})
ASSERTS = FAILS.model_copy(
    update={"tests": tuple(each.model_copy(update={"by_assertion": True}) for each in FAILS.tests)}
)
BY_TRIALS = Trials(
    tests=("tests/test_b.py",),
    code=("src/a.py",),
    variants=("without", "stub"),
    results={"without": FAILS, "stub": ASSERTS},
)
NEEDLESS = Trials(
    tests=("tests/test_b.py",),
    code=("src/a.py",),
    variants=("without",),
    results={"without": named_tests({NEW: "p"})},
)


def said(
    kind: DoubtKind, *, base: CheckResult, trials: Trials | None, check: Check = ACCEPTANCE
) -> CheckVerdict:
    doubt = Doubt(kind=kind, path="src/b.py", text="src/b.py is odd")
    rules = Rules(
        changes=modified("src/a.py", "tests/test_b.py"),
        has_acceptance_check=check is ACCEPTANCE,
        doubts=(doubt,),
    )
    claim = CLAIM if trials else GREEN
    return judge_check(CheckEvidence(check, [base], [claim], trials=trials), rules)


@pytest.mark.parametrize(
    "kind",
    [
        *("destroys", "mostly_removed", "adds_secret", "does_not_parse", "left_out"),
        *("ignores_input", "shadows_module"),
    ],
)
@pytest.mark.parametrize(("base", "trials"), [(GREEN, BY_TRIALS), (RED, None)])
def test_what_is_true_of_the_whole_claim_outweighs_every_proof(
    kind: DoubtKind, base: CheckResult, trials: Trials | None
) -> None:
    found = said(kind, base=base, trials=trials)
    assert (found.finding, found.reason_code) == ("unverified", "doubtful")
    assert "; but src/b.py is odd" in found.reason


@pytest.mark.parametrize("kind", ["replaces_change", "never_awaited", "only_tests_use"])
def test_what_is_about_the_tests_of_the_claim_outweighs_only_their_own_proof(
    kind: DoubtKind,
) -> None:
    assert said(kind, base=GREEN, trials=BY_TRIALS).reason_code == "doubtful"
    assert said(kind, base=RED, trials=None).finding == "proven"


def test_a_check_that_is_only_kept_is_so_in_spite_of_a_doubt() -> None:
    found = said("destroys", base=RED, trials=None, check=DISCOVERED)
    assert (found.finding, found.reason_code) == ("kept", "doubtful")


def test_what_is_unproven_names_the_doubts_at_once() -> None:
    found = said("does_not_parse", base=GREEN, trials=NEEDLESS)
    assert found.reason_code == "passes_without_change"
    assert "passes with it. Also seen: src/b.py is odd" in found.reason


def test_what_the_run_says_of_its_own_tests_outweighs_their_proof() -> None:
    warns = "RuntimeWarning: coroutine 'fetch' was never awaited\n"
    late = CLAIM.model_copy(update={"output": warns})
    rules = Rules(changes=modified("src/a.py", "tests/test_b.py"), has_acceptance_check=True)
    found = judge_check(CheckEvidence(ACCEPTANCE, [GREEN], [late], trials=BY_TRIALS), rules)
    assert (found.finding, found.reason_code) == ("unverified", "doubtful")
    assert "the coroutine fetch was never awaited" in found.reason
    old = GREEN.model_copy(update={"output": warns})
    found = judge_check(CheckEvidence(ACCEPTANCE, [old], [late], trials=BY_TRIALS), rules)
    assert found.reason_code == "falsified"
