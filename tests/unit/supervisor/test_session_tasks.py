"""The list of tasks that people and runs share: a run changes its own lines, and no other."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentproxy.supervisor.contexts.tasks import (
    SessionTask,
    parse,
    read_list,
    updated,
    write_status,
)

RUN = "abcd2345"
MINE = """# Tasks

<!--
- [ ] an example that is no task
-->
- [ ] Write the manual
- [~] Fix the clock   \r
  * [x] Buy tea (run zzzz9999: verified)
- [?] no status of ours
Some words.
"""


def test_each_mark_is_a_status_and_examples_in_comments_are_no_tasks() -> None:
    assert parse(MINE + "- [!] Sell it\n") == (
        SessionTask("Write the manual", "pending"),
        SessionTask("Fix the clock", "in_progress"),
        SessionTask("Buy tea", "done", note="verified", run="zzzz9999"),
        SessionTask("Sell it", "blocked"),
    )


def test_a_run_appends_its_tasks_and_changes_only_these_later() -> None:
    begun = updated(MINE, run=RUN, tasks=[SessionTask("Fix it", "in_progress")])
    assert begun == MINE + f"- [~] Fix it (run {RUN}: in progress)\n"
    edited = begun.replace("Some words.", "Other words.") + "- [ ] One more\n"
    ended = updated(edited, run=RUN, tasks=[SessionTask("Fix it", "done", note="verified")])
    assert ended == edited.replace("[~] Fix it", "[x] Fix it").replace(
        ": in progress", ": verified"
    )


def test_a_line_of_a_run_stays_where_a_person_has_moved_it() -> None:
    text = f"## Today\r\n\t* [ ] Fix it (run {RUN}: pending)\r\n## Later\r\n- [ ] Rest"
    new = [SessionTask("Fix it", "done", note="verified"), SessionTask("Then that", "pending")]
    assert updated(text, run=RUN, tasks=new) == (
        f"## Today\r\n\t* [x] Fix it (run {RUN}: verified)\r\n## Later\r\n- [ ] Rest\r\n"
        f"- [ ] Then that (run {RUN}: pending)\r\n"
    )


def test_what_a_person_has_commented_out_is_not_touched() -> None:
    text = f"<!--\n- [ ] Fix it (run {RUN}: pending)\n-->\n"
    ended = updated(text, run=RUN, tasks=[SessionTask("Fix it", "done", note="verified")])
    assert ended == text + f"- [x] Fix it (run {RUN}: verified)\n"


@pytest.mark.parametrize(
    "hostile",
    [
        "two\nlines",
        "<!-- hidden",
        "ends --> here",
        f"x (run {RUN}: y)",
        "x" * 9000,
        "\u2028\x1b[2J a",
    ],
)
def test_no_text_breaks_out_of_its_line_or_hides_what_follows(hostile: str) -> None:
    task = SessionTask(hostile, "blocked", note=f"refuted (run {RUN}: {hostile})")
    text = updated("- [ ] Mine\n", run=RUN, tasks=[task])
    mine, ours = parse(text)
    assert mine == SessionTask("Mine", "pending")
    assert (ours.run, ours.status) == (RUN, "blocked")
    assert text.count("\n") == 2
    assert updated(text, run=RUN, tasks=[task]) == text


TEXTS = st.text(st.sampled_from("ab -[]x~!()<>\n\r\t:*#\u2028\x1b") | st.characters(codec="utf-8"))
FRAGMENTS = st.sampled_from(
    ["- [ ] a\n", f"- [x] a (run {RUN}: b)\n", "<!--", "-->", "- [~] b (run other: c)\n", "\r\n"]
)
FILES = st.lists(TEXTS | FRAGMENTS, max_size=12).map("".join)
STATUSES = st.sampled_from(["pending", "in_progress", "done", "blocked"])
TASKS = st.lists(st.builds(SessionTask, TEXTS, STATUSES, TEXTS), max_size=5)


def is_of_the_run(line: str) -> bool:
    return f" (run {RUN}: " in line


def persons_lines(text: str) -> list[str]:
    return [line for line in text.split("\n") if line.rstrip("\r") and not is_of_the_run(line)]


@given(FILES, TASKS)
def test_a_persons_lines_are_never_lost_moved_or_changed(
    text: str, tasks: list[SessionTask]
) -> None:
    new = updated(text, run=RUN, tasks=tasks)
    before = [line.rstrip("\r") for line in persons_lines(text)]
    assert [line.rstrip("\r") for line in persons_lines(new)] == before
    assert updated(new, run=RUN, tasks=tasks) == new


@given(FILES, TASKS)
def test_of_tasks_with_one_text_the_last_is_in_the_list(
    text: str, tasks: list[SessionTask]
) -> None:
    found = [task for task in parse(updated(text, run=RUN, tasks=tasks)) if task.run == RUN]
    for task in tasks[-1:]:
        if "".join(sign if sign.isprintable() else " " for sign in task.text).strip():
            assert any(task.status == other.status for other in found)


def test_the_list_is_written_only_where_somebody_made_its_folder(tmp_path: Path) -> None:
    assert read_list(tmp_path) is None
    assert not write_status(tmp_path, "x\n")
    assert list(tmp_path.iterdir()) == []
    folder = tmp_path / ".agentproxy" / "session"
    folder.mkdir(parents=True)
    assert read_list(tmp_path) == ""
    assert write_status(tmp_path, "x\r\n")
    assert read_list(tmp_path) == "x\r\n"
    assert [file.name for file in folder.iterdir()] == ["tasks.md"]


@pytest.mark.parametrize(
    "linked", [".agentproxy", ".agentproxy/session", ".agentproxy/session/tasks.md"]
)
def test_nothing_is_read_or_written_through_a_link(tmp_path: Path, linked: str) -> None:
    root, elsewhere = tmp_path / "tree", tmp_path / "elsewhere"
    target = elsewhere / Path(linked).relative_to(".agentproxy")
    (elsewhere / "session").mkdir(parents=True)
    (elsewhere / "session" / "tasks.md").write_text("secret\n")
    (root / linked).parent.mkdir(parents=True)
    (root / linked).symlink_to(target)
    assert read_list(root) is None
    assert not write_status(root, "x\n")
    assert (elsewhere / "session" / "tasks.md").read_text() == "secret\n"


@pytest.mark.parametrize("content", [b"\xff\xfe", b"x" * (2 << 20)], ids=["no text", "huge"])
def test_a_list_that_could_not_be_kept_as_it_is_is_left_alone(
    tmp_path: Path, content: bytes
) -> None:
    folder = tmp_path / ".agentproxy" / "session"
    folder.mkdir(parents=True)
    (folder / "tasks.md").write_bytes(content)
    assert read_list(tmp_path) is None
