"""Supervised runs over HTTP are the same runs as those of `pa`."""

import json
import shlex
from collections.abc import Generator, Sequence
from itertools import pairwise
from pathlib import Path

import pytest
from support.chats import full_disk
from support.front_door import Pa, new_pa
from support.projects import CALC, CHECK, MEND
from support.tasks import Record, Tasks, kinds, start_tasks, tasks_beside

WRITE: dict[str, object] = {
    "do": "write", "path": "calc.py",
    "text": "def add(a, b):\n    return a + b\n\n\ndef double(a):\n    return a * 2\n",
}  # fmt: skip
ASK: dict[str, object] = {"do": "ask", "text": "Plus or minus?", "into": "notes.md"}
PERMISSION: dict[str, object] = {
    "do": "ask_permission", "action": "run", "subject": "git push origin",
}  # fmt: skip


@pytest.fixture(scope="module")
def tasks(tmp_path_factory: pytest.TempPathFactory) -> Generator[Tasks]:
    """One server for the tests of this file; it may work below the folder of the project."""
    pa = new_pa(tmp_path_factory.mktemp("tasks"), CALC)
    allowed = ("--allow-dir", str(pa.project), "--allow-dir", str(pa.scripts))
    with tasks_beside(pa, *allowed) as server:
        yield server


def scripted(pa: Pa, *steps: dict[str, object]) -> str:
    path = pa.scripts / f"{len(list(pa.scripts.iterdir()))}.json"
    path.write_text(json.dumps([list(steps)]))
    return f"scripted:{shlex.quote(str(path))}"


def order(worker: str, **more: object) -> dict[str, object]:
    return {"task": "Make it right", "worker": worker, "checks": [CHECK], **more}


def once_gated(pa: Pa) -> str:
    """A worker that waits for a file `gate` in its home."""
    return pa.worker(f"echo waiting; while [ ! -f $HOME/gate ]; do sleep 0.05; done; {MEND}")


def slow_at_first(pa: Pa) -> str:
    """A worker that is slow, and quick when it is started again."""
    been = "[ -f $HOME/been ]"
    return pa.worker(f"{been} && {{ {MEND}; exit 0; }}; touch $HOME/been; echo in; sleep 60")


def output(records: Sequence[Record]) -> str:
    """What the worker printed."""
    return "".join(each["content"] for each in records[:-1] if each["metadata"]["kind"] == "output")


def numbers(records: Sequence[Record]) -> list[int]:
    return [record["sequence"] for record in records]


def test_a_task_is_told_as_it_goes_and_is_the_same_run_in_the_terminal(tasks: Tasks) -> None:
    pa = tasks.pa
    with tasks.start(**order(pa.worker(f"echo at work; {MEND}"))) as stream:
        assert stream.headers["content-type"].startswith("text/event-stream")
        assert stream.headers["cache-control"] == "no-cache"
        assert stream.headers["x-accel-buffering"] == "no"
        records = stream.rest()
    assert kinds(records)[0] == "started"
    assert kinds(records)[-2:] == ["completed", "done"]
    assert (records[0]["content"], records[0]["metadata"]["source"]) == ("Make it right", "pa")
    assert records[-2]["metadata"]["verdict"] == "verified"
    assert all(first <= second for first, second in pairwise(numbers(records)))
    assert all(record["run"] == stream.run and "time" in record for record in records)
    assert "at work\n" in output(records)
    shown = pa("show", stream.run, "-o", "json")
    assert shown.result["verdict"] == "verified"
    assert shown.of_kind("run_created")[0]["request"]["task"] == "Make it right"
    session = tasks.session(stream.run)
    assert (session["status"], session["verdict"], session["exit_code"]) == (
        "verified", "verified", 0,
    )  # fmt: skip
    assert session["evidence"]["checks"][0]["finding"] == "proven"
    assert session["branch"] == f"agentproxy/{stream.run}"
    assert pa.git("status", "--porcelain") == ""


def test_records_arrive_while_the_task_runs(tasks: Tasks) -> None:
    worker = once_gated(tasks.pa)
    with tasks.start(**order(worker)) as stream:
        raw = stream.until("raw")
        assert raw["content"] == "waiting\n"
        assert raw["metadata"]["source"] == "claude"
        assert tasks.session(stream.run)["status"] == "running"
        assert tasks.served.request("GET", "/health")[1]["active_sessions"] == 1
        gate = tasks.pa.home / "runs" / stream.run / "home" / "gate"
        gate.touch()
        assert kinds(stream.rest())[-2:] == ["completed", "done"]
    assert tasks.served.request("GET", "/health")[1]["active_sessions"] == 0


