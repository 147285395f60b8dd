"""Workspaces are cleaned when their session is over and nobody uses them, and only then."""

import time
from pathlib import Path

import pytest
from support.answers import Reply
from support.chats import Scripts, Served, Talk, calls, serving, start_server, wait_until
from support.forms import upload
from support.model_server import model_server

OWN = (".agent", ".tasks", ".team", ".transcripts")


def write(*paths: str) -> Reply:
    return calls(*(("write_file", {"path": path, "content": "x"}) for path in paths))


def made(talk: Talk, server: Served, word: str, *paths: str) -> None:
    server.script(word, write(*paths), *(Reply(text=("ok",)) for _ in range(9)))
    talk.ask(word)


def left(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if path.name not in OWN)


def test_a_workspace_is_empty_some_time_after_its_session_and_our_folders_stay(
    tmp_path: Path,
) -> None:
    with serving(tmp_path, SESSION_GRACE="0", WORKSPACE_CLEANUP_DELAY="0.2") as server:
        conversation = server.new()
        folder = server.folder / "workspace" / conversation
        with server.talk(conversation) as talk:
            server.script(
                "Make",
                calls(
                    ("task_create", {"subject": "A"}),
                    ("bash", {"command": "mkdir -p a/b; echo x > a/b/c; chmod 0 a/b"}),
                ),
                Reply(text=("ok",)),
            )
            talk.ask("Make")
            outside = tmp_path / "mine"
            outside.mkdir()
            (outside / "file").write_text("mine")
            (folder / "link").symlink_to(outside)
            time.sleep(0.5)
            assert left(folder) == ["a", "link"]  # somebody is there
        wait_until(lambda: left(folder) == [])
        assert sorted(path.name for path in folder.iterdir()) == sorted(OWN)
        assert (folder / ".tasks/task_1.json").is_file()
        assert (outside / "file").read_text() == "mine"


def test_who_comes_back_in_time_finds_everything(tmp_path: Path) -> None:
    with serving(tmp_path, SESSION_GRACE="0", WORKSPACE_CLEANUP_DELAY="1.2") as server:
        conversation = server.new()
        folder = server.folder / "workspace" / conversation
        with server.talk(conversation) as talk:
            made(talk, server, "Make", "a")
        with server.talk(conversation):
            for _ in range(3):
                time.sleep(0.5)
                assert left(folder) == ["a"]
        # Looking at the files is a use too.
        for _ in range(3):
            time.sleep(0.5)
            status, _ = server.request("GET", f"/api/workspace/files?conversation={conversation}")
            assert (status, left(folder)) == (200, ["a"])
        wait_until(lambda: left(folder) == [])


def test_a_turn_that_goes_on_without_a_client_keeps_its_workspace(tmp_path: Path) -> None:
    with serving(tmp_path, SESSION_GRACE="0", WORKSPACE_CLEANUP_DELAY="0") as server:
        conversation = server.new()
        folder = server.folder / "workspace" / conversation
        command = "echo x > begun; sleep 0.7; ls > ended; sleep 0.3"
        server.script("Work on", calls(("bash", {"command": command})), Reply(text=("ok",)))
        with server.talk(conversation) as talk:
            talk.say("Work on")
            wait_until((folder / "begun").exists)
        ended = folder / "ended"
        wait_until(lambda: ended.exists() and ended.read_text() == "begun\nended\n")
        wait_until(lambda: left(folder) == [])


def test_a_shared_workspace_stays_as_long_as_anybody_is_there(tmp_path: Path) -> None:
    with serving(
        tmp_path, SESSION_GRACE="0", WORKSPACE_CLEANUP_DELAY="0.2", WORKSPACE_SHARED="true"
    ) as server:
        folder = server.folder / "workspace"
        first, second = server.new(), server.new()
        with server.talk(second) as other:
            with server.talk(first) as talk:
                server.script(
                    "Share",
                    calls(
                        ("task_create", {"subject": "ours"}),
                        ("write_file", {"path": "a", "content": "x"}),
                    ),
                    Reply(text=("ok",)),
                )
                talk.ask("Share")
            time.sleep(0.5)
            assert left(folder) == ["a"]
            server.script("And I", calls(("task_list", {})), Reply(text=("ok",)))
            came = other.ask("And I")
            (told,) = [each["result"] for each in came if each["type"] == "tool_result"]
            assert told == "[ ] #1: ours\n(0/1 completed)"
        wait_until(lambda: left(folder) == [])
        assert (folder / ".tasks/task_1.json").is_file()


