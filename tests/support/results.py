"""Results of checks, in short."""

from collections.abc import Sequence

from agentproxy.events.check import CannotRun, CheckResult, Outcome, TestResult
from agentproxy.events.contract import Check
from agentproxy.events.git_facts import Change
from agentproxy.events.verdict import CheckVerdict, Finding
from agentproxy.evidence.check_evidence import CheckEvidence, Rules
from agentproxy.evidence.verdict import judge_check

ACCEPTANCE = Check(name="proof", command="pytest -q", role="acceptance", source="--check")
REGRESSION = ACCEPTANCE.model_copy(update={"role": "regression"})
DISCOVERED = ACCEPTANCE.model_copy(update={"role": "discovered"})
LETTERS: dict[str, Outcome] = {"p": "passed", "f": "failed", "s": "skipped", "x": "xfailed"}


def ran(**outcomes: str) -> CheckResult:
    """A run whose runner names tests: a letter each (p, f, s, x)."""
    return named_tests({f"tests/test_a.py::test_{key}": way for key, way in outcomes.items()})


def named_tests(outcomes: dict[str, str], *, exit_code: int | None = None) -> CheckResult:
    red = "f" in outcomes.values()
    return CheckResult(
        exit_code=int(red) if exit_code is None else exit_code,
        ending="exited",
        seconds=1.0,
        by_test=True,
        tests=tuple(
            TestResult(
                name=name,
                outcome=LETTERS[way],
                message="assert 1 == 2" if way == "f" else "",
                place="src/a.py:7" if way == "f" else "",
            )
            for name, way in outcomes.items()
        ),
    )


def command(exit_code: int, output: str = "") -> CheckResult:
    return CheckResult(exit_code=exit_code, ending="exited", seconds=1.0, output=output)


NO_CARGO = CannotRun(kind="missing_command", subject="cargo", text="a command is missing: cargo")
CANNOT = CheckResult(exit_code=127, ending="exited", seconds=0.1, cannot_run=NO_CARGO)
UNREADABLE = CheckResult(
    exit_code=125,
    ending="exited",
    seconds=0.1,
    cannot_run=CannotRun(kind="syntax_error", text="the shell cannot read the command"),
)
NOTHING_COLLECTED = CheckResult(
    exit_code=5,
    ending="exited",
    seconds=0.1,
    cannot_run=CannotRun(kind="nothing_collected", text="no tests were found to run"),
)
TIMED_OUT = CheckResult(exit_code=None, ending="timed_out", seconds=1800.0)


NO_RULES = Rules()


def judge(
    check: Check,
    base: Sequence[CheckResult],
    claim: Sequence[CheckResult],
    *,
    rules: Rules = NO_RULES,
) -> CheckVerdict:
    return judge_check(CheckEvidence(check, base, claim), rules)


def finding(
    check: Check,
    base: CheckResult,
    claim: CheckResult,
    *,
    known_red: tuple[str, ...] = (),
    task: str = "",
) -> Finding:
    return judge(check, [base], [claim], rules=Rules(known_red=known_red, task=task)).finding


def modified(*paths: str) -> tuple[Change, ...]:
    return tuple(Change(path=path, status="modified") for path in paths)
