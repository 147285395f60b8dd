"""Results of checks, in short."""

from agentproxy.events.check import CheckResult, Outcome, TestResult
from agentproxy.events.contract import Check
from agentproxy.events.verdict import Finding
from agentproxy.evidence.verdict import judge

NAMED = Check(name="proof", command="pytest -q", role="acceptance", source="--check")
KEEP = NAMED.model_copy(update={"role": "regression"})
STANDING = NAMED.model_copy(update={"role": "discovered"})
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


CANNOT = CheckResult(
    exit_code=127, ending="exited", seconds=0.1, cannot_run="a command is missing: cargo"
)
TIMED_OUT = CheckResult(exit_code=None, ending="timed_out", seconds=1800.0)


def finding(
    check: Check,
    base: CheckResult,
    claim: CheckResult,
    *,
    known_red: tuple[str, ...] = (),
    task: str = "",
) -> Finding:
    return judge(check, base=[base], claim=[claim], known_red=known_red, task=task).finding
