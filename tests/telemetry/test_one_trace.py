"""A run that is killed, parked or served by another process is one trace."""

import os
import signal
from pathlib import Path

from support.answers import Reply
from support.chats import Scripts, Served, calls, start_server
from support.front_door import Pa
from support.model_server import model_server
from support.otlp import Collector, SentSpan, collector
from support.projects import CHECK, MEND
from support.tasks import tasks_beside

SLOW_ONCE = f"[ -f $HOME/been ] && {{ {MEND}; exit 0; }}; touch $HOME/been; sleep 60"


def roots(spans: list[SentSpan]) -> list[SentSpan]:
    known = {span.id for span in spans}
    return [span for span in spans if span.parent not in known]


def told_once(spans: list[SentSpan]) -> list[SentSpan]:
    """Spans by id; one that came twice says the same."""
    found: dict[str, SentSpan] = {}
    for span in spans:
        earlier = found.setdefault(span.id, span)
        assert (earlier.name, earlier.parent, earlier.attributes) == (
            span.name, span.parent, span.attributes,
        )  # fmt: skip
        assert (earlier.start, earlier.end) == (span.start, span.end)
    return list(found.values())


def test_a_run_that_was_killed_and_resumed_is_one_trace(pa: Pa) -> None:
    with collector("grpc") as to:
        worker = pa.worker(SLOW_ONCE)
        process = pa.start("--worker", worker, "--check", CHECK, "Make it right", env=to.variables)
        # What ended before has been sent, and will be told again.
        to.wait(lambda: any(log.name == "agentproxy.process_started" for log in to.logs))
        to.wait(lambda: bool(to.named("pa.function.contract")))
        os.kill(process.pid, signal.SIGKILL)
        process.communicate()
        assert to.named("pa.run_task") == []
        ran = pa("resume", "-o", "json", env=to.variables)
    assert ran.code == 0, (ran.out, ran.err)
    spans = told_once(to.spans)
    assert len(spans) < len(to.spans)
    assert len({span.trace for span in spans}) == 1
    (root,) = roots(spans)
    first, second = sorted((s for s in spans if s.name == "pa.run_task"), key=lambda s: s.start)
    assert root == first
    assert second.parent == first.id
    assert first.attributes["agentproxy.cut_off"] is True
    assert "agentproxy.cut_off" not in second.attributes
    assert (first.attributes["agentproxy.segment"], second.attributes["agentproxy.segment"]) == (
        1,
        2,
    )
    assert second.attributes["agentproxy.status"] == "verified"
    cut, done = sorted((s for s in spans if s.name == "claude.subprocess"), key=lambda s: s.start)
    assert cut.attributes["agentproxy.cut_off"] is True
    assert done.attributes["process.exit.code"] == 0
    assert cut.attributes["agentproxy.effect"] == done.attributes["agentproxy.effect"]
    assert cut.id != done.id


def test_a_run_that_waited_for_a_person_is_one_trace_and_nothing_of_it_is_told_twice(
    pa: Pa,
) -> None:
    script = pa.scripts / "asks.json"
    script.write_text(
        '[[{"do": "ask", "text": "Plus or minus?", "into": "notes.md"}, {"do": "write", "path":'
        ' "calc.py", "text": "def add(a, b):\\n    return a + b\\n\\n\\ndef double(a):\\n'
        '    return a * 2\\n"}]]'
    )
    with collector("grpc") as to:
        ran = pa(
            "-o", "json", "--worker", f"scripted:{script}", "--check", CHECK, "Make it right",
            env=to.variables,
        )  # fmt: skip
        assert ran.code == 4, (ran.out, ran.err)
        (waits,) = to.named("pa.run_task")
        assert waits.attributes["agentproxy.status"] == "parked: human"
        assert [point.value for point in to.metric("agentproxy.questions.referred")] == [1]
        assert to.metric("agentproxy.questions.closed") == []
        assert pa("answer", ran.result["run"], "plus").code == 0
        ran = pa("resume", "-o", "json", env=to.variables)
    assert ran.code == 0, (ran.out, ran.err)
    assert len({span.id for span in to.spans}) == len(to.spans)
    assert len({span.trace for span in to.spans}) == 1
    assert len(roots(to.spans)) == 1
    (closed,) = to.metric("agentproxy.questions.closed")
    assert (closed.labels, closed.value) == ({"by": "human"}, 1)
    started = to.metric("agentproxy.tasks.started")
    assert sum(point.value for point in started) == 1


