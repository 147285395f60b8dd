"""Which changes of old tests a task asks for, and which it does not."""

import pytest

from agentproxy.evidence.asked.task_text import read_task
from agentproxy.evidence.asked.test_changes import AskedChanges, read_test_changes

PAGES = """\
from shop.pages import page_size, split


def test_page_size():
    assert page_size() == 20


def test_split():
    assert split([1, 2, 3], 2) == [[1, 2], [3]]
"""
SLUGS = """\
from text import slugify


def test_underscores():
    assert slugify("a_b") == "a_b"


def test_blanks():
    assert slugify("a b") == "a-b"
"""
NODE = """\
const { total } = require('../lib/total');

test('adds prices', () => {
  assert.equal(total([1, 2]), 3);
});

test('takes an empty list', () => {
  assert.equal(total([]), 0);
});
"""


def read(
    task: str, before: str, after: str, *, path: str = "tests/test_it.py", **others: str
) -> AskedChanges:
    files = {path: (before, after), **{name: ("", text) for name, text in others.items()}}
    words = read_task(task)
    return read_test_changes(words, files, code_paths=["shop/pages.py"], gone_names=words.removed)


def changed(text: str, old: str, new: str) -> str:
    assert old in text
    return text.replace(old, new)


@pytest.mark.parametrize(
    ("task", "text", "old", "new"),
    [
        ("Show 50 items a page instead of 20", PAGES, "== 20", "== 50"),
        ("`page_size` should be 50", PAGES, "== 20", "== 50"),
        ("`slugify` turns underscores into dashes now", SLUGS, '== "a_b"', '== "a-b"'),
        (
            "`slugify` should raise nothing any more; adjust its tests",
            SLUGS,
            'assert slugify("a b") == "a-b"',
            'assert slugify("a  b") == "a-b"\n    assert slugify("") == ""',
        ),
        ("Rename `split` to `chunk`", PAGES, "split", "chunk"),
        (
            "Change `total` so that prices are in cents",
            NODE,
            "total([1, 2]), 3",
            "total([1, 2]), 300",
        ),
    ],
)
def test_an_expectation_that_the_task_changes_is_asked_for(
    task: str, text: str, old: str, new: str
) -> None:
    path = "test/total.test.js" if text is NODE else "tests/test_it.py"
    assert list(read(task, text, changed(text, old, new), path=path).files) == [path]


@pytest.mark.parametrize(
    ("task", "text", "old", "new"),
    [
        # The task names neither value nor function.
        ("Make the pages faster", PAGES, "== 20", "== 50"),
        # A feature is no change of what was.
        ("Add a separator option to `slugify`", SLUGS, '== "a-b"', '== "ab"'),
        # The assertion looks at less.
        ("Show 50 items a page instead of 20", PAGES, "== 20", "or 50"),
        ("Show 50 items a page instead of 20", PAGES, "page_size() == 20", "True"),
        ("Show 50 items a page instead of 20", PAGES, "    assert page_size() == 20", "    pass"),
        ("`slugify` turns underscores into dashes now", SLUGS, '== "a_b"', "is not None"),
        ("`slugify` turns underscores into dashes now", SLUGS, '== "a_b"', '!= "a-b"'),
        # A test is switched off, or code is replaced.
        (
            "Show 50 items a page instead of 20",
            PAGES,
            "def test_page",
            "@pytest.mark.skip\ndef test_page",
        ),
        (
            "`slugify` turns underscores into dashes now",
            SLUGS,
            "from text",
            "import text\ntext.slugify = mock.Mock()\nfrom text",
        ),
        # One digit of the task is no expectation of another test.
        ("A missing file should end it with 1", PAGES.replace("== 20", "== 0"), "== 0", "== 1"),
        # Another test of the file changes as well.
        (
            "Show 50 items a page instead of 20",
            PAGES.replace("== 20", "== 50"),
            "[[1, 2], [3]]",
            "[[1], [2, 3]]",
        ),
        # Tests import the code from elsewhere.
        ("`slugify` turns underscores into dashes now", SLUGS, "from text", "from fakes"),
    ],
)
def test_another_change_of_an_old_test_is_not(task: str, text: str, old: str, new: str) -> None:
    assert read(task, text, changed(text, old, new)).files == {}


def test_who_bends_one_test_beside_an_asked_change_is_not_excused() -> None:
    after = changed(PAGES, "== 20", "== 50").replace("[[1, 2], [3]]", "[]")
    found = read("Show 50 items a page instead of 20", PAGES, after)
    assert found.files == {}
    assert found.gone == {"tests/test_it.py": ("test_page_size",)}


