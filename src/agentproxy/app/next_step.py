"""The one step that helps most after a run that ended unverified. Pure."""

import shlex

from agentproxy.events.check import BASE
from agentproxy.events.envelope import RunId
from agentproxy.events.verdict import ReasonCode
from agentproxy.evidence.run_verdict import first_without_proof
from agentproxy.supervisor.state import State

_DOCTOR = "pa doctor -d {directory}{check}   runs the checks at the base, and says what they lack"
_OWN_CHECK = "start again with --check CMD: a command that fails now, and passes when it is done"
_NAME_IT = "start again with --check {command}   what you name proves the task; it failed before"
_TEST = "start again, and ask in the task for a test that fails without the change"
_READ = "git diff {base} {claim}   look at what is doubted; what the task names is not doubted"
_KNOWN_RED = "start again with --known-red TEST for each test that may stay red"
STEPS: dict[ReasonCode, str] = {
    "not_run": _DOCTOR,
    "cannot_run": _DOCTOR,
    "could_not_run_at_base": _DOCTOR,
    "cannot_run_at_claim": "pa evidence {run}   shows why the check cannot run at the claim",
    "environment": _DOCTOR,
    "green_before": _OWN_CHECK,
    "passes_as_before": _OWN_CHECK,
    "fixed": _NAME_IT,
    "no_test": _TEST,
    "passes_without_change": _TEST,
    "result_not_checked": "start again, and ask in the task for tests that check the results",
    "fails_alone": "start again, and ask in the task for tests that also pass when they run alone",
    "tests_not_run": "start again with --check CMD: a command that runs the claim's tests",
    "tests_only": "git diff {base} {claim}   read the tests: nothing shows that they can fail",
    "mutants_survive": "start again, and name in the task the functions that the tests are for",
    "doubtful": _READ,
    "own_tests": _READ,
    "red_once_merged": "start again: the next run begins where the branch stands now",
    "holds_only_now": "start again, and ask in the task for tests that fix the date",
    "tests_removed": _READ,
    "partly_fixed": _KNOWN_RED,
    "nothing_fixed": _KNOWN_RED,
    "still_failing": _KNOWN_RED,
    "newly_failing": _KNOWN_RED,
    "flaky": "mend the test, or start again with --known-red TEST: its outcome changes by itself",
}


# Where these are the steps, an environment that could not be built may be what is missing.
_MAY_LACK_PACKAGES = (_DOCTOR, _KNOWN_RED)


def find_next_step(run: RunId, state: State) -> str:
    """What a person should do next; "" where the run is not over, or proven or refuted."""
    if state.ended is None or state.ended.verdict != "unverified":
        return ""
    judged, claim = state.judged.get(state.round), state.claims.get(state.round)
    if judged is None or claim is None or state.unchanged(state.round):
        return f"pa show {run}   shows what the worker did and printed"
    check = first_without_proof(judged.checks)
    built = state.built.get(BASE)
    lacks = check is None or STEPS.get(check.reason_code) in _MAY_LACK_PACKAGES
    if lacks and built is not None and built.failed:
        return f"{built.cure}; then start again"
    if check is None:
        return _OWN_CHECK
    known = {each.name: each for each in state.require_contract().checks}
    named = known.get(check.check)
    by_option = named is not None and named.source == "--check"
    return STEPS.get(check.reason_code, _OWN_CHECK).format(
        run=run,
        directory=shlex.quote(state.require_order().directory),
        command=shlex.quote(named.command if named else check.check),
        check=f" --check {shlex.quote(check.check)}" if by_option else "",
        base=state.require_base().commit[:10],
        claim=claim.commit[:10],
    )