def test_a_shared_folder_that_had_files_before_is_the_users_and_is_never_cleaned(
    tmp_path: Path,
) -> None:
    work = tmp_path / "work"
    (work / "src").mkdir(parents=True)
    (work / "src/main.py").write_text("print()")
    with serving(
        tmp_path,
        SESSION_GRACE="0",
        WORKSPACE_CLEANUP_DELAY="0",
        WORKSPACE_SHARED="true",
        WORKSPACE_DIR=".",
    ) as server:
        with server.talk(server.new()) as talk:
            made(talk, server, "Make", "new.txt")
        time.sleep(0.5)
    assert (work / "src/main.py").is_file()
    assert (work / "new.txt").is_file()


@pytest.mark.parametrize("variables", [{"WORKSPACE_CLEANUP_DELAY": "never"}, {}])
def test_nothing_is_cleaned_before_its_time_or_where_nobody_wants_it(
    tmp_path: Path, variables: dict[str, str]
) -> None:
    with serving(tmp_path, SESSION_GRACE="0", **variables) as server:
        conversation = server.new()
        with server.talk(conversation) as talk:
            made(talk, server, "Make", "a")
        time.sleep(0.5)
    assert left(server.folder / "workspace" / conversation) == ["a"]


def test_another_process_that_uses_a_workspace_keeps_it(tmp_path: Path) -> None:
    scripts = Scripts()
    variables = {
        "SESSION_GRACE": "0", "WORKSPACE_CLEANUP_DELAY": "0", "WORKSPACE_SHARED": "true",
    }  # fmt: skip
    with model_server(think=scripts.think) as model:
        one = start_server(tmp_path, model, scripts, **variables)
        two = start_server(tmp_path, model, scripts, **variables)
        folder = one.folder / "workspace"
        with two.talk(two.new()):
            with one.talk(one.new()) as talk:
                made(talk, one, "Make", "a")
            time.sleep(0.5)
            assert left(folder) == ["a"]
        for server in (one, two):
            assert server.stop() == 0
            server.kill()


def test_what_was_uploaded_before_the_first_session_waits_for_it(tmp_path: Path) -> None:
    with serving(tmp_path, SESSION_GRACE="0", WORKSPACE_CLEANUP_DELAY="0") as server:
        conversation = server.new()
        answer = upload(server, f"?conversation={conversation}", ("a.txt", b"mine"))
        assert answer.status == 200
        time.sleep(0.5)
        assert left(server.folder / "workspace" / conversation) == ["a.txt"]


def test_after_a_restart_what_waited_is_cleaned_and_what_is_in_use_is_not(tmp_path: Path) -> None:
    scripts = Scripts()
    variables = {"SESSION_GRACE": "0", "BASH_TIMEOUT": "100"}
    with model_server(think=scripts.think) as model:
        server = start_server(tmp_path, model, scripts, **variables)
        folder = server.folder / "workspace"
        waits, works, kept, uploaded, mine = (server.new() for _ in range(5))
        for conversation in (waits, kept, mine):
            with server.talk(conversation) as talk:
                made(talk, server, f"Make {conversation}", "a")
        assert upload(server, f"?conversation={uploaded}", ("a", b"x")).status == 200
        server.script("Work on", calls(("bash", {"command": "touch a; sleep 60"})))
        with server.talk(works) as talk:
            talk.say("Work on")
            wait_until((folder / works / "a").exists)
            server.kill()
        # A turn that goes on without a client, until the test lets it end.
        hold = "until [ -e go ]; do sleep 0.05; done; touch b"
        server.script("Work on", calls(("bash", {"command": hold})), Reply(text=("ok",)))
        (folder / mine / ".agent/session").unlink()  # as `pa chat` leaves it
        server = start_server(tmp_path, model, scripts, WORKSPACE_CLEANUP_DELAY="1", **variables)
        try:
            with server.talk(kept):
                wait_until(lambda: left(folder / waits) == [])
                time.sleep(0.5)
                assert (left(folder / kept), left(folder / works)) == (["a"], ["a"])
                (folder / works / "go").touch()
                wait_until(lambda: left(folder / works) == [])
                assert left(folder / kept) == ["a"]
            wait_until(lambda: left(folder / kept) == [])
            assert (left(folder / mine), left(folder / uploaded)) == (["a"], ["a"])
        finally:
            server.stop()
            server.kill()


def test_a_session_where_nothing_is_cleaned_keeps_the_files_for_good(tmp_path: Path) -> None:
    scripts, conversation = Scripts(), ""
    with model_server(think=scripts.think) as model:
        for delay, file in (("300", "a"), ("never", "b"), ("0", "")):
            server = start_server(
                tmp_path, model, scripts, SESSION_GRACE="0", WORKSPACE_CLEANUP_DELAY=delay
            )
            conversation = conversation or server.new()
            if file:
                with server.talk(conversation) as talk:
                    made(talk, server, "Make", file)
            else:
                time.sleep(0.5)
            server.stop()
            server.kill()
        assert left(tmp_path / "work/workspace" / conversation) == ["a", "b"]
