"""A test of Go that panics on the way to a comparison looks at a result."""

import pytest

from agentproxy.events.check import TestResult
from agentproxy.evidence.reports.go_files import with_go_files
from agentproxy.evidence.reports.go_results import read_go
from agentproxy.evidence.reports.report import Report

HEAD = 'package a\n\nimport "testing"\n\nfunc TestA(t *testing.T) {\n'
PANIC = """\
=== RUN   TestA
--- FAIL: TestA (0.00s)
panic: {what} [recovered]
\tpanic: {what}

goroutine 7 [running]:
testing.tRunner.func1.2({{0x518a00, 0xc0000180a8}})
\t/usr/lib/go/src/testing/testing.go:1396 +0x24e
panic({{0x518a00, 0xc0000180a8}})
\t/usr/lib/go/src/runtime/panic.go:884 +0x212
m.First(...)
\t/home/x/m/a.go:7
m.TestA(0x0?)
\t/home/x/m/a_test.go:{line} +0x18
testing.tRunner(0xc0000849c0, 0x52f3b0)
\t/usr/lib/go/src/testing/testing.go:1446 +0x10b
FAIL\tm\t0.004s
FAIL
"""
INDEX = "runtime error: index out of range [0] with length 0"


def asserts(body: str, *, what: str = INDEX) -> bool:
    """Whether a test that panicked in the first line of its body failed by an assertion."""
    read = read_go(PANIC.format(what=what, line=6))
    assert isinstance(read, Report)
    texts = {"go.mod": "module m\n", "a_test.go": f"{HEAD}{body}\n}}\n"}
    [test] = with_go_files(read.tests, texts)
    assert (test.outcome, test.place) == ("failed", "a_test.go:6")
    return test.by_assertion


@pytest.mark.parametrize(
    "body",
    [
        '\tif First()[0] != "a" {\n\t\tt.Error("first")\n\t}',
        '\tif got := First()[0]; got != "a" {\n\t\tt.Errorf("%s", got)\n\t}',
        "\tif got := Book().Pages; len(got) < 2 || got[1] != 5 {\n\t\tt.Fatal(got)\n\t}",
        '\tgot := First()[0]\n\tt.Log(got)\n\tif got != "a" {\n\t\tt.Fatalf("%s", got)\n\t}',
        "\tgot, err := First()[0], error(nil)\n\tif err != nil {\n\t\tt.Fatal(err)\n\t}\n"
        '\tassert.Equal(t, "a", got)',
        '\trequire.Equal(t, "a", First()[0])',
        '\tif diff := cmp.Diff("a", First()[0]); diff != "" {\n\t\tt.Error(diff)\n\t}',
        '\tis.Equal("a", First()[0])',
        "\tcheck.InDelta(0.5, First()[0], 0.1)",
        "\tgot := First()[0]\n\t/* a\n\tlong\n\tcomment */\n\tt.Log(`a\n}\n`)\n"
        '\tif got != "a" { // says\n\t\tt.Error("x")\n\t}',
        '\tif got := First()[0]; got != "//" {\n\t\tt.Error(got)\n\t}',
    ],
)
def test_what_is_compared_is_looked_at(body: str) -> None:
    assert asserts(body)
    assert not asserts(body, what="stub")


@pytest.mark.parametrize(
    "body",
    [
        "\t_ = First()[0]",
        "\tgot := First()[0]\n\tt.Log(got)",
        "\tif err := Book().Close(); err != nil {\n\t\tt.Fatal(err)\n\t}",
        '\tgot := First()[0]\n\t_ = got\n\tif Count() != 2 {\n\t\tt.Error("count")\n\t}',
        '\tif First()[0] != "a" {\n\t\tt.Log("first")\n\t}',
        "\tassert.NotNil(t, First()[0])",
        '\tgot := First()[0]\n\t_ = got\n\t// assert.Equal(t, "a", got)',
        '\t_ = First()[0] // assert.Equal(t, "a", got)',
        '\tgot := First()[0]\n\t_ = got\n\t/*\n\tif got != "a" {\n\t\tt.Fatal()\n\t}\n\t*/',
        '\tif First()[0] != "a" {\n\t\t// t.Error("x")\n\t}',
        '\tif First()[0] != "a" {\n\t\tt.Log("t.Error(")\n\t}',
        '\tif First()[0] != "a" {\n\t\t_ = fmt.Errorf("x")\n\t}',
        '\tgot := First()[0]\n\tt.Log("got: assert.Equal(")',
        "\tgot := First()[0]\n\tt.Log(`\n\tassert.Equal(t, got)\n`, got)",
        "\tgot := First()[0]\n\tt.Log(got)\n\tif Count() != 2 { // got\n\t\tt.Error()\n\t}",
        "\tcheck.Do(First()[0])",
        "\tis.Reader(First()[0])",
        "\t_ = First()[0]\n}\n\nfunc TestB(t *testing.T) {\n"
        '\tif First()[0] != "" {\n\t\tt.Error()\n\t}',
    ],
)
def test_who_only_calls_does_not(body: str) -> None:
    assert not asserts(body)


@pytest.mark.parametrize("line", ["9" * 5_000, "0", "9999999"])
def test_a_line_that_no_file_has_compares_nothing(line: str) -> None:
    read = read_go(PANIC.format(what=INDEX, line=line))
    assert isinstance(read, Report)
    texts = {"go.mod": "module m\n", "a_test.go": f'{HEAD}\tassert.Equal(t, "a", First()[0])\n}}'}
    assert [test.by_assertion for test in with_go_files(read.tests, texts)] == [False]


def test_a_place_without_a_number_compares_nothing() -> None:
    texts = {"go.mod": "module m\n", "a_test.go": f'{HEAD}\tassert.Equal(t, "a", First()[0])\n}}'}
    test = TestResult(
        name="m > TestA", outcome="failed", message=f"panic: {INDEX}", place="a_test.go:6a"
    )
    assert [each.by_assertion for each in with_go_files([test], texts)] == [False]
