"""The tools of our own agent: what they answer, and that errors are answers, too."""

import asyncio
import os
import time
from dataclasses import replace
from pathlib import Path

import pytest
from pydantic import JsonValue
from support.repositories import sandbox

from agentproxy.tools.port import BadArguments, Bench
from agentproxy.tools.registry import coding_tools
from agentproxy.workspace.environment.job_layout import JobLayout
from agentproxy.workspace.sandbox.port import Mount


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    tree, home = tmp_path / "tree", tmp_path / "home"
    (tree / "src").mkdir(parents=True)
    home.mkdir()
    (tree / "src/a.txt").write_text("one\ntwo\nthree\ntwo\n")
    (tmp_path / "secret").write_text("secret")
    (tree / "link").symlink_to(tmp_path / "secret")
    place = JobLayout(
        root=str(tree),
        cwd=str(tree / "src"),
        env={"PATH": os.environ["PATH"]},
        mounts=(Mount(at=str(tree), mode="rw", source=tree),),
    )
    shown: list[str] = []
    return Bench(
        tree=tree, place=place, sandbox=sandbox(), home=home, show=shown.append, bash_seconds=2
    )


def call(bench: Bench, tool: str, **arguments: JsonValue) -> str:
    found = coding_tools().find(tool)
    assert found is not None
    return asyncio.run(found.run(arguments, bench)).text


def test_a_file_is_read_whole_or_its_first_lines(bench: Bench) -> None:
    assert call(bench, "read_file", path="a.txt") == "one\ntwo\nthree\ntwo\n"
    assert call(bench, "read_file", path="a.txt", limit=2) == "one\ntwo\n... (2 more lines)"
    assert call(bench, "read_file", path=f"{bench.tree}/src/a.txt").startswith("one")


@pytest.mark.parametrize("limit", [None, 2])
def test_of_a_file_with_endless_lines_only_a_beginning_is_answered(
    bench: Bench, limit: int | None
) -> None:
    (bench.tree / "src/app.min.js").write_text("// licence\n" + "x" * 4_000_000 + "\n//# map\n")
    more: dict[str, JsonValue] = {} if limit is None else {"limit": limit}
    said = call(bench, "read_file", path="app.min.js", **more)
    assert len(said) < 110_000
    assert said.endswith("more characters; use bash to read a part of the file)")


def test_a_program_that_is_written_anew_can_still_be_run(bench: Bench) -> None:
    (bench.tree / "src/run.sh").write_text("#!/bin/sh\n")
    (bench.tree / "src/run.sh").chmod(0o755)
    call(bench, "write_file", path="run.sh", content="#!/bin/sh\necho better\n")
    assert (bench.tree / "src/run.sh").stat().st_mode & 0o777 == 0o755


def test_a_file_is_written_with_its_folders_and_the_bytes_are_counted(bench: Bench) -> None:
    assert call(bench, "write_file", path="b/c.txt", content="ä") == "Wrote 2 bytes to b/c.txt"
    assert (bench.tree / "src/b/c.txt").read_text() == "ä"


def test_a_text_that_occurs_once_is_replaced_and_the_mode_is_kept(bench: Bench) -> None:
    (bench.tree / "src/a.txt").chmod(0o755)
    assert call(bench, "edit_file", path="a.txt", old_text="one", new_text="1") == "Edited a.txt"
    assert (bench.tree / "src/a.txt").read_text().startswith("1\ntwo")
    assert (bench.tree / "src/a.txt").stat().st_mode & 0o777 == 0o755


@pytest.mark.parametrize(
    ("old", "says"),
    [
        ("four", "Error: Text not found in a.txt"),
        (
            "two",
            "Error: old_text appears 2 times in a.txt. "
            "Provide a larger, unique snippet to avoid ambiguity.",
        ),
    ],
)
def test_an_edit_that_is_not_clear_changes_nothing(bench: Bench, old: str, says: str) -> None:
    assert call(bench, "edit_file", path="a.txt", old_text=old, new_text="x") == says
    assert (bench.tree / "src/a.txt").read_text() == "one\ntwo\nthree\ntwo\n"


@pytest.mark.parametrize("path", ["../../secret", "/etc/passwd", "../link", "~/.ssh/id_rsa", ""])
def test_nothing_outside_the_tree_is_read_or_written(bench: Bench, path: str) -> None:
    read = call(bench, "read_file", path=path)
    assert read.startswith("Error: ")
    assert "secret" not in read.removeprefix(f"Error: Path escapes workspace: {path}")
    call(bench, "write_file", path=path, content="changed")
    assert (bench.tree.parent / "secret").read_text() == "secret"


def test_a_path_that_leads_out_says_so(bench: Bench) -> None:
    said = call(bench, "read_file", path="../../secret")
    assert said == "Error: Path escapes workspace: ../../secret"