def test_tests_of_what_is_removed_may_go_and_no_others() -> None:
    half = PAGES.partition("def test_split")[0]
    found = read("Remove `split`, nobody uses it", PAGES, half)
    assert found.gone == {"tests/test_it.py": ("test_split",)}
    assert list(found.files) == ["tests/test_it.py"]
    found = read("Remove `split`, nobody uses it", PAGES, "")
    assert found.gone == {"tests/test_it.py": ("test_split",)}
    assert found.files == {}


def test_a_file_that_the_task_names_is_not_for_that_reason_gone() -> None:
    found = read("tests/test_it.py fails, since pages no longer load", PAGES, "")
    assert found.files == {}
    found = read("Remove `split` and tests/test_it.py", PAGES, "")
    assert list(found.files) == ["tests/test_it.py"]


def test_a_test_may_have_the_new_value_in_its_name() -> None:
    before = NODE.replace("adds prices", "adds up to 3")
    after = before.replace("up to 3", "up to 4").replace("total([1, 2]), 3", "total([1, 2]), 4")
    found = read("`total` adds 4 and not 3", before, after, path="test/total.test.js")
    assert found.moved == {"test/total.test.js": {"adds up to 3": "adds up to 4"}}
    assert list(found.files) == ["test/total.test.js"]
    assert not read("Make it faster", before, after, path="test/total.test.js").files


def test_tests_that_move_are_found_by_their_body() -> None:
    moved = {"tests/unit/test_pages.py": changed(PAGES, "shop.pages", "pages")}
    found = read("Tidy up the tests", PAGES, "", **moved)
    names = {"test_page_size": "test_page_size", "test_split": "test_split"}
    assert found.moved == {"tests/test_it.py": names}
    hollow = {"tests/unit/test_pages.py": changed(PAGES, "== 20", "> 0")}
    found = read("Tidy up the tests", PAGES, "", **hollow)
    assert found.moved == {"tests/test_it.py": {"test_split": "test_split"}}
    assert found.files == {}


def test_node_tests_are_read_by_their_titles() -> None:
    after = NODE.partition("test('takes")[0]
    found = read("Remove the empty list", NODE, after, path="test/total.test.js")
    assert found.files == {}
    found = read("total no longer takes an empty list", NODE, after, path="test/total.test.js")
    assert found.gone == {"test/total.test.js": ("takes an empty list",)}


GO = """\
package shop

import "testing"

func TestPageSize(t *testing.T) {
	if PageSize() != 20 {
		t.Errorf("PageSize() = %d", PageSize())
	}
}

func TestSplit(t *testing.T) {
	if len(Split(2)) != 3 {
		t.Fatal("not three")
	}
}
"""


def test_tests_of_go_are_read_by_their_functions() -> None:
    task, path = "Show 50 items a page instead of 20", "shop/pages_test.go"
    asked = read(task, GO, changed(GO, "!= 20", "!= 50"), path=path)
    assert (list(asked.files), asked.gone) == ([path], {path: ("TestPageSize",)})
    for weaker in ("\tt.Skip()\n\tif PageSize() != 50", "\tif false && PageSize() != 50"):
        assert not read(task, GO, changed(GO, "\tif PageSize() != 20", weaker), path=path).files
    silent = changed(changed(GO, "!= 20", "!= 50"), 't.Errorf("PageSize() = %d", PageSize())', "")
    assert not read(task, GO, silent, path=path).files
    first, _, second = GO.partition("func TestSplit")
    moved = read_test_changes(
        read_task("Put the tests in files of their own"),
        {path: (GO, first), "shop/split_test.go": ("", f"package shop\n\nfunc TestSplit{second}")},
    )
    assert moved.moved == {path: {"TestSplit": "TestSplit"}}


def test_code_that_moves_lets_tests_import_it_from_its_new_place() -> None:
    after = changed(PAGES, "from shop.pages", "from shop.layout")
    assert list(read("Move `split` to shop/layout.py", PAGES, after).files)
    assert not read("Make `split` faster", PAGES, after).files


@pytest.mark.parametrize(
    "line",
    ["assert not setattr(pages, 'page_size', lambda: 20)", "assert page_size() == 20; return"],
)
def test_an_assertion_that_comes_is_no_reason_by_itself(line: str) -> None:
    bent = PAGES.replace(
        "    assert page_size() == 20\n", f"    {line}\n    assert page_size() == 20\n"
    )
    found = read("Add `join` to the pages", PAGES, bent)
    assert (found.files, found.gone) == ({}, {})


@pytest.mark.parametrize("line", ["pages.page_size = lambda: 50", "__test__ = False"])
def test_what_is_set_outside_of_tests_is_never_asked_for(line: str) -> None:
    asked = changed(PAGES, "== 20", "== 50")
    task = "`page_size` should be 50 by default instead of 20"
    assert list(read(task, PAGES, asked).files) == ["tests/test_it.py"]
    assert read(task, PAGES, f"{asked}\n\n{line}\n").files == {}