def test_a_worker_finds_the_trace_of_its_own_span(pa: Pa) -> None:
    with collector("grpc") as to:
        pa.task(
            "--check", CHECK, worker=f'echo "$TRACEPARENT" > trace.txt; {MEND}', env=to.variables
        )
    (span,) = to.named("claude.subprocess")
    run = span.attributes["agentproxy.effect"]
    assert run == "work:1:0"
    branch = pa.git("branch", "--list", "agentproxy/*", "--format", "%(refname:short)")
    assert pa.git("show", f"{branch}:trace.txt") == f"00-{span.trace}-{span.id}-01"
    pa.git("checkout", "-q", ".")
    pa.task("--check", CHECK, worker=f'echo "[$TRACEPARENT]" > trace.txt; {MEND}')
    newest = pa.git(
        "for-each-ref", "--sort=-creatordate", "--format=%(refname)", "refs/heads/agentproxy"
    ).splitlines()
    assert "[]" in {pa.git("show", f"{name}:trace.txt") for name in newest}


def bash(command: str) -> Reply:
    return calls(("bash", {"command": command}))


def test_a_turn_of_a_conversation_is_one_trace_with_its_subagents(tmp_path: Path) -> None:
    scripts = Scripts()
    with collector("http/protobuf") as to, model_server(think=scripts.think) as model:
        served = start_server(tmp_path, model, scripts, **to.variables)
        part = {"description": "a part", "prompt": "Make the part", "agent_type": "code"}
        served.script("Have it built", calls(("task", part)), Reply(text=("Built.",)))
        served.script("Make the part", bash("echo part > part"), Reply(text=("Made.",)))
        conversation = served.new()
        with served.talk(conversation) as talk:
            talk.ask("Have it built")
        assert served.stop() == 0
        served.kill()
    assert len({span.trace for span in to.spans}) == 1
    (root,) = roots(to.spans)
    turns = to.named("pa.run_task")
    assert {turn.attributes["agentproxy.face"] for turn in turns} == {"conversation", "child"}
    assert root.attributes["gen_ai.conversation.id"] == conversation
    by_id = {span.id: span for span in to.spans}
    (child,) = (turn for turn in turns if turn.attributes["agentproxy.face"] == "child")
    assert by_id[child.parent].name == "execute_tool task"
    (ran,) = to.named("execute_tool bash")
    assert (ran.attributes["gen_ai.tool.name"], ran.parent) == ("bash", child.id)
    reasons = [
        s.attributes["gen_ai.response.finish_reasons"] for s in to.named("pa.function.model")
    ]
    assert sorted(reasons) == [["stop"], ["stop"], ["tool_call"], ["tool_call"]]
    asked = to.named("chat claude-sonnet-4-5-20250929")
    assert len(asked) == 4
    assert {call.attributes["gen_ai.usage.input_tokens"] for call in asked} == {100}
    assert {call.attributes["gen_ai.provider.name"] for call in asked} == {"anthropic"}
    assert cost_of(to) > 0
    done = {tuple(point.labels.items()) for point in to.metric("agentproxy.tasks.completed")}
    assert len(done) == 2


def test_commands_of_a_conversation_find_the_trace_of_their_own_span(tmp_path: Path) -> None:
    note = 'printf "%s\\n" "$TRACEPARENT" >> traces'
    scripts = Scripts()
    with collector("grpc") as to, model_server(think=scripts.think) as model:
        served = start_server(tmp_path, model, scripts, **to.variables)
        part = {"description": "a part", "prompt": "Note the part", "agent_type": "code"}
        behind = calls(("background_run", {"command": f"{note}; touch ended"}))
        wait = bash("until [ -f ended ]; do sleep 0.05; done")
        served.script(
            "Note all", bash(note), calls(("task", part)), behind, wait, Reply(text=("Noted.",))
        )
        served.script("Note the part", bash(note), Reply(text=("Noted.",)))
        conversation = served.new()
        with served.talk(conversation) as talk:
            talk.ask("Note all")
        (file,) = tmp_path.rglob("traces")
        found = file.read_text().splitlines()
        assert served.stop() == 0
        served.kill()
    spans = [span for span in to.spans if f"00-{span.trace}-{span.id}-01" in found]
    assert sorted(span.name for span in spans) == [
        "execute_tool bash",
        "execute_tool bash",
        "pa.function.background",
    ]
    assert len(found) == 3


def cost_of(to: Collector) -> float:
    return sum(point.value for point in to.metric("agentproxy.model.cost"))


