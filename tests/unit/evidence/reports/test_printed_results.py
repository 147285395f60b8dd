"""Results by test of runners that only print: go and cargo. Outputs are recorded."""

import pytest

from agentproxy.events.check import CheckResult, ReportDoubt
from agentproxy.evidence.attempts import status_of
from agentproxy.evidence.instrumentation import instrument, interpret
from agentproxy.workspace.sandbox.port import Ended
from tests.support.results import ACCEPTANCE, judge


def ran(exit_code: int, output: str, command: str, *, cut: int = 0) -> CheckResult:
    ended = Ended("exited", exit_code, 1.0, output, len(output.encode()) + cut, "d")
    return interpret(ended, {}, command=command, root="/p")


# go 1.19.8
GO = """\
=== RUN   TestAdd
    calc_test.go:3: Add = -1, want 3
--- FAIL: TestAdd (0.00s)
=== RUN   TestSkip
    calc_test.go:5: why not
--- SKIP: TestSkip (0.00s)
=== RUN   TestSub
=== RUN   TestSub/a_b
=== RUN   TestSub/c
    calc_test.go:6: x
--- FAIL: TestSub (0.00s)
    --- PASS: TestSub/a_b (0.00s)
    --- FAIL: TestSub/c (0.00s)
=== RUN   TestNoNewline
tail--- FAIL: TestNoNewline (0.00s)
=== RUN   TestPar1
=== PAUSE TestPar1
=== RUN   TestPar2
=== PAUSE TestPar2
=== CONT  TestPar1
    calc_test.go:8: one
--- PASS: TestPar1 (0.00s)
=== CONT  TestPar2
--- PASS: TestPar2 (0.00s)
=== RUN   ExampleAdd
--- FAIL: ExampleAdd (0.00s)
got:
-1
want:
3
FAIL
FAIL\tm/calc\t0.016s
?   \tm/main\t[no test files]
=== RUN   TestP
--- FAIL: TestP (0.00s)
panic: boom [recovered]
\tpanic: boom

goroutine 18 [running]:
FAIL\tm/none\t0.008s
=== RUN   TestOk
--- PASS: TestOk (0.00s)
PASS
ok  \tm/more\t(cached)
FAIL
"""
GO_PACKAGE = "{}ok  \tm/a\t0.003s\n"
PASSED = "=== RUN   TestA\n--- PASS: TestA (0.00s)\n"


def test_go_names_each_test_by_its_package() -> None:
    result = ran(1, GO, "go test ./...")
    assert (result.by_test, result.runners) == (True, ("go test",))
    assert {test.name: (test.outcome, test.by_assertion) for test in result.tests} == {
        "m/calc > TestAdd": ("failed", True),
        "m/calc > TestSkip": ("skipped", False),
        "m/calc > TestSub": ("failed", False),
        "m/calc > TestSub/a_b": ("passed", False),
        "m/calc > TestSub/c": ("failed", True),
        "m/calc > TestNoNewline": ("failed", False),
        "m/calc > TestPar1": ("passed", False),
        "m/calc > TestPar2": ("passed", False),
        "m/calc > ExampleAdd": ("failed", True),
        "m/none > TestP": ("failed", False),
        "m/more > TestOk": ("passed", False),
    }
    add = result.tests[0]
    assert (add.message, add.place) == ("Add = -1, want 3", "calc_test.go:3")


@pytest.mark.parametrize(
    ("exit_code", "output", "doubt"),
    [
        (0, GO_PACKAGE.format(PASSED), None),
        # what a test prints has the form of a result
        (0, GO_PACKAGE.format(f"{PASSED}--- FAIL: TestFake (0.00s)\n"), "other_totals"),
        (0, GO_PACKAGE.format(f"{PASSED}--- PASS: TestA (0.00s)\n"), "other_totals"),
        (0, GO_PACKAGE.format(f"{PASSED}=== RUN   TestB\n"), "other_totals"),
        (0, PASSED, "other_totals"),
        (
            2,
            f"# m/b\nb.go:2: no\nFAIL\tm/b [build failed]\n{GO_PACKAGE.format(PASSED)}",
            "not_built",
        ),
    ],
)
def test_a_run_of_go_counts_where_each_test_has_one_result(
    exit_code: int, output: str, doubt: ReportDoubt | None
) -> None:
    result = ran(exit_code, output, "go test ./...")
    assert (result.doubt, result.by_test) == (doubt, doubt is None)
    assert status_of(result) == ("fails" if exit_code else "passes")


def test_a_program_of_go_that_hides_its_failures_fails() -> None:
    hidden = "=== RUN   TestQ\n--- FAIL: TestQ (0.00s)\nFAIL\nok  \tm/quiet\t0.003s\n"
    assert status_of(ran(0, hidden, "go test ./...")) == "fails"


def test_a_test_of_go_that_is_taken_away_is_missed() -> None:
    other = PASSED.replace("TestA", "TestB")
    red = PASSED.replace("PASS", "FAIL")
    base = ran(1, f"{red}{other}FAIL\tm/a\t0.1s\nFAIL\n", "make test")
    claim = ran(0, GO_PACKAGE.format(PASSED), "make test")
    verdict = judge(ACCEPTANCE, [base], [claim])
    assert (verdict.finding, verdict.reason_code) == ("unverified", "tests_removed")


