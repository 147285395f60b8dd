"""Mutants are small faults in code, spread over its functions, lines and kinds."""

import base64

import pytest

from agentproxy.evidence.falsification.mutants.javascript_mutants import find_javascript_edits
from agentproxy.evidence.falsification.mutants.make_mutants import answer
from agentproxy.evidence.falsification.mutants.mutant_request import (
    CodeFile,
    MutantAnswer,
    MutantRequest,
)
from agentproxy.evidence.falsification.mutants.mutants import FindEdits
from agentproxy.evidence.falsification.mutants.python_mutants import find_python_edits
from agentproxy.evidence.falsification.stubs.stub_request import StubFile

NONE: set[str] = set()


def mutated(source: str, find_edits: FindEdits) -> set[str]:
    return {edit.apply(source.encode()).decode() for edit in find_edits(source.encode())}


@pytest.mark.parametrize(
    ("source", "mutants"),
    [
        ("a == b", {"((a) != (b))"}),
        ("a < b < c", {"((a) >= (b) < (c))"}),
        ("a in b", {"((a) not in (b))"}),
        ("a and not b", {"((a) or (not b))", "a and (b)"}),
        ("(a + b) * c", {"((a + b) + (c))", "(((a) - (b))) * c"}),
        ("x = True", {"x = False"}),
        ("x = 1.5", {"x = ((1.5) + 1)"}),
        ("x = 'é'", {"x =  '' "}),
        ("f(a)", {"pass"}),
        ("x += a", {"pass"}),
        ("raise ValueError(1)", {"pass"}),
        ("def f(): return a", {"def f(): return None"}),
        ("if a: b = c", {"if (not (a)): b = c"}),
        ("é = a if b else c", {"é = a if (not (b)) else c"}),
        # What no test is expected to look at, or what is no expression.
        ("'a doc'", NONE),
        ("print('x')", NONE),
        ("log.warning('x', 1)", NONE),
        ("import a", NONE),
        ("x = f'{a + b} {c}'", NONE),
        ("'a' + b", {" ''  + b"}),
        ("def f(a: 1 = b) -> 2: pass", NONE),
        ("match a:\n case 1: pass", NONE),
        ("while a: b = c", NONE),
    ],
)
def test_the_mutants_of_python(source: str, mutants: set[str]) -> None:
    assert mutated(source, find_python_edits) == mutants


@pytest.mark.parametrize(
    ("source", "mutants"),
    [
        ("x = a === b;", {"x = a !== b;"}),
        ("x = a && !b;", {"x = a || !b;", "x = a && (b);"}),
        ("x = a + b;", {"x = a - b;"}),
        ("x = true;", {"x = false;"}),
        ("x = 10n;", {"x = (10n + 1n);"}),
        ("x = 'a';", {"x = '';"}),
        ("f(a);", {"{}"}),
        ("throw new Error('a');", {"{}"}),
        ("() => { return a; }", {"() => { return undefined; }"}),
        ("if (a) b = c;", {"if (!((a))) b = c;"}),
        ("x = a ? b : c;", {"x = (!(a)) ? b : c;"}),
        ("if (a < b) c = d;", {"if (a >= b) c = d;"}),
        ("'use strict';", NONE),
        ("const a = require('b');", NONE),
        ("import a from 'b';", NONE),
        ("x = {'a': b, 1: c};", NONE),
        ("console.log('a', 1);", NONE),
        ("x = 'a' + b;", {"x = '' + b;"}),
    ],
)
def test_the_mutants_of_javascript(source: str, mutants: set[str]) -> None:
    assert mutated(source, lambda text: find_javascript_edits(text, "javascript")) == mutants


def encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def asked(
    code: dict[str, str], *, test: str, before: str = "", task: str = "Test it"
) -> MutantAnswer:
    return answer(
        MutantRequest(
            task=task,
            code=tuple(CodeFile(path=path, text=encoded(text)) for path, text in code.items()),
            tests=(StubFile(path="test_a.py", before=encoded(before), after=encoded(test)),),
        )
    )


LONG = "def long(a):\n" + "    a = a + 1\n" * 40 + "    return a\n"
TEST = "from code import f, long\ndef test_f():\n    assert f(long(1)) == 2\n"


def test_there_are_few_and_each_function_has_its_turn() -> None:
    made = asked({"code.py": f"def f(a):\n    return a * 2\n\n\n{LONG}"}, test=TEST)
    assert len(made.mutants) == 12
    kinds = [(each.function, each.kind) for each in made.mutants]
    assert kinds[:4] == [
        ("f", "returns_nothing"),
        ("long", "returns_nothing"),
        ("f", "arithmetic"),
        ("long", "arithmetic"),
    ]
    lines = [each.line for each in made.mutants if each.function == "long"]
    assert len(set(lines[1:])) > len(lines[1:]) // 2


def test_what_equals_the_code_is_no_mutant() -> None:
    code = "def f(a):\n    pass\n\n\ndef long(a):\n    return None\n"
    assert not [
        each for each in asked({"code.py": code}, test=TEST).mutants if each.function == "long"
    ]


def test_source_that_cannot_be_parsed_has_none_and_harms_no_other_file() -> None:
    made = asked({"code.py": "def f(a):\n    return a\n", "b.py": "def f(:"}, test=TEST)
    assert {each.path for each in made.mutants} == {"code.py"}
    assert list(made.failed) == ["b.py"]


def test_only_test_functions_that_changed_are_named() -> None:
    before = "def test_old():\n    pass\n\n\ndef test_more():\n    pass\n"
    after = before.replace("pass", "assert 1", 1) + "\n\nclass TestA:\n    def test_b(self): pass\n"
    made = asked({}, test=after, before=before)
    assert made.tests == ("test_a.py::test_old", "test_a.py::TestA.test_b")


def test_changes_are_put_back_one_by_one_before_faults_are_put_into_them() -> None:
    before = "def f(a):\n    return a\n\n\ndef g(a):\n    return a\n"
    after = before.replace("return a", "b = a + 1\n    return b")
    made = answer(
        MutantRequest(
            task="",
            code=(),
            tests=(),
            changes=(StubFile(path="c.py", before=encoded(before), after=encoded(after)),),
        )
    )
    told = [(each.kind, each.line, each.function, each.text) for each in made.mutants]
    assert told[:2] == [
        ("hunk", 2, "f", "lines 2-3 are as before"),
        ("hunk", 7, "g", "lines 7-8 are as before"),
    ]
    assert {(kind, line) for kind, line, _, _ in told[2:]} >= {("arithmetic", 2), ("arithmetic", 7)}
    first = made.mutants[0]
    text = after.encode()
    put_back = text[: first.start] + base64.b64decode(first.new) + text[first.end :]
    assert put_back.decode() == after.replace("b = a + 1\n    return b", "return a", 1)


def test_the_lines_of_a_new_file_are_no_hunk() -> None:
    change = StubFile(path="c.py", before="", after=encoded("def f(a):\n    return a + 1\n"))
    made = answer(MutantRequest(task="", code=(), tests=(), changes=(change,)))
    assert "hunk" not in {each.kind for each in made.mutants}
    assert made.mutants


def test_constants_are_no_code_under_test() -> None:
    files = {
        "code/__init__.py": "from code.f import f\n__all__ = ['f']\n",
        "code/f.py": "LIMIT = 2\n",
    }
    assert not asked(files, test=TEST, task="Test code.__init__ and f.py").mutants
