"""A module is loaded in a thread while its process waits for something else."""

import asyncio
import sys
import threading
from importlib import import_module
from pathlib import Path

import pytest

from agentproxy.engine.loading import begin_to_load, loaded

SLOW = "import threading, time\ntime.sleep(0.2)\nby = threading.current_thread().name\n"


@pytest.fixture
def modules(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    return tmp_path


def test_who_needs_a_module_that_is_being_loaded_waits_for_it(modules: Path) -> None:
    (modules / "slow_one.py").write_text(SLOW)
    before = sys.getswitchinterval()
    begin_to_load("slow_one")
    found = import_module("slow_one")
    assert (found.by, threading.current_thread().name) == ("loading slow_one", "MainThread")
    for thread in threading.enumerate():
        if thread.name == "loading slow_one":
            thread.join()
    assert sys.getswitchinterval() == before


def test_a_module_that_fails_says_so_to_who_needs_it(
    modules: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (modules / "broken_one.py").write_text("raise ImportError('half of it is missing')")
    begin_to_load("broken_one")
    with pytest.raises(ImportError, match="half of it is missing"):
        asyncio.run(loaded("broken_one"))
    assert capsys.readouterr() == ("", "")


def test_the_event_loop_goes_on_while_a_module_is_loaded(modules: Path) -> None:
    (modules / "other_one.py").write_text(SLOW)

    async def count() -> int:
        loading = asyncio.ensure_future(loaded("other_one"))
        turns = 0
        while not loading.done():
            await asyncio.sleep(0.01)
            turns += 1
        return turns

    assert asyncio.run(count()) > 3
