"""Which results of a base are kept for later runs, and how long."""

import os
import time
from pathlib import Path

import pytest

from agentproxy.events.check import CheckResult, Outcome, TestResult
from agentproxy.events.contract import Check
from agentproxy.evidence import kept_results
from agentproxy.evidence.kept_results import (
    KeptResults,
    is_steadily_green,
    key_of,
    may_be_kept,
)

CHECK = Check(name="test", command="pytest -q", role="discovered", source="found: tests")


def result(exit_code: int = 0, **tests: Outcome) -> CheckResult:
    found = tuple(TestResult(name=name, outcome=outcome) for name, outcome in tests.items())
    return CheckResult(
        exit_code=exit_code, ending="exited", seconds=1.0, tests=found, by_test=bool(found)
    )


GREEN = result(a="passed", b="skipped")


@pytest.mark.parametrize(
    ("attempts", "kept"),
    [
        ([GREEN], True),
        ([GREEN, GREEN], True),
        ([result()], True),
        ([], False),
        ([result(1, a="failed")], False),
        ([result(0, a="failed")], False),
        ([result(1)], False),
        ([GREEN, result(1, a="failed", b="skipped")], False),
        ([GREEN, result(a="passed")], False),
        ([GREEN.model_copy(update={"ending": "timed_out", "exit_code": None})], False),
        ([GREEN.model_copy(update={"left_out": ("test_b.py",)})], False),
        ([GREEN.model_copy(update={"doubt": "hides_failures"})], False),
    ],
)
def test_only_what_is_steadily_green_is_kept(attempts: list[CheckResult], kept: bool) -> None:
    assert is_steadily_green(attempts) is kept


def test_a_kept_result_names_the_run_that_got_it(tmp_path: Path) -> None:
    store = KeptResults(tmp_path / "bases")
    store.keep("k", GREEN, run="r1", looked_at=2.5)
    kept = store.find("k")
    assert kept is not None
    assert (kept.run, kept.looked_at) == ("r1", 2.5)
    assert kept.result == GREEN.model_copy(update={"taken_from": "r1"})
    store.forget("k")
    assert store.find("k") is None
    store.forget("k")


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b'{"run": "r", "looked_at": 1, "result": {}}',
        b"\xff" * 9,
        b'{"run":"r","result":null}',
    ],
)
def test_a_damaged_file_is_no_result(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "k.json").write_bytes(content)
    assert KeptResults(tmp_path).find("k") is None


def test_a_red_result_in_the_store_is_no_result(tmp_path: Path) -> None:
    KeptResults(tmp_path).keep("k", result(1, a="failed"), run="r1", looked_at=1.0)
    assert KeptResults(tmp_path).find("k") is None


def test_an_old_result_is_no_result_and_goes(tmp_path: Path) -> None:
    store = KeptResults(tmp_path)
    store.keep("old", GREEN, run="r1", looked_at=1.0)
    before = time.time() - kept_results.MAX_AGE - 60
    os.utime(tmp_path / "old.json", (before, before))
    assert store.find("old") is None
    store.keep("new", GREEN, run="r2", looked_at=1.0)
    assert [each.name for each in tmp_path.iterdir()] == ["new.json"]


def test_the_oldest_go_where_there_are_too_many(tmp_path: Path) -> None:
    store = KeptResults(tmp_path)
    for number in range(kept_results.MAX_RESULTS + 3):
        store.keep(f"k{number}", GREEN, run="r", looked_at=1.0)
        at = time.time() - 1000 + number
        os.utime(tmp_path / f"k{number}.json", (at, at))
    assert len(list(tmp_path.iterdir())) == kept_results.MAX_RESULTS
    assert store.find("k0") is None


def test_what_is_too_large_is_not_kept(tmp_path: Path) -> None:
    large = GREEN.model_copy(update={"output": "x" * kept_results.MAX_BYTES})
    KeptResults(tmp_path).keep("k", large, run="r", looked_at=1.0)
    assert list(tmp_path.iterdir()) == []


def test_a_store_that_cannot_be_written_stops_nothing(tmp_path: Path) -> None:
    (tmp_path / "bases").write_text("no folder")
    store = KeptResults(tmp_path / "bases")
    store.keep("k", GREEN, run="r", looked_at=1.0)
    store.forget("k")
    assert store.find("k") is None


@pytest.mark.parametrize(
    "other",
    [
        {"command": "pytest"},
        {"directory": "web"},
        {"network": "host"},
        {"env": {"A": "1"}},
        {"timeout": 7.0},
    ],
)
def test_another_check_has_another_key(other: dict[str, object]) -> None:
    assert key_of(CHECK, {"tree": "t"}) != key_of(CHECK.model_copy(update=other), {"tree": "t"})


def test_its_name_and_role_do_not_matter_and_its_surroundings_do() -> None:
    named = CHECK.model_copy(update={"name": "pytest -q", "role": "acceptance", "source": "-"})
    assert key_of(CHECK, {"tree": "t"}) == key_of(named, {"tree": "t"})
    assert key_of(CHECK, {"tree": "t"}) != key_of(CHECK, {"tree": "u"})


def test_a_check_that_reaches_the_hosts_network_is_not_kept() -> None:
    assert may_be_kept(CHECK)
    assert not may_be_kept(CHECK.model_copy(update={"network": "host"}))
