"""A feature of Go on a green suite, proven by the claim's own tests or not."""

import os
import subprocess
from pathlib import Path

import pytest
from support.front_door import Pa, Ran
from support.real_tools import compiled_by_go, programs_of

from agentproxy.evidence.falsification.stubs.make_stubs import make_stubs
from agentproxy.evidence.falsification.stubs.stub_request import StubFile, decoded, encoded

pytestmark = [pytest.mark.slow, pytest.mark.timeout(400)]

FILES = {
    "go.mod": "module example.com/m\n\ngo 1.19\n",
    "words.go": """\
package words

import "strings"

// Count gives the number of words.
func Count(text string) int {
	return len(strings.Fields(text))
}
""",
    "words_test.go": """\
package words

import "testing"

func TestCount(t *testing.T) {
	if got := Count("a b"); got != 2 {
		t.Errorf("Count = %d", got)
	}
}
""",
}
TASK = "Add a function Title that gives each word a capital letter"
# Count is written anew beside it, so that its import is used in another way.
FEATURE = """\
cat > words.go <<'END'
package words

import (
	"strings"
	"unicode"
)

// Count gives the number of words.
func Count(text string) int {
	number := 0
	for range strings.Fields(text) {
		number++
	}
	return number
}

// Title gives each word a capital letter.
func Title(text string) string {
	words := strings.Fields(text)
	for i, word := range words {
		letters := []rune(word)
		letters[0] = unicode.ToUpper(letters[0])
		words[i] = string(letters)
	}
	return strings.Join(words, " ")
}
END
"""
# Another file of the same package.
OTHER_FILE = """\
cat > title.go <<'END'
package words

import (
	"errors"
	"strings"
)

type Book struct{ Name string }

var errEmpty = errors.New("no words")

// NewBook gives a book with a title.
func NewBook(name string) (*Book, error) {
	if Count(name) == 0 {
		return nil, errEmpty
	}
	return &Book{Name: Title(name)}, nil
}

// Title gives each word a capital letter.
func Title(text string) string {
	words := strings.Fields(text)
	for i, word := range words {
		words[i] = strings.ToUpper(word[:1]) + word[1:]
	}
	return strings.Join(words, " ")
}
END
"""


def a_test(body: str) -> str:
    head = 'package words\n\nimport "testing"\n\nfunc TestTitle(t *testing.T) {\n'
    return f"cat > title_test.go <<'END'\n{head}{body}\n}}\nEND\n"


def ask(pa: Pa, worker: str, *, task: str = TASK, check: str = "go test ./...") -> Ran:
    pa.write({**FILES, "agentproxy.toml": f"discovered = false\n{compiled_by_go()}"})
    pa.commit("Green")
    assert pa("trust").code == 0
    env = {"PATH": f"{programs_of('go')}{os.pathsep}{pa.environment()['PATH']}"}
    return pa.task("--check", check, "--max-rounds", "1", worker=worker, env=env, asks=task)


LOOKS = '\tif got := Title("a bee"); got != "A Bee" {\n\t\tt.Errorf("Title = %q", got)\n\t}'
OF_A_PART = (
    '\tbook, err := NewBook("a bee")\n\tif err != nil {\n\t\tt.Fatal(err)\n\t}\n'
    '\tif book.Name != "A Bee" {\n\t\tt.Errorf("Name = %q", book.Name)\n\t}'
)
# A stub gives no words, so that each of these panics in its line.
SPLITS = """\
cat > split.go <<'END'
package words

import "strings"

// Title splits a text.
func Title(text string) []string {
	return strings.Split(text, " ")
}
END
"""
OF_AN_ITEM = '\tgot := Title("a bee")[1]\n\tif got != "bee" {\n\t\tt.Errorf("Title = %q", got)\n\t}'
NO_ITEM = '\t_ = Title("a bee")[1]'
OF_AN_ERROR = '\tif _, err := NewBook(""); err == nil {\n\t\tt.Error("no error")\n\t}'


@pytest.mark.parametrize(
    "worker",
    [
        FEATURE + a_test(LOOKS),
        OTHER_FILE + a_test(OF_A_PART),
        OTHER_FILE + a_test(OF_AN_ERROR),
        SPLITS + a_test(OF_AN_ITEM),
    ],
)
def test_a_feature_whose_test_looks_at_the_result_is_verified(pa: Pa, worker: str) -> None:
    ran = ask(pa, worker)
    assert ran.finding("go test")["reason_code"] == "falsified", ran.finding("go test")
    assert ran.code == 0


