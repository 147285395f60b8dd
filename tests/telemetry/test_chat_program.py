"""`pa chat` with the engine in its own process tells of its conversations."""

import signal
import socket
from pathlib import Path

import pytest
from support.answers import Reply
from support.chat_clients import embedded_program
from support.chats import calls
from support.otlp import collector

SLOW = Reply(text=tuple(f"w{n} " for n in range(60)), fault="slow")
MADE = [calls(("bash", {"command": "echo part > part"})), Reply(text=("Made.",))]


@pytest.mark.parametrize("protocol", ["grpc", "http/protobuf"])
def test_each_turn_is_a_trace_and_is_counted(tmp_path: Path, protocol: str) -> None:
    with collector(protocol) as to, embedded_program(tmp_path, **to.variables) as chat:
        chat.script("Make the part", *MADE, *MADE)
        ran = chat("-o", "json", "-m", "Make the part")
        assert (ran.code, ran.err) == (0, "")
        assert chat("--continue", "-m", "And again").code == 0
        (conversation,) = chat.conversations()
    first, second = sorted(to.named("pa.run_task"), key=lambda span: span.start)
    assert first.trace != second.trace
    for turn in (first, second):
        assert turn.parent == ""
        assert turn.attributes["agentproxy.face"] == "conversation"
        assert turn.attributes["agentproxy.status"] == "done"
        assert turn.attributes["gen_ai.conversation.id"] == conversation
    assert {span.trace for span in to.spans} == {first.trace, second.trace}
    assert len(to.named("execute_tool bash")) == 2
    assert len(to.named("chat claude-sonnet-4-5-20250929")) == 4
    done = to.metric("agentproxy.tasks.completed")
    assert [(point.labels["face"], point.value) for point in done] == [("conversation", 1)] * 2
    assert {log.trace for log in to.logs if log.name == "agentproxy.user_turn_started"} == {
        first.trace, second.trace,
    }  # fmt: skip


def test_a_turn_that_a_signal_ended_is_told(tmp_path: Path) -> None:
    with collector("grpc") as to, embedded_program(tmp_path, **to.variables) as chat:
        chat.script("Count for long", SLOW)
        process = chat.start("-m", "Count for long")
        assert process.stdout is not None
        assert process.stdout.read(3) == "w0 "
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=60)
    assert (process.returncode, said) == (130, "stopped\n")
    (turn,) = to.named("pa.run_task")
    assert turn.attributes["agentproxy.status"] == "cancelled"


def test_a_collector_that_is_not_there_spoils_no_answer(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as nobody:
        port = nobody.getsockname()[1]
    env = {
        "AGENTPROXY_ENABLE_TELEMETRY": "1",
        "OTEL_EXPORTER_OTLP_TIMEOUT": "1",
        "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{port}",
    }
    with embedded_program(tmp_path, **env) as chat:
        chat.script("Say hi", Reply(text=("Hi",)))
        ran = chat("-m", "Say hi")
    assert (ran.code, ran.out) == (0, "Hi\n")
    assert all(line.startswith("pa: telemetry: ") for line in ran.err.splitlines())


def test_at_the_terminal_too(tmp_path: Path) -> None:
    with collector("grpc") as to, embedded_program(tmp_path, **to.variables) as chat:
        chat.script("Make the part", *MADE)
        with chat.terminal() as terminal:
            terminal.enter("Make the part")
            terminal.until("Made.")
            # It is sent while the program goes on.
            to.wait(lambda: len(to.named("pa.run_task")) == 1)
            terminal.enter("/quit")
            assert terminal.end() == 0