def test_a_run_goes_on_without_its_client_who_comes_back_and_misses_nothing(tasks: Tasks) -> None:
    worker = once_gated(tasks.pa)
    with tasks.start(**order(worker)) as stream:
        stream.until("raw")
        before = list(stream.seen)
    (tasks.pa.home / "runs" / stream.run / "home" / "gate").touch()
    tasks.rests(stream.run)
    with tasks.events(stream.run, "?after=0") as again:
        whole = again.rest()
    recorded = [each for each in before if each["metadata"].get("kind") != "output"]
    assert whole[: len(recorded)] == recorded
    for place in (3, len(whole) - 2):
        with tasks.events(stream.run, f"?after={whole[place]['sequence']}") as rest:
            assert rest.rest()[:-1] == whole[place + 1 : -1]
        with tasks.events(stream.run, Last_Event_ID=whole[place]["event_id"]) as rest:
            assert rest.rest()[:-1] == whole[place + 1 : -1]


def test_a_question_is_seen_and_its_answer_takes_the_parked_run_up_again(tasks: Tasks) -> None:
    worker = scripted(tasks.pa, ASK, WRITE)
    with tasks.start(**order(worker)) as stream:
        asked = stream.until("prompt")
        assert asked["content"] == "Plus or minus?"
        stream.rest()
    session = tasks.session(stream.run)
    assert (session["status"], session["exit_code"]) == ("waiting", 4)
    (waits,) = session["waits_for"]
    assert waits["request_id"] == asked["metadata"]["request_id"]
    path = f"/session/{stream.run}/answer"
    for wrong in ({"request": "no such", "text": "Plus"}, {"text": ""}, {"decision": "approve"}):
        assert tasks.served.request("POST", path, wrong)[0] in (409, 422)
    answer = {"request": waits["request_id"], "text": "Plus"}
    assert tasks.served.request("POST", path, answer)[0] == 200
    with tasks.events(stream.run, f"?after={stream.seen[-1]['sequence']}") as rest:
        assert rest.rest()[-2]["metadata"]["verdict"] == "verified"
    assert tasks.served.request("POST", path, answer)[0] == 409
    branch = tasks.session(stream.run)["branch"]
    assert tasks.pa.git("show", f"{branch}:notes.md") == "Plus"


def test_a_permission_is_confirmed_or_denied_over_http(tasks: Tasks) -> None:
    worker = scripted(tasks.pa, PERMISSION, WRITE)
    with tasks.start(**order(worker, max_iterations=1)) as stream:
        asked = stream.until("confirmation")
        assert asked["metadata"]["subject"] == "git push origin"
        stream.rest()
    path = f"/session/{stream.run}/answer"
    request = asked["metadata"]["request_id"]
    assert tasks.served.request("POST", path, {"request": request, "text": "no"})[0] == 422
    denied = {"request_id": request, "decision": "deny", "text": "not today"}
    assert tasks.served.request("POST", path, denied)[0] == 200
    tasks.rests(stream.run)
    shown = tasks.pa("show", stream.run, "-o", "json")
    assert "not today" in shown.of_kind("worker_ended")[-1]["reason"]


def test_pa_answer_and_pa_stop_reach_a_run_of_the_server(tasks: Tasks) -> None:
    worker = scripted(tasks.pa, ASK, WRITE)
    stream = tasks.finish(**order(worker))
    run = str(stream[0]["run"])
    assert tasks.pa("answer", run, "Plus").code == 0
    # The words for a run that goes on are those of the task, so nothing is added.
    again = tasks.finish(task="Make it right", session_id=run)
    assert again[-2]["metadata"]["verdict"] == "verified"
    worker = tasks.pa.worker("echo here; sleep 60")
    with tasks.start(**order(worker)) as slow:
        slow.until("raw")
        assert tasks.pa("stop", slow.run, "--reason", "by hand").code == 0
        ended = slow.rest()[-2]
    assert (ended["content"], ended["metadata"]["status"]) == ("unverified: by hand", "stopped")


def test_stop_ends_a_run_at_work_a_parked_one_and_nothing_else(tasks: Tasks) -> None:
    def stop(run: str) -> tuple[int, Record]:
        return tasks.served.request("POST", "/stop", {"session_id": run, "reason": "enough"})

    with tasks.start(**order(tasks.pa.worker("echo here; sleep 60"))) as stream:
        stream.until("raw")
        assert stop(stream.run) == (200, {"status": "stopping", "session_id": stream.run})
        assert stream.rest()[-2]["metadata"]["status"] == "stopped"
    parked = str(tasks.finish(**order(scripted(tasks.pa, ASK)))[0]["run"])
    assert stop(parked) == (200, {"status": "stopped", "session_id": parked})
    conversation = tasks.served.new()
    for none in (parked, stream.run, "nosuch00", conversation, "../../etc", "\0", "\ud800"):
        status, answer = stop(none)
        assert status in (404, 422)
        assert status == 422 or answer["detail"] == "Active session not found"
    assert stop(parked)[1]["detail"] == "Active session not found"