ONLY_CALLS = '\tTitle("a bee")'
CHECKS_NOTHING = '\tgot := Title("a bee")\n\tif len(got) < 0 {\n\t\tt.Error(got)\n\t}'
CHECKS_OLD = (
    '\t_ = Title\n\tif got := Count("a bee"); got != 2 {\n\t\tt.Errorf("Count = %d", got)\n\t}'
)
NO_ERROR = '\tif _, err := NewBook("a bee"); err != nil {\n\t\tt.Fatal(err)\n\t}'
NOT_NIL = '\tif book, _ := NewBook("a bee"); book == nil {\n\t\tt.Fatal("no book")\n\t}'


@pytest.mark.parametrize(
    "worker",
    [
        FEATURE + a_test(ONLY_CALLS),
        FEATURE + a_test(CHECKS_NOTHING),
        FEATURE + a_test(CHECKS_OLD),
        OTHER_FILE + a_test(NO_ERROR),
        OTHER_FILE + a_test(NOT_NIL),
        SPLITS + a_test(NO_ITEM),
    ],
)
def test_a_feature_whose_test_does_not_look_at_the_result_is_not(pa: Pa, worker: str) -> None:
    ran = ask(pa, worker)
    assert ran.finding("go test")["reason_code"] == "result_not_checked", ran.finding("go test")
    assert ran.code == 3


BEFORE = {
    "go.mod": FILES["go.mod"],
    "store.go": """\
package words

import "strings"

type Store struct{ words []string }

func (s *Store) Get(at int) string { return trim(s.words[at]) }

func (s *Store) First() string { return s.Get(0) }

func trim(word string) string { return strings.TrimSpace(word) }

func gone() string { return strings.ToLower("A") }

func Named(word string) (size int, err error) {
	size = len(gone() + word)
	return
}
""",
}
# Most of what the base needs is gone, moved, or called in another way.
AFTER = {
    "store.go": """\
package words

import (
	"errors"
	"fmt"
)

type Store struct{ words []string }

var errRange = errors.New("out of range")

func (s *Store) Get(at int) (string, error) {
	if at >= len(s.words) {
		return "", errRange
	}
	return trim(s.words[at], false), nil
}

func (s *Store) First() string {
	word, err := s.Get(0)
	if err != nil {
		return fmt.Sprint(err)
	}
	return word
}

func Named(word string) (size int, err error) {
	found, err := fmt.Sscan(word, &size)
	if err != nil || found == 0 {
		return
	}
	return
}

func Counter() func() int {
	count := 0
	return func() int { count++; return count }
}

func Each[T any](all []T, do func(T) T) []T {
	var made []T
	for _, one := range all {
		made = append(made, do(one))
	}
	return made
}

type Command struct {
	Name string
	Run  func(words []string) error
}

var commands []*Command

var hello = &Command{Name: "hello", Run: func(words []string) error { return errRange }}

func init() { commands = append(commands, hello) }
""",
    "trim.go": """\
package words

import "strings"

func trim(word string, all bool) string {
	if all {
		return strings.ReplaceAll(word, " ", "")
	}
	return strings.TrimSpace(word)
}
""",
}


def test_stubs_of_many_shapes_are_compiled_by_go(tmp_path: Path) -> None:
    files = [
        StubFile(path, encoded(BEFORE.get(path, "").encode()), encoded(text.encode()))
        for path, text in AFTER.items()
    ]
    for new, answer in make_stubs(files).items():
        folder = tmp_path / new
        folder.mkdir()
        (folder / "go.mod").write_text(BEFORE["go.mod"])
        for path, text in answer.stubbed.items():
            (folder / path).write_bytes(decoded(text))
        command = [programs_of("go") / "go", "vet", "./..."]
        env = {**os.environ, "GOFLAGS": "-mod=mod", "GOTOOLCHAIN": "local"}
        done = subprocess.run(
            command, cwd=folder, env=env, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        assert set(answer.functions) >= {"Store.First", "Named", "Counter", "Each", "hello.Run"}
