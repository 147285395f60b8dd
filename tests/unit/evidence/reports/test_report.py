"""Reports of real runs of pytest, and reports that nobody should trust."""

import os
import subprocess
import sys
import tracemalloc
from pathlib import Path

import pytest

from agentproxy.events.check import TestResult
from agentproxy.evidence.reports import junit
from agentproxy.evidence.reports.report import (
    Report,
    ReportUnusable,
    read_pytest,
)


def read_report(xml: bytes, *, root: str = "") -> Report:
    return read_pytest(xml, root)


PYTEST_FILE = """
import unittest

import pytest


def test_passes():
    pass


def test_fails():
    assert 1 == 2, "boo"


@pytest.mark.skip(reason="not today")
def test_skipped():
    pass


@pytest.mark.xfail
def test_expected():
    assert 0


@pytest.mark.xfail(strict=True)
def test_passes_unexpectedly():
    pass


@pytest.fixture
def broken():
    raise ValueError("in setup")


@pytest.fixture
def late():
    yield
    raise ValueError("in teardown")


def test_setup(broken):
    pass


def test_teardown(late):
    pass


def test_fails_twice(late):
    assert 0


@pytest.mark.parametrize("text", ["a/b::c", "x.y", "]["])
def test_text(text):
    assert text != "x.y"


class TestGroup:
    class TestInner:
        def test_method(self):
            pass


class Old(unittest.TestCase):
    def test_old(self):
        self.assertEqual(1, 2)


def test_deep():
    helper()


def helper():
    raise KeyError("deep")
"""