def test_a_turn_that_a_kill_cut_off_is_one_trace(tmp_path: Path) -> None:
    scripts = Scripts()
    with collector("grpc") as to, model_server(think=scripts.think) as model:

        def started() -> Served:
            return start_server(tmp_path, model, scripts, **to.variables)

        served = started()
        served.script("Count", bash("touch been; sleep 20"), Reply(text=("Cut off",)))
        conversation = served.new()
        with served.talk(conversation) as talk:
            talk.say("Count")
            talk.until("tool_call")
            to.wait(lambda: bool(to.named("pa.function.model")))
            served.kill()
        served = started()
        with served.talk(conversation, "?after=0") as talk:
            talk.until("done")
        assert served.stop() == 0
        served.kill()
    spans = told_once(to.spans)
    assert len({span.trace for span in spans}) == 1
    assert len(roots(spans)) == 1
    first, second = sorted((s for s in spans if s.name == "pa.run_task"), key=lambda s: s.start)
    assert second.parent == first.id
    assert first.attributes["agentproxy.cut_off"] is True
    assert second.attributes["agentproxy.status"] == "done"


def test_a_turn_of_a_conversation_that_is_deleted_is_one_trace_and_has_ended(
    tmp_path: Path,
) -> None:
    scripts = Scripts()
    with collector("grpc") as to, model_server(think=scripts.think) as model:
        served = start_server(tmp_path, model, scripts, **to.variables)
        served.script("Count", bash("touch been; sleep 20"))
        conversation = served.new()
        with served.talk(conversation) as talk:
            talk.say("Count")
            talk.until("tool_call")
            to.wait(lambda: bool(to.named("pa.function.model")))
            assert served.request("DELETE", f"/api/conversations/{conversation}")[0] == 200
        assert served.stop() == 0
        served.kill()
    (root,) = roots(told_once(to.spans))
    assert (root.name, root.attributes["agentproxy.status"]) == ("pa.run_task", "cancelled")
    (started,) = to.metric("agentproxy.tasks.started")
    (completed,) = to.metric("agentproxy.tasks.completed")
    assert started.value == completed.value == 1


def test_a_task_of_the_server_is_told_and_counted_while_it_is_worked_on(pa: Pa) -> None:
    gated = pa.worker(f"while [ ! -f $HOME/gate ]; do sleep 0.05; done; {MEND}")
    with collector("grpc") as to, tasks_beside(pa, **to.variables) as tasks:
        order = {"task": "Make it right", "worker": gated, "checks": [CHECK]}
        with tasks.start(**order) as records:
            records.until("text")
            to.wait(lambda: [p.value for p in to.metric("agentproxy.sessions.active")] == [1])
            home = pa.home / "runs" / records.run / "home"
            to.wait(home.is_dir)
            (home / "gate").touch()
            records.rest()
        to.wait(lambda: [p.value for p in to.metric("agentproxy.sessions.active")] == [0])
    (root,) = to.named("pa.run_task")
    assert root.attributes["agentproxy.status"] == "verified"
    (completed,) = to.metric("agentproxy.tasks.completed")
    assert completed.labels == {"status": "verified", "face": "supervised"}


def test_a_run_that_a_person_stopped_while_it_waited_is_counted(pa: Pa) -> None:
    script = pa.scripts / "asks.json"
    script.write_text('[[{"do": "ask", "text": "Plus or minus?", "into": "notes.md"}]]')
    with collector("grpc") as to:
        ran = pa(
            "-o", "json", "--worker", f"scripted:{script}", "--check", CHECK, "Make it right",
            env=to.variables,
        )  # fmt: skip
        assert ran.code == 4, (ran.out, ran.err)
        assert pa("stop", ran.result["run"], env=to.variables).code == 0
    (completed,) = to.metric("agentproxy.tasks.completed")
    assert completed.labels == {"status": "stopped", "face": "supervised"}
    (closed,) = to.metric("agentproxy.questions.closed")
    assert (closed.labels, closed.value) == ({"by": "end"}, 1)


def test_the_variables_may_stand_in_a_trusted_env_file(pa: Pa) -> None:
    with collector("grpc") as to:
        pa.write({".env": "".join(f"{name}={text}\n" for name, text in to.variables.items())})
        pa.task("--check", CHECK, worker=MEND)
        assert to.spans == []
        pa.git("checkout", "-q", "calc.py")
        trusted = pa("trust", stdin="y\n")
        assert trusted.code == 0, trusted.err
        ran = pa.task("--check", CHECK, worker=MEND)
    assert ran.code == 0, (ran.out, ran.err)
    assert len(to.named("pa.run_task")) == 1
