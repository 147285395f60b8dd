"""Stubs of Go keep what a claim uses, so that they still compile."""

import cProfile
import pstats
import re
from collections.abc import Mapping

import pytest

from agentproxy.evidence.falsification.stubs.go_functions import find_go_functions
from agentproxy.evidence.falsification.stubs.make_stubs import make_stubs
from agentproxy.evidence.falsification.stubs.parsers import restore_names
from agentproxy.evidence.falsification.stubs.stub_request import StubFile, decoded, encoded
from agentproxy.evidence.falsification.stubs.stubs import CannotParse, NewBody

HEAD = "package a\n\n"


def stubs(
    before: Mapping[str, str], after: Mapping[str, str], new: NewBody = "nothing"
) -> dict[str, str]:
    files = [
        StubFile(path, encoded(before.get(path, "").encode()), encoded(text.encode()))
        for path, text in after.items()
    ]
    answer = make_stubs(files)[new]
    assert not answer.failed
    return {path: decoded(text).decode() for path, text in answer.stubbed.items()}


def stub(before: str, after: str, new: NewBody = "nothing") -> str:
    """The stubs of one file, without white space at its ends and with one blank for many."""
    base = {"a.go": HEAD + before} if before else {}
    made = stubs(base, {"a.go": HEAD + after}, new)["a.go"]
    return " ".join(made.removeprefix(HEAD).split())


@pytest.mark.parametrize(
    ("after", "nothing", "raises"),
    [
        (
            "func F(a int) string { return x(a) }",
            "func F(a int) (agentproxy0 string) { _ = func(a int) string { return x(a) } return }",
            "func F(a int) (agentproxy0 string) { "
            '_ = func(a int) string { return x(a) } panic("stub") }',
        ),
        (
            "func F() { x() }",
            "func F() { _ = func() { x() } }",
            'func F() { _ = func() { x() } panic("stub") }',
        ),
        (
            "func (s *S[T]) F() (n int, err error) { return }",
            "func (s *S[T]) F() (n int, err error) { "
            "_ = func() (n int, err error) { return } return }",
            "func (s *S[T]) F() (n int, err error) { "
            '_ = func() (n int, err error) { return } panic("stub") }',
        ),
    ],
)
def test_a_new_function_gives_zero_values_or_panics(after: str, nothing: str, raises: str) -> None:
    assert stub("", after) == nothing
    assert stub("", after, "raises") == raises


@pytest.mark.parametrize(
    ("after", "has"),
    [
        ("func F() (*T, error) { return nil, nil }", "agentproxy0 = new(T) return"),
        ("func F() (t *T, _ *T) { return }", "t = new(T) return"),
        # A parameter hides the package or the function.
        ("func F(url *url.URL) *url.URL { return url }", "(agentproxy0 *url.URL) { return }"),
        ("func F(new int) *T { return nil }", "return nil } return }"),
    ],
)
def test_a_pointer_leads_to_a_zero_value(after: str, has: str) -> None:
    assert has in stub("", after)


def test_a_changed_function_has_the_body_of_the_base_and_uses_what_the_claim_uses() -> None:
    before = 'import "b"\n\nfunc old() int { return b.One }\n\nfunc F(a int) int { return old() }\n'
    after = 'import "c"\n\nfunc F(a int, more ...int) int { return c.Two }\n'
    assert stub(before, after) == (
        'import b "b" import "c" func F(a int, more ...int) int { '
        "_ = func(a int, more ...int) int { return c.Two } return old() } "
        "func old() int { return b.One }"
    )


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("func F(a int) int { return 1 }", "func F(b int) int { return 2 }"),
        ("func F(a int) int { return 1 }", "func F(a int) int64 { return 2 }"),
        ("func (s S) F() int { return 1 }", "func (s *S) F() int { return 2 }"),
        ("func F() int { return 1 }", "func F[T any]() int { return 2 }"),
    ],
)
def test_a_function_of_another_form_is_new(before: str, after: str) -> None:
    made = stub(before, after)
    assert "return 1" not in made
    assert "(agentproxy0 int" in made


def test_what_moved_to_another_file_of_the_package_is_not_there_twice() -> None:
    before = {"a.go": f"{HEAD}func F() int {{ return g() }}\n\nfunc g() int {{ return 1 }}\n"}
    after = {
        "a.go": f"{HEAD}func F() int {{ return 2 * g() }}\n",
        "b.go": f"{HEAD}func g() int {{ return 1 }}\n",
    }
    made = stubs(before, after)
    assert "func g" not in made["a.go"]
    assert "return g()" in made["a.go"]


