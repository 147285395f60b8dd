"""Tests of Go are named by the files that declare them."""

from pathlib import Path

import pytest

from agentproxy.events.check import TestResult
from agentproxy.evidence.reports.go_files import find_go_tests, read_go_files, with_go_files
from agentproxy.evidence.reports.go_source import find_declared_again, is_built

TEST = "package a\n\nfunc {}(t *testing.T) {{\n}}\n"
TREE = {
    "go.mod": "// module of ours\nmodule example.com/m // here\n\ngo 1.19\n",
    "a_test.go": TEST.format("TestRoot"),
    "inner/deep/b_test.go": TEST.format("TestDeep") + TEST.format("FuzzDeep"),
    "inner/deep/example_test.go": "package a_test\n\nfunc ExampleDeep() {\n}\n",
    "tools/go.mod": 'module "example.com/tools"\n',
    "tools/c_test.go": TEST.format("TestRoot"),
    "inner/x_linux_test.go": TEST.format("TestSystem"),
    "inner/x_windows_test.go": TEST.format("TestSystem"),
    "inner/code.go": TEST.format("TestOfNobody"),
    "inner/helper_test.go": "package a\n\nfunc (s *Suite) TestMethod() {}\n// func TestNo(\n",
}
DECLARED = {
    "example.com/m > TestRoot": "a_test.go",
    "example.com/m/inner/deep > TestDeep": "inner/deep/b_test.go",
    "example.com/m/inner/deep > FuzzDeep": "inner/deep/b_test.go",
    "example.com/m/inner/deep > ExampleDeep": "inner/deep/example_test.go",
    "example.com/m/inner > TestSystem": "inner/x_linux_test.go",
    "example.com/tools > TestRoot": "tools/c_test.go",
}


def test_a_package_leads_to_its_folder_and_a_test_to_the_one_file_that_declares_it(
    tmp_path: Path,
) -> None:
    for path, text in TREE.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)
    (tmp_path / "link_test.go").symlink_to("/etc/hostname")
    texts = read_go_files(tmp_path, [*TREE, "link_test.go", "gone_test.go"])
    assert find_go_tests(texts) == DECLARED
    assert read_go_files(tmp_path, ["go.mod", "inner/code.go"]) == {}


def test_without_a_module_around_it_a_file_has_no_package() -> None:
    assert find_go_tests({"a_test.go": TREE["a_test.go"], "b/go.mod": "go 1.19\n"}) == {}


@pytest.mark.parametrize(
    ("name", "named"),
    [
        ("example.com/m > TestRoot", "a_test.go::TestRoot"),
        ("example.com/m > TestRoot/sub > x/y#01", "a_test.go::TestRoot/sub > x/y#01"),
        ("example.com/m > TestRoot[2]", "a_test.go::TestRoot[2]"),
        ("example.com/m > TestRootless", "example.com/m > TestRootless"),
        ("other > TestRoot", "other > TestRoot"),
        ("adds", "adds"),
    ],
)
def test_a_test_has_its_file_where_it_is_known(name: str, named: str) -> None:
    tests = with_go_files([TestResult(name=name, outcome="passed")], TREE)
    assert [each.name for each in tests] == [named]


NO_CODE = """\
package a

/*
func TestRoot(t *testing.T) {
*/

// `
var raw = `
func TestRoot(t *testing.T) {
`

var quote, text = '`', "/* \\" `"

func TestMore(t *testing.T) {
"""


def test_comments_and_texts_declare_nothing() -> None:
    texts = {"go.mod": TREE["go.mod"], "a_test.go": TREE["a_test.go"], "b_test.go": NO_CODE}
    assert find_go_tests(texts) == {
        "example.com/m > TestRoot": "a_test.go",
        "example.com/m > TestMore": "b_test.go",
    }


@pytest.mark.parametrize(
    ("head", "built"),
    [
        ("", "yes"),
        ("// A comment.\n\n//go:build linux\n\n", "yes"),
        ("//go:build windows || (darwin && !cgo)\n\n", "no"),
        ("//go:build unix && !arm64\n\n", "yes"),
        ("//go:build integration\n\n", "perhaps"),
        ("//go:build integration && windows\n\n", "no"),
        ("//go:build !integration || linux\n\n", "yes"),
        ("//go:build ignore\n\n", "no"),
        ("//go:build (((\n\n", "perhaps"),
        ("// +build windows\n\n", "perhaps"),
        ("/*\n//go:build windows\n*/\n", "yes"),
    ],
)
def test_a_constraint_says_on_which_systems_a_file_is_built(head: str, built: str) -> None:
    text = f"{head}package a\n\n//go:build windows\n"
    assert is_built("a_test.go", text, system="linux", processor="amd64") == built


def test_the_name_of_a_file_says_on_which_systems_it_is_built() -> None:
    names = ("a_linux_test.go", "a_linux_amd64_test.go", "linux_test.go", "a_b_test.go")
    names += ("a.b_windows_test.go",)  # what comes after the first dot says nothing
    others = (
        "a_windows_test.go",
        "a_arm64_test.go",
        "a_darwin_amd64_test.go",
        "_a_test.go",
        "a_armbe_test.go",
    )
    said = [is_built(f"x/{name}", "", system="linux", processor="amd64") for name in names]
    assert said == ["yes"] * len(names)
    said = [is_built(f"x/{name}", "", system="linux", processor="amd64") for name in others]
    assert said == ["no"] * len(others)


def test_where_a_tag_decides_the_file_that_is_built_without_it_has_the_test() -> None:
    tagged = f"//go:build integration\n\n{TREE['a_test.go']}"
    texts = {"go.mod": TREE["go.mod"], "a_test.go": TREE["a_test.go"], "b_test.go": tagged}
    assert find_go_tests(texts) == {"example.com/m > TestRoot": "a_test.go"}
    texts["a_test.go"] = tagged.replace("integration", "!integration")
    assert find_go_tests(texts) == {}


def test_new_files_that_declare_again_what_an_old_one_does_are_found_with_their_package() -> None:
    init = "package a\n\nfunc init() {\n}\n"
    old = {"a_test.go": TEST.format("TestRoot") + init, "b/b_test.go": TEST.format("TestDeep")}
    moved = {"root_test.go": TEST.format("TestRoot"), "c_test.go": TEST.format("TestMore")}
    others = {
        "b/d_test.go": f"/*\n{TEST.format('TestDeep')}*/\n{init}",
        "e/e_test.go": moved["c_test.go"],
    }
    assert sorted(find_declared_again(old, {**moved, **others})) == ["c_test.go", "root_test.go"]