# cargo 1.95.0, without what it prints between the tests and the failures
CARGO = """\
    Finished `test` profile [unoptimized + debuginfo] target(s) in 2.39s
     Running unittests src/lib.rs (target/debug/deps/m-81c9f5d764ef8bf2)

running 5 tests
test tests::later ... ignored
test tests::not_so - should panic ... FAILED
test tests::adds ... FAILED
test tests::ok ... ok
test tests::raises ... FAILED

failures:

---- tests::not_so stdout ----

thread 'tests::not_so' (1010) panicked at src/lib.rs:13:59:
x
note: panic did not contain expected string
---- tests::adds stdout ----

thread 'tests::adds' (1009) panicked at src/lib.rs:9:25:
assertion `left == right` failed
  left: -1
 right: 3
---- tests::raises stdout ----

thread 'tests::raises' (1013) panicked at src/lib.rs:14:62:
index out of bounds: the len is 0 but the index is 0
test tests::fake ... ok


failures:
    tests::adds
    tests::not_so
    tests::raises

test result: FAILED. 1 passed; 3 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.31s

     Running tests/it.rs (target/debug/deps/it-1d98c552257fd9c1)

running 1 test
test whole ... ok

test result: ok. 1 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s

   Doc-tests m

running 2 tests
test src/lib.rs - add (line 2) ... ok
test src/lib.rs - add (line 9) - compile ... ok

test result: ok. 2 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.40s

"""
CARGO_PROGRAM = "     Running tests/out.rs (target/debug/deps/out-eef3)\n\nrunning 2 tests\n"
CARGO_END = "test result: ok. 2 passed; 0 failed; 0 ignored; 0 measured; finished in 0s\n"
EXTRA = "test c ... ok\n"


def test_cargo_names_each_test_by_its_program() -> None:
    result = ran(101, CARGO, "cargo test --no-fail-fast")
    assert (result.by_test, result.runners) == (True, ("cargo test",))
    assert {test.name: (test.outcome, test.by_assertion) for test in result.tests} == {
        "src/lib.rs > tests > later": ("skipped", False),
        "src/lib.rs > tests > not_so": ("failed", True),
        "src/lib.rs > tests > adds": ("failed", True),
        "src/lib.rs > tests > ok": ("passed", False),
        "src/lib.rs > tests > raises": ("failed", False),
        "tests/it.rs::whole": ("passed", False),
        # an example has no name but its line, which any edit above changes
        "examples of m > src/lib.rs - add": ("passed", False),
        "examples of m > src/lib.rs - add #2": ("passed", False),
    }
    assert next(test.place for test in result.tests if "adds" in test.name) == "src/lib.rs:9"


@pytest.mark.parametrize(
    ("output", "doubt", "by_test"),
    [
        (f"{CARGO_PROGRAM}test a ... ok\ntest b ... ok\n\n{CARGO_END}", None, True),
        (f"{CARGO_PROGRAM}..\n{CARGO_END}", None, False),  # -q
        (f"{CARGO_PROGRAM}test a ... hello\nok\ntest b ... ok\n{CARGO_END}", "other_totals", False),
        (
            f"{CARGO_PROGRAM}test a ... ok\ntest b ... ok\ntest c ... ok\n{CARGO_END}",
            "other_totals",
            False,
        ),
    ],
)
def test_a_run_of_cargo_counts_where_it_agrees_with_its_totals(
    output: str, doubt: ReportDoubt | None, *, by_test: bool
) -> None:
    result = ran(0, output, "cargo test")
    assert (result.doubt, result.by_test, status_of(result)) == (doubt, by_test, "passes")


@pytest.mark.parametrize("after", ["", "   Doc-tests m\n\nrunning 0 tests\n\n"])
def test_a_test_that_ends_its_program_with_0_passes_nothing(after: str) -> None:
    result = ran(0, f"{CARGO}{CARGO_PROGRAM}{after}", "cargo test")
    assert (result.doubt, status_of(result)) == ("ended_early", "cannot_run")


@pytest.mark.parametrize("command", ["go test ./...", "cargo test"])
def test_output_that_was_not_kept_may_hold_other_tests(command: str) -> None:
    output = GO_PACKAGE.format(PASSED) if command.startswith("go") else CARGO
    assert ran(0, output, command, cut=1).doubt == "output_cut"


@pytest.mark.parametrize(
    ("command", "asks"),
    [
        ("go test ./...", True),
        ("cd x && /usr/bin/go test", True),
        ("make test", True),
        ("go test -json ./...", False),
        ("go vet ./...", False),
        ("pytest -q", False),
    ],
)
def test_go_is_asked_to_name_its_tests(command: str, *, asks: bool) -> None:
    wanted = instrument(command, {"GOFLAGS": "-mod=mod"})
    assert wanted.env.get("GOFLAGS") == ("-mod=mod -v" if asks else None)


def test_another_command_is_not_read_so() -> None:
    assert ran(1, GO, "pytest -q").tests == ()