def test_each_file_of_a_package_is_parsed_as_often_as_in_a_small_one() -> None:
    assert _parses(12) == 3 * _parses(4)


def _parses(count: int) -> int:
    """How often source is parsed for the stubs of so many files of one package."""
    before = {f"{at}.go": f"{HEAD}func F{at}() int {{ return 1 }}\n" for at in range(count)}
    profile = cProfile.Profile()
    profile.runcall(stubs, before, {path: text.replace("1", "2") for path, text in before.items()})
    calls = pstats.Stats(profile).get_stats_profile().func_profiles["parse_go"].ncalls
    return int(calls)


def test_a_body_of_the_base_calls_functions_as_they_were() -> None:
    before = (
        "func F(s string) string { return parse(s) + S{}.Get() }\n"
        "func parse(s string) string { return s }\nfunc (s S) Get() string { return parse(s.x) }\n"
    )
    after = (
        "func F(s string) string { return parse(s, false) }\n"
        "func parse(s string, strict bool) string { return s }\n"
        "func (s S) Get() (string, error) { return s.x, nil }\n"
    )
    made = stub(before, after)
    assert "return agentproxyOldparse(s) + S{}.AgentproxyOldGet() }" in made
    assert "func agentproxyOldparse(s string) string { return s }" in made
    assert "func (s S) AgentproxyOldGet() string { return agentproxyOldparse(s.x) }" in made


def test_an_old_form_is_also_there_for_other_files_of_the_package() -> None:
    before = {
        "a.go": f"{HEAD}func F(s string) string {{ return parse(s) }}\n",
        "b.go": f"{HEAD}func parse(s string) string {{ return trim(s) }}\n",
        "c.go": f"{HEAD}func trim(s string) string {{ return s }}\nfunc more() {{}}\n",
    }
    after = {
        "a.go": f"{HEAD}func F(s string) string {{ return parse(s, true) }}\n",
        "b.go": f"{HEAD}func parse(s string, x bool) string {{ return trim(s, x) }}\n",
        "c.go": f"{HEAD}func trim(s string, x bool) string {{ return s }}\nfunc more(n int) {{}}\n",
    }
    made = stubs(before, after)
    assert "return agentproxyOldparse(s) }" in made["a.go"]
    assert (
        "func agentproxyOldparse(s string) string { return agentproxyOldtrim(s) }" in made["b.go"]
    )
    assert "func agentproxyOldtrim(s string) string { return s }" in made["c.go"]
    assert "agentproxyOldmore" not in made["c.go"]


def test_another_package_keeps_what_it_calls() -> None:
    before = {
        "x/a.go": "package x\n\nfunc Get(s string) string { return s }\n",
        "y/b.go": 'package y\n\nimport "net/http"\n\nfunc Fetch(u string) { http.Get(u); Get(u) }\n'
        "func Get(s string) {}\n",
    }
    after = {
        "x/a.go": "package x\n\nfunc Get(s string, n int) string { return s }\n",
        "y/b.go": before["y/b.go"].replace("{ http.Get(u)", "{ http.Get(u + u)"),
    }
    assert "http.Get(u); Get(u) }" in stubs(before, after)["y/b.go"]


@pytest.mark.parametrize(
    ("body", "stays"),
    [
        ('return errors.New("x")', 'return errors.New("x")'),
        ("b := B{New: 1}; return b.New", "b := B{New: 1}; return b.New"),
        ("New := 1; return New", "New := 1; return New"),
        ("New := New(); return New", "New := agentproxyOldNew(); return New"),
        ("for New := range New() { f(New) }; New()", "New := range old() { f(New) }; old()"),
        ("if New := 1; New > 0 { f(New) }; New()", "if New := 1; New > 0 { f(New) }; old()"),
        ("switch New := x.(type) { case New: }; New()", "New := x.(type) { case New: }; old()"),
        ("f(func(New int) { f(New) }, New)", "f(func(New int) { f(New) }, old)"),
        ("var New = New(); f(New)", "var New = old(); f(New)"),
        ("return B{New: New()}", "return B{New: old()}"),
        # Methods: of the receiver, of another type, of another package, of nobody knows what.
        ("return s.Get() + t.Get() + w.Get()", "return s.oldGet() + t.Get() + w.Get()"),
        ("return x().Get() + t.x.Get()", "return x().oldGet() + t.x.oldGet()"),
        ("return g.Get() + b.Get", "return g.Get() + b.Get"),
        ("return x.Get", "return x.Get"),
    ],
)
def test_what_only_has_the_name_of_an_old_form_keeps_it(body: str, stays: str) -> None:
    head = (
        'import "errors"\nimport "w"\ntype T int\ntype B struct{ New, Get int }\n'
        "type G interface{ Get() int }\n"
    )
    before = (
        f"{head}func (s S) F(t T, b B, w w.W, g G) any {{ {body} }}\n"
        "func New() int { return 1 }\n"
        "func (s S) Get() int { return 1 }\nfunc (t T) Get() int { return 2 }\n"
    )
    after = (
        f"{head}func (s S) F(t T, b B, w w.W, g G) any {{ return errors.New(w.New) }}\n"
        "func New(n int) int { return 1 }\nfunc (s S) Get(n int) int { return 1 }\n"
        "func (t T) Get() int { return 2 }\n"
    )
    said = stays.replace("agentproxyOldNew", "old").replace("oldGet", "AgentproxyOldGet")
    assert f"{re.sub('old(?=[(),])', 'AgentproxyOldNew', said)} }}" in stub(before, after)