def test_sessions_are_listed_in_pages_and_conversations_are_not_among_them(tasks: Tasks) -> None:
    worker = scripted(tasks.pa)
    done = [str(tasks.finish(**order(worker, task=f"{number}"))[0]["run"]) for number in range(3)]
    tasks.served.new()
    _, first = tasks.served.request("GET", "/sessions?limit=2")
    assert [each["session_id"] for each in first["sessions"]] == [done[2], done[1]]
    _, second = tasks.served.request("GET", f"/sessions?limit=2&before={first['next']}")
    assert second["sessions"][0]["session_id"] == done[0]
    assert second["sessions"][0]["task"] == "0"
    _, whole = tasks.served.request("GET", "/sessions?limit=1000")
    assert whole["next"] is None
    assert tasks.served.request("GET", "/sessions?before=nosuch")[0] == 404


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"task": " "}, "task"),
        ({"worker": "nobody"}, "worker"),
        ({"checks": ["echo 'x"]}, "checks"),
        ({"budget": -1}, "budget"),
        ({"max_time": "soon"}, "max_time"),
        ({"max_iterations": 0}, "max_iterations"),
        ({"working_dir": "no/such"}, "working_dir"),
        ({"working_dir": "/"}, "working_dir"),
        ({"working_dir": ".."}, "working_dir"),
        ({"working_dir": "calc.py"}, "working_dir"),
        ({"screenshots": [{"path": "none.png"}]}, "screenshots"),
        ({"screenshots": [{"path": "calc.py"}]}, "screenshots"),
        ({"screenshots": [{"path": "/etc/passwd"}]}, "screenshots"),
    ],
)  # fmt: skip
def test_a_bad_order_is_refused_before_the_stream_with_the_field_and_a_cure(
    tasks: Tasks, wrong: dict[str, object], field: str
) -> None:
    status, answer = tasks.refused(**{**order("command:true"), **wrong})
    assert (status in (400, 422), answer["field"]) == (True, field), answer
    assert answer["detail"]
    assert answer["cure"] or field == "budget" or field == "max_iterations", answer


@pytest.mark.parametrize(
    "wrong",
    [
        {"task": "a\0b"},
        {"task": "a\ud800b"},
        {"working_dir": "\ud800"},
        {"sandbox": "plain"},
        {"task": 1},
        {"budget": True},
        {"session_id": "../x"},
    ],
)
def test_a_body_of_another_form_is_refused_with_the_place(
    tasks: Tasks, wrong: dict[str, object]
) -> None:
    status, answer = tasks.refused(**{**order("command:true"), **wrong})
    assert status == 422
    name = next(iter(wrong))
    assert (answer["detail"][0]["loc"][1], answer["field"]) == (name, name)
    assert answer["cure"]


def test_work_stays_below_the_allowed_folders_whatever_a_link_says(tmp_path: Path) -> None:
    inside, outside = new_pa(tmp_path / "in", CALC), new_pa(tmp_path / "out", CALC)
    (inside.project / "link").symlink_to(outside.project)
    (inside.project / "sub").mkdir()
    secret = outside.project / "secret.png"
    secret.write_bytes(b"\x89PNG\r\n\x1a\n" + b"0" * 64)
    (inside.project / "shown.png").symlink_to(secret)
    plain = tmp_path / "in" / "plain"
    plain.mkdir()
    with tasks_beside(
        inside, "--allow-dir", str(inside.project), "--allow-dir", str(plain)
    ) as here:
        body = order("command:true")
        for place in (str(outside.project), "link", "../../out/project", str(outside.home)):
            status, answer = here.refused(**body, working_dir=place)
            assert (status, answer["field"]) == (400, "working_dir")
            assert "--allow-dir" in answer["detail"] + answer["cure"]
        status, answer = here.refused(**body, screenshots=[{"path": "shown.png"}])
        assert (status, answer["field"]) == (400, "screenshots")
        # A script that is there and one that is not look the same from outside.
        for name in ("worker", "model", "judge"):
            for script in (secret, outside.project / "none.json", "link/secret.png"):
                status, answer = here.refused(**{**body, name: f"scripted:{script}"})
                assert (status, answer["field"]) == (400, name)
                assert "is not below a directory of --allow-dir" in answer["detail"]
        status, answer = here.refused(**body, working_dir=str(plain))
        assert status == 400
        assert "git init" in answer["cure"]
        assert list(plain.iterdir()) == []
        # A run that `pa` has started elsewhere is none of this server's.
        pa = Pa(home=inside.home, project=outside.project, scripts=outside.scripts)
        ran = pa.task("--check", CHECK, worker=MEND)
        run = ran.result["run"]
        assert here.served.request("GET", f"/session/{run}")[0] == 404
        assert here.served.request("GET", "/sessions")[1]["sessions"] == []
        assert here.served.request("POST", "/stop", {"session_id": run})[0] == 404


