"""Tests of Go are named by the files that declare them."""

from pathlib import Path

import pytest

from agentproxy.events.check import TestResult
from agentproxy.evidence.reports.go_files import find_go_tests, read_go_tests, with_go_files

TEST = "package a\n\nfunc {}(t *testing.T) {{\n}}\n"
TREE = {
    "go.mod": "// module of ours\nmodule example.com/m // here\n\ngo 1.19\n",
    "a_test.go": TEST.format("TestRoot"),
    "inner/deep/b_test.go": TEST.format("TestDeep") + TEST.format("FuzzDeep"),
    "inner/deep/example_test.go": "package a_test\n\nfunc ExampleDeep() {\n}\n",
    "tools/go.mod": 'module "example.com/tools"\n',
    "tools/c_test.go": TEST.format("TestRoot"),
    # Which of two systems it is for, the name does not say.
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
    "example.com/tools > TestRoot": "tools/c_test.go",
}


def test_a_package_leads_to_its_folder_and_a_test_to_the_one_file_that_declares_it(
    tmp_path: Path,
) -> None:
    for path, text in TREE.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)
    (tmp_path / "link_test.go").symlink_to("/etc/hostname")
    assert read_go_tests(tmp_path, [*TREE, "link_test.go", "gone_test.go"]) == DECLARED
    assert read_go_tests(tmp_path, ["go.mod", "inner/code.go"]) == {}


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
    tests = with_go_files([TestResult(name=name, outcome="passed")], DECLARED)
    assert [each.name for each in tests] == [named]