def test_a_name_that_a_function_is_given_is_not_renamed() -> None:
    before = "func F(parse int) int { return parse }\nfunc parse() {}\n"
    after = "func F(parse int) int { return 2 }\nfunc parse(n int) {}\n"
    assert "return parse }" in stub(before, after)


def test_a_fault_in_go_loses_no_stub_of_another_language() -> None:
    python = StubFile("a.py", "", encoded(b"def f():\n    return 1\n"))
    broken = StubFile("a.go", "x", encoded(b"package a\n"))
    answer = make_stubs([broken, python])["nothing"]
    assert (answer.failed.keys(), answer.functions) == ({"a.go"}, ("f",))


@pytest.mark.parametrize(
    ("after", "has"),
    [
        # What is returned is what counts.
        (
            "func F() http.Handler { n := 0; return http.HandlerFunc(func(w W) { n++ }) }",
            "n := 0; return http.HandlerFunc(func(w W) { _ = func(w W) { n++ } }) }",
        ),
        (
            "func F() func() int { return func() int { return 1 } }",
            "return func() (agentproxy0 int) { _ = func() int { return 1 } return } }",
        ),
        ("func F() Store { return &mem{m: 1} }", "func F() Store { return &mem{m: 1} }"),
        ("func F() mem { return mem{m: 1} }", "return mem{m: 1} } return }"),
        ("func F() string { return m(func() int { return 1 }) }", "} return }"),
        # What leads to new functions stays.
        ("func init() { add(F) }", "func init() { add(F) }"),
        (
            'var c = &Command{Use: "c", Run: func(a int) { x(a) }}',
            'var c = &Command{Use: "c", Run: func(a int) { _ = func(a int) { x(a) } }}',
        ),
    ],
)
def test_what_leads_to_functions_stays_and_they_are_stubs(after: str, has: str) -> None:
    assert has in stub("", after)


@pytest.mark.parametrize(
    ("before", "after", "value"),
    [
        ("var limit = 5", "var limit = 7", "var limit = 5"),
        ("const limit int = 5", "const limit int = 7", "const limit int = 5"),
        ("var t = m{1: 2}", "var t = m{1: 3}", "var t = m{1: 2}"),
        # The claim's package would not be used any more.
        ("var t = 5", "var t = math.Pi", "var t = math.Pi"),
        ("const (\n\tA = iota\n\tB\n)", "const (\n\tA = iota + 1\n\tB\n)", "A = iota + 1 B"),
    ],
)
def test_a_value_of_the_base_is_back_where_that_compiles(
    before: str, after: str, value: str
) -> None:
    assert value in stub(before, after)


def test_comments_and_layout_change_nothing() -> None:
    before = "func F(a int) int { return a }\n"
    after = "// F is.\nfunc F(a int) int {\n\t// why\n\treturn a\n}\n"
    assert stub(before, after) == " ".join(after.split())


def test_what_is_no_source_of_go_has_no_stub() -> None:
    with pytest.raises(CannotParse):
        find_go_functions(b"package a\n\nfunc {")
    good = b"package a\n\nfunc F() {}\n"
    assert restore_names("a.go", b"package a\n\nfunc {", good) == good
    with pytest.raises(CannotParse):
        restore_names("a.go", good, b"package a\n\nfunc {")


def test_each_name_that_a_stub_gets_is_one_that_nobody_writes() -> None:
    made = stub("", "func F(a int) (int, string) { return 1, re }")
    assert set(re.findall(r"agentproxy\w+", made)) == {"agentproxy0", "agentproxy1"}