def test_a_command_answers_its_output_and_an_exit_code_that_is_not_0(bench: Bench) -> None:
    assert call(bench, "bash", command="cat a.txt | head -1; echo x >&2") == "one\nx"
    assert call(bench, "bash", command="true") == "(no output)"
    assert call(bench, "bash", command="echo no; exit 3") == "no\n(exit code 3)"


def test_a_command_that_takes_too_long_is_ended_with_all_that_it_started(bench: Bench) -> None:
    beat = "while :; do echo . >> beats; sleep 0.02; done"
    said = call(bench, "bash", command=f"({beat}) & echo begun; wait")
    assert said == "begun\nError: Command timed out (2s)"
    (beats,) = bench.tree.rglob("beats")
    so_far = beats.stat().st_size
    time.sleep(0.3)
    assert beats.stat().st_size == so_far > 0


def test_a_command_has_no_key_and_no_network(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-very-secret")
    said = call(bench, "bash", command="env; cat /proc/1/environ; exec 3<>/dev/tcp/127.0.0.1/22")
    assert "sk-very-secret" not in said
    assert "Connection refused" in said or "unreachable" in said


def test_much_output_is_cut_in_the_middle(bench: Bench) -> None:
    said = call(bench, "bash", command="seq 1 30000")
    assert said.startswith("1\n2\n")
    assert said.endswith("29999\n30000")
    assert "characters left out" in said


def test_thinking_does_nothing(bench: Bench) -> None:
    assert call(bench, "think", thought="hm") == ""


@pytest.mark.parametrize(
    ("tool", "arguments", "names"),
    [
        ("bash", {}, "command"),
        ("bash", {"command": 3}, "command"),
        ("read_file", {"path": ["a"]}, "path"),
        ("read_file", {"path": "a.txt", "limit": "2"}, "limit"),
        ("read_file", {"path": "a.txt", "limit": 0}, "limit"),
        ("write_file", {"path": "a"}, "content"),
        ("edit_file", {"path": "a.txt", "old_text": "", "new_text": "x"}, "old_text"),
        ("think", {}, "thought"),
    ],
)
def test_arguments_that_cannot_be_used_are_named(
    bench: Bench, tool: str, arguments: dict[str, JsonValue], names: str
) -> None:
    found = coding_tools().find(tool)
    assert found is not None

    def use() -> None:
        found.permission(arguments)
        asyncio.run(found.run(arguments, bench))

    with pytest.raises(BadArguments, match=names):
        use()


@pytest.mark.parametrize(
    ("command", "failed"),
    [
        ("exit 2", True),
        ("echo said; exit 1", True),
        ("echo 'Error: seen in the log'", False),
        ("echo begun; sleep 30", True),
        ("true", False),
    ],
)
def test_whether_a_command_failed_is_told_by_its_end_and_not_by_its_words(
    bench: Bench, command: str, failed: bool
) -> None:
    bash = coding_tools().find("bash")
    assert bash is not None
    quick = replace(bench, bash_seconds=0.5)
    assert asyncio.run(bash.run({"command": command}, quick)).failed is failed


def test_a_file_that_begins_with_an_error_is_read_without_failing(bench: Bench) -> None:
    (bench.tree / "src/log").write_text("Error: seen before")
    read = coding_tools().find("read_file")
    assert read is not None
    assert not asyncio.run(read.run({"path": "log"}, bench)).failed
    assert asyncio.run(read.run({"path": "gone"}, bench)).failed


@pytest.mark.parametrize(
    ("tool", "more"),
    [
        ("read_file", {}),
        ("write_file", {"content": "x" * (8 << 20)}),
        ("edit_file", {"old_text": "only once", "new_text": "twice"}),
    ],
)
def test_files_are_worked_on_beside_the_event_loop(
    bench: Bench, tool: str, more: dict[str, JsonValue]
) -> None:
    """The loop does other things while a file is read or written: here it takes turns."""
    turns: list[str] = []
    found = coding_tools().find(tool)
    assert found is not None
    (bench.tree / "src/large.txt").write_text("only once" + "x" * (7 << 20))

    async def work() -> None:
        done = asyncio.ensure_future(found.run({"path": "large.txt", **more}, bench))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        turns.append("not done" if not done.done() else "done")
        await done

    asyncio.run(work())
    assert turns == ["not done"]


def test_edits_of_one_file_side_by_side_all_count(bench: Bench) -> None:
    edit = coding_tools().find("edit_file")
    assert edit is not None
    (bench.tree / "src/many.txt").write_text("".join(f"<{number}>\n" for number in range(30)))

    async def work() -> list[bool]:
        calls = [
            edit.run({"path": "many.txt", "old_text": f"<{n}>", "new_text": f"[{n}]"}, bench)
            for n in range(30)
        ]
        return [outcome.failed for outcome in await asyncio.gather(*calls)]

    assert asyncio.run(work()) == [False] * 30
    wanted = "".join(f"[{number}]\n" for number in range(30))
    assert (bench.tree / "src/many.txt").read_text() == wanted