def run_pytest(folder: Path, *arguments: str) -> dict[str, TestResult]:
    command = [sys.executable, "-m", "pytest", "-q", "--junitxml=report.xml"]
    command += ["-o", "junit_family=xunit1", "-p", "no:cacheprovider", *arguments]
    env = {**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    subprocess.run(command, cwd=folder, env=env, capture_output=True, check=False, timeout=60)
    results = read_report((folder / "report.xml").read_bytes(), root=str(folder)).tests
    return {result.name: result for result in results}


def test_pytest_tests_have_their_node_ids_outcomes_and_places(tmp_path: Path) -> None:
    (tmp_path / "pkg").mkdir()
    (tmp_path / "pkg/test_it.py").write_text(PYTEST_FILE)
    found = run_pytest(tmp_path)
    shown = {name.removeprefix("pkg/test_it.py::"): test.outcome for name, test in found.items()}
    assert shown == {
        "test_passes": "passed",
        "test_fails": "failed",
        "test_skipped": "skipped",
        "test_expected": "xfailed",
        "test_passes_unexpectedly": "failed",
        "test_setup": "failed",
        "test_teardown": "failed",
        "test_fails_twice": "failed",
        "test_text[a/b::c]": "passed",
        "test_text[x.y]": "failed",
        "test_text[][]": "passed",
        "TestGroup::TestInner::test_method": "passed",
        "Old::test_old": "failed",
        "test_deep": "failed",
    }
    fails = found["pkg/test_it.py::test_fails"]
    line = PYTEST_FILE.splitlines().index('    assert 1 == 2, "boo"') + 1
    assert (fails.place, fails.message) == (
        f"pkg/test_it.py:{line}",
        "AssertionError: boo\nassert 1 == 2",
    )
    deep = found["pkg/test_it.py::test_deep"]
    line = PYTEST_FILE.splitlines().index('    raise KeyError("deep")') + 1
    assert deep.place == f"pkg/test_it.py:{line}"
    assert found["pkg/test_it.py::test_setup"].message == "ValueError: in setup"


@pytest.mark.parametrize("style", ["long", "short", "native", "line", "no"])
def test_the_place_is_the_line_that_failed_or_where_pytest_does_not_say_the_test(
    tmp_path: Path, style: str
) -> None:
    (tmp_path / "test_one.py").write_text("def test_one():\n    assert 1 == 2\n")
    found = run_pytest(tmp_path, f"--tb={style}")
    expected = "test_one.py:1" if style in ("line", "no") else "test_one.py:2"
    assert found["test_one.py::test_one"].place == expected


def test_a_failure_below_the_tests_is_placed_in_the_source(tmp_path: Path) -> None:
    (tmp_path / "lib.py").write_text("def half(n):\n    return n / 0\n")
    (tmp_path / "test_lib.py").write_text("import lib\n\ndef test_half():\n    lib.half(2)\n")
    assert run_pytest(tmp_path)["test_lib.py::test_half"].place == "lib.py:2"


@pytest.mark.parametrize("text", ["import nosuch\n", "x = = 1\n"])
def test_a_file_that_cannot_be_collected_is_a_failed_test_of_its_own_name(
    tmp_path: Path, text: str
) -> None:
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests/test_x.py").write_text(text)
    found = run_pytest(tmp_path)
    assert [(name, test.outcome) for name, test in found.items()] == [("tests/test_x.py", "failed")]
    assert found["tests/test_x.py"].place == "tests/test_x.py:1"
    assert "Error" in found["tests/test_x.py"].message


def test_an_inherited_test_is_named_after_the_class_that_runs_it(tmp_path: Path) -> None:
    (tmp_path / "shared.py").write_text("class Shared:\n    def test_it(self):\n        pass\n")
    (tmp_path / "test_b.py").write_text(
        "from shared import Shared\n\nclass TestB(Shared):\n    pass\n"
    )
    assert list(run_pytest(tmp_path)) == ["test_b.py::TestB::test_it"]


@pytest.mark.parametrize(
    "xml",
    [
        b"",
        b"not xml at all",
        b"<testsuites><testcase name='a'>",
        b"\xff\xfe<\x00a\x00>\x00",
        b"<testsuites>\xe9</testsuites>",
        b"\xff\xfe\x00",
        b"<?xml version='1.0' encoding='no-such'?><a/>",
        b"<!DOCTYPE a><testsuites/>",
        b"<!DOCTYPE a [<!ENTITY a 'b'><!ENTITY c '&a;&a;&a;&a;'>]><testsuites name='&c;'/>",
        b"<!DOCTYPE a [<!ENTITY x SYSTEM 'file:///etc/passwd'>]><testsuites>&x;</testsuites>",
        b"<!DOCTYPE a SYSTEM 'http://127.0.0.1:1/x.dtd'><testsuites/>",
        b"<a>" * 101 + b"</a>" * 101,
        b"<a>" * 100_000,
    ],
)
def test_broken_and_hostile_xml_is_refused_by_name(xml: bytes) -> None:
    with pytest.raises(ReportUnusable, match="the report"):
        read_report(xml)


@pytest.mark.parametrize(
    ("title", "name"),
    [
        (b"prints \x1b[1mbold\x1b[0m", "prints [1mbold[0m"),
        (b"a\x00b\x08c\x1fd", "abcd"),
        (b"a&#27;b&#x1B;c&#0;d&#x000e;", "abcd"),
        (b"a\xef\xbf\xbfb\xed\xa0\x80c", "abc"),
        (b"tab&#9;line&#xA;end&#13;", "tab\tline\nend\r"),
        (b"&#128512;&#x1F600;\xc2\x85", "\U0001f600\U0001f600\x85"),
    ],
)
def test_one_odd_title_does_not_take_the_report_away(title: bytes, name: str) -> None:
    xml = b"<a><testcase name='%b'/><testcase name='other'><failure/></testcase></a>" % title
    odd, other = read_report(xml).tests
    assert (odd.name, odd.outcome) == (name, "passed")
    assert (other.name, other.outcome) == ("other", "failed")


def test_a_report_of_more_than_64_mb_is_refused_unread() -> None:
    with pytest.raises(ReportUnusable, match="64 MB"):
        read_report(b"<" * (junit.MAX_REPORT_BYTES + 1))


@pytest.mark.slow
def test_a_report_with_more_elements_than_anybody_writes_is_refused() -> None:
    few = b"<a>" + b"<x/>" * 1_000 + b"<testcase classname='a' name='t'><x/></testcase></a>"
    assert [test.name for test in read_report(few).tests] == ["a.py::t"]
    with pytest.raises(ReportUnusable, match="elements"):
        read_report(b"<a><testcase>" + b"<x/>" * (junit.MAX_ELEMENTS + 1) + b"</testcase></a>")


def test_what_stands_between_the_tests_of_a_report_costs_no_time() -> None:
    case = b"<testcase classname='a' name='t'/>"
    assert read_report(b"<a>" + b"<x/>" * 150_000 + case * 20_000 + b"</a>").tests


def test_a_class_name_of_many_parts_takes_no_memory_for_each_of_its_beginnings() -> None:
    case = b"<testcase classname='%b' file='a/b.py' name='t'/>" % (b"a.b." + b"." * 60_000)
    tracemalloc.start()
    try:
        (found,) = read_report(b"<a>" + case + b"</a>").tests
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert found.name.startswith("a/b.py::")
    assert most < 8 << 20


def test_suites_around_many_tests_are_held_once() -> None:
    around = b"".join(b"<testsuite name='%b'>" % (b"s" * 400) for _ in range(90))
    xml = around + b"<testcase name='t'/>" * 2_000 + b"</testsuite>" * 90
    cases = junit.read_cases(xml)
    assert len({id(case.suites) for case in cases}) == 1
    assert cases[0].suites[0] == "s" * 400


def test_names_and_messages_are_bounded() -> None:
    xml = (
        b"<testsuites><testsuite><testcase classname='a' file='a.py' name='%b'>"
        b"<failure message='%b'>%b</failure></testcase></testsuite></testsuites>"
    ) % (b"n" * 10_000, b"m" * 10_000, b"E   " + b"t" * 10_000)
    (found,) = read_report(xml).tests
    assert len(found.name) == 500
    assert len(found.message) <= 1000


@pytest.mark.parametrize("line", [b"\xc2\xb2x", b"1" * 5_000])
def test_a_line_that_is_no_number_is_passed_over(line: bytes) -> None:
    case = b"<testcase classname='a' file='a.py' line='%b' name='t'><failure/></testcase>" % line
    (found,) = read_report(b"<a>" + case + b"</a>").tests
    assert found.place == "a.py"


@pytest.mark.parametrize(
    ("cases", "outcomes"),
    [
        # pytest 9.2: pytest.exit("out", returncode=0) in the second test
        (
            "<testcase classname='test_e' name='test_1' file='test_e.py'><failure/></testcase>"
            "<testcase time='0.1'/>",
            {"test_e.py::test_1": "failed"},
        ),
        # pytest-rerunfailures 16.7: an attempt that failed is a passed case
        (
            "<testcase classname='test_r' name='test_f' file='test_r.py'/>" * 2,
            {"test_r.py::test_f": "passed"},
        ),
        (
            "<testcase classname='test_r' name='test_f' file='test_r.py'/>"
            "<testcase classname='test_r' name='test_f' file='test_r.py'><failure/></testcase>",
            {"test_r.py::test_f": "failed"},
        ),
        # pytest-xdist 3.8: the process of a worker ends in a test
        (
            "<testcase classname='test_c' name='test_2' file='test_c.py'>"
            "<error message='failed on setup with \"worker &#39;gw0&#39; crashed\"'/></testcase>",
            {"test_c.py::test_2": "failed"},
        ),
        # a.b/test_q.py and a/b/test_q.py, with --import-mode=importlib
        (
            "<testcase classname='a.b.test_q' name='test_q' file='a.b/test_q.py'/>"
            "<testcase classname='a.b.test_q' name='test_q' file='a/b/test_q.py'><error/>"
            "</testcase>",
            {"a.b/test_q.py::test_q": "passed", "a/b/test_q.py::test_q": "failed"},
        ),
    ],
)
def test_what_plugins_and_early_ends_add_is_no_test(cases: str, outcomes: dict[str, str]) -> None:
    tests = read_report(f"<testsuites>{cases}</testsuites>".encode()).tests
    assert {test.name: test.outcome for test in tests} == outcomes


def test_an_empty_report_holds_no_tests() -> None:
    assert read_report(b"<testsuites/>").tests == ()


@pytest.mark.parametrize(
    ("line", "message", "asserted"),
    [
        ("assert f() == 3", "assert None == 3", True),
        ("assert len(f()) == 3", "TypeError: object of type 'NoneType' has no len()", True),
        ("assert c.retries == 5", "AttributeError: 'C' object has no attribute 'retries'", True),
        ("with pytest.raises(ValueError):", "Failed: DID NOT RAISE ValueError", True),
        ("assert main(['list', '--new']) == 0", "SystemExit: 2", True),
        ("assert load('missing') == {}", "FileNotFoundError: missing", True),
        ("f().run()", "AttributeError: 'NoneType' object has no attribute 'run'", False),
        ("f('missing')", "FileNotFoundError: missing", False),
        ("assert f(new=1) == 3", "TypeError: f() got an unexpected keyword argument 'new'", False),
        ("assert f(1, 2)", "TypeError: f() takes 1 positional argument but 2 were given", False),
        ("assert a.f() == 3", "AttributeError: module 'a' has no attribute 'f'", False),
        ("assert f() == 3", "NameError: name 'f' is not defined", False),
        ("assert f() == 3", "NotImplementedError: stub", False),
    ],
)
def test_a_failed_test_says_whether_a_value_was_not_the_expected_one(
    line: str, message: str, asserted: bool
) -> None:
    xml = (
        '<testsuites><testsuite><testcase classname="t" name="test_x" file="t.py">'
        f'<failure message="{message}">&gt;       {line}\nE       {message}</failure>'
        "</testcase></testsuite></testsuites>"
    )
    assert [test.by_assertion for test in read_report(xml.encode()).tests] == [asserted]