def test_a_folder_of_an_allowed_repository_counts_but_not_the_other_way(tmp_path: Path) -> None:
    pa = new_pa(tmp_path, {**CALC, "sub/keep.txt": "x"})
    with tasks_beside(pa, "--allow-dir", "sub") as narrow:
        status, answer = narrow.refused(**order("command:true"), working_dir="sub")
        assert status == 400
        assert "repository" in answer["detail"]
    with tasks_beside(pa) as wide:
        worker = pa.worker(f"pwd; cd ..; {MEND}")
        records = wide.finish(**order(worker, checks=[f"cd .. && {CHECK}"]), working_dir="sub")
        assert records[-2]["metadata"]["verdict"] == "verified"


def test_mission_and_pictures_reach_the_worker(tasks: Tasks) -> None:
    picture = tasks.pa.project / "ignored.png"
    picture.write_bytes(b"\x89PNG\r\n\x1a\n" + b"0" * 64)
    worker = tasks.pa.worker(f'cat "$AGENTPROXY_BRIEF"; {MEND}')
    records = tasks.finish(
        **order(worker, mission="Ship calculators"),
        screenshots=[{"path": "ignored.png", "description": "the wrong sum"}],
    )
    picture.unlink()
    said = output(records)
    assert "Ship calculators" in said
    assert "- 1.png: the wrong sum" in said


def test_a_stopped_server_parks_its_runs_and_a_later_one_goes_on_when_told(tmp_path: Path) -> None:
    pa = new_pa(tmp_path, CALC)
    tasks = start_tasks(pa)
    worker = slow_at_first(pa)
    try:
        with tasks.start(**order(worker)) as stream:
            stream.until("raw")
            assert tasks.served.stop() == 0
            assert kinds(stream.rest())[-1] == "done"
    finally:
        tasks.served.process.kill()
    parked = pa("show", stream.run, "-o", "json").result
    assert (parked["verdict"], parked["exit_code"]) == ("parked", 130)
    assert parked["reason"] == "the server was stopped"
    with tasks_beside(pa) as later:
        assert later.session(stream.run)["status"] == "parked"
        ended = later.finish(task="Make it right", session_id=stream.run)[-2]
        assert ended["metadata"]["verdict"] == "verified"
        status, answer = later.refused(task="More", session_id=stream.run)
        assert (status, answer["field"]) == (409, "session_id")


def test_a_killed_server_leaves_a_run_that_can_be_taken_up(tmp_path: Path) -> None:
    pa = new_pa(tmp_path, CALC)
    tasks = start_tasks(pa)
    worker = slow_at_first(pa)
    with tasks.start(**order(worker)) as stream:
        stream.until("raw")
        tasks.served.process.kill()
        tasks.served.process.wait()
    with tasks_beside(pa) as later:
        assert later.session(stream.run)["status"] == "cut_off"
        with later.events(stream.run) as rest:
            assert kinds(rest.rest())[-1] == "done"
        ended = later.finish(task="Mind the sign", session_id=stream.run)[-2]
        assert ended["metadata"]["verdict"] == "verified"
    shown = pa("show", stream.run, "-o", "json")
    assert shown.of_kind("message_received")[0]["text"] == "Mind the sign"


def test_health_tells_of_a_journal_that_cannot_be_written_and_a_sandbox_that_does_not_start(
    tmp_path: Path,
) -> None:
    pa = new_pa(tmp_path, CALC)
    with tasks_beside(pa) as tasks:
        with full_disk(tasks.served):
            status, answer = tasks.served.request("GET", "/health")
        assert (status, answer["status"], answer["healthy"]) == (503, "degraded", False)
        journal, sandbox = answer["problems"]
        assert "journal" in journal
        assert "the sandbox does not start: " in sandbox


def test_there_are_so_many_tasks_at_once_and_no_more(tmp_path: Path) -> None:
    pa = new_pa(tmp_path, CALC)
    with tasks_beside(pa, MAX_RUNNING_TASKS="1") as tasks:
        status, answer = tasks.served.request("GET", "/health")
        assert (status, answer["status"], answer["healthy"]) == (200, "ok", True)
        assert answer["tasks"] == {"running": 0, "waiting": 0}
        worker = once_gated(pa)
        with tasks.start(**order(worker)) as stream:
            stream.until("raw")
            status, answer = tasks.refused(**order(worker))
            assert (status, answer["cure"].split()[-1]) == (429, "MAX_RUNNING_TASKS")
            (pa.home / "runs" / stream.run / "home" / "gate").touch()
            stream.rest()
        assert [
            row["session_id"] for row in tasks.served.request("GET", "/sessions")[1]["sessions"]
        ] == [stream.run], "what is refused leaves no run"
