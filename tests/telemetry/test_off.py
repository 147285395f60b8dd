"""Telemetry that is off, cannot be, or has nobody to tell."""

import asyncio
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

from support.front_door import Pa
from support.otlp import collector
from support.projects import CHECK, MEND

from agentproxy.app.following import Nobody, close_follower

ON = {"AGENTPROXY_ENABLE_TELEMETRY": "1"}
# The end waits for half of that. Nothing is sent before it, which could fail earlier.
HASTY = {
    **ON,
    "OTEL_EXPORTER_OTLP_TIMEOUT": "1",
    "OTEL_BSP_SCHEDULE_DELAY": "60000",
    "OTEL_BLRP_SCHEDULE_DELAY": "60000",
    "OTEL_METRIC_EXPORT_INTERVAL": "60000",
}
OFF = {"AGENTPROXY_ENABLE_TELEMETRY": "0"}


def modules_of(pa: Pa, **env: str) -> str:
    """What a run imports, by name."""
    code = "import sys; from agentproxy.cli.main import main; sys.argv[0] = 'pa'; main()"
    worker = pa.worker(MEND)
    with (pa.home.parent / "imports.txt").open("w+") as said:
        done = subprocess.run(
            [sys.executable, "-X", "importtime", "-c", code, "--worker", worker, "--check", CHECK,
             "Make it right"],
            cwd=pa.project,
            env=pa.environment(env),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=said,
            check=False,
        )  # fmt: skip
        assert done.returncode == 0
        said.seek(0)
        return said.read()


def test_off_no_module_of_telemetry_is_loaded(pa: Pa) -> None:
    for env in ({}, OFF):
        loaded = modules_of(pa, **env)
        assert "agentproxy.app.following" in loaded
        assert "opentelemetry" not in loaded
        assert "agentproxy.telemetry" not in loaded
        assert "grpc" not in loaded
        pa.git("checkout", "-q", ".")


def test_on_they_are_loaded(pa: Pa) -> None:
    with collector("grpc") as to:
        assert "opentelemetry.sdk" in modules_of(pa, **to.variables)


def test_without_the_packages_one_line_says_what_to_install(pa: Pa, tmp_path: Path) -> None:
    hidden = tmp_path / "hides" / "opentelemetry"
    hidden.mkdir(parents=True)
    (hidden / "__init__.py").touch()
    env = {**ON, "PYTHONPATH": str(hidden.parent)}
    ran = pa.task("--check", CHECK, worker=MEND, env=env)
    assert (ran.code, ran.result["verdict"]) == (0, "verified")
    assert ran.err.splitlines() == [
        "pa: telemetry is off, its packages are not installed: pip install 'agentproxy[telemetry]'"
    ]


def test_a_collector_that_is_not_there_costs_one_line_for_each_signal_and_little_time(
    pa: Pa,
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as nobody:
        port = nobody.getsockname()[1]
    for protocol in ("grpc", "http/protobuf"):
        env = {
            **HASTY,
            "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{port}",
            "OTEL_EXPORTER_OTLP_PROTOCOL": protocol,
        }
        began = time.monotonic()
        ran = pa.task("--check", CHECK, worker=MEND, env=env)
        assert (ran.code, ran.result["verdict"]) == (0, "verified")
        assert time.monotonic() - began < 60
        assert len(ran.err.splitlines()) <= 4  # and one for what was left
        assert all(line.startswith("pa: telemetry: ") for line in ran.err.splitlines())
        pa.git("checkout", "-q", ".")


def test_a_variable_that_cannot_be_used_is_named_with_its_cure(pa: Pa) -> None:
    ran = pa.task("--check", CHECK, worker=MEND, env={**ON, "OTEL_EXPORTER_OTLP_PROTOCOL": "udp"})
    assert ran.code == 0
    assert ran.err == (
        "pa: telemetry is off: OTEL_EXPORTER_OTLP_PROTOCOL is 'udp': give grpc or http/protobuf\n"
    )
    for name in ("AGENTPROXY_ENABLE_TELEMETRY", "AGENTPROXY_WORKER_TELEMETRY"):
        refused = pa.task(worker=MEND, env={name: "yes"})
        assert refused.code == 2
        assert f"pa: {name} from the environment: not 1 or 0" in refused.err
        assert "give 1 or 0" in refused.err


def test_a_number_that_the_sdk_cannot_read_is_named_too(pa: Pa) -> None:
    ran = pa.task("--check", CHECK, worker=MEND, env={**ON, "OTEL_BSP_SCHEDULE_DELAY": "abc"})
    assert ran.code == 0
    cure = "give milliseconds, such as 5000"
    assert ran.err == f"pa: telemetry is off: OTEL_BSP_SCHEDULE_DELAY is 'abc': {cure}\n"


def test_empty_variables_count_as_not_set(pa: Pa) -> None:
    # The SDK reads them as values, and each of these would stop it.
    names = ("TIMEOUT", "COMPRESSION", "HEADERS", "TRACES_ENDPOINT", "LOGS_TIMEOUT")
    empty = {f"OTEL_EXPORTER_OTLP_{name}": "" for name in names}
    with collector("grpc") as to:
        env = {**to.variables, **empty, "OTEL_BLRP_SCHEDULE_DELAY": ""}
        env["OTEL_EXPORTER_OTLP_METRICS_COMPRESSION"] = "none"
        ran = pa.task("--check", CHECK, worker=MEND, env=env)
        assert (ran.code, ran.err) == (0, "")
        assert to.named("pa.run_task")


def test_nothing_else_of_a_run_changes(pa: Pa) -> None:
    arguments = ("--check", CHECK)
    plain = pa.task(*arguments, worker="exit 1", env=OFF)
    with collector("grpc") as to:
        told = pa.task(*arguments, worker="exit 1", env=to.variables)
    assert (plain.code, plain.err) == (told.code, told.err)
    kinds = [[record["kind"] for record in ran.records] for ran in (plain, told)]
    assert sorted(kinds[0]) == sorted(kinds[1])


def test_a_collector_that_takes_nothing_does_not_keep_a_run_from_its_end(pa: Pa) -> None:
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        env = {**HASTY, "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{deaf.getsockname()[1]}"}
        ran = pa.task("--check", CHECK, worker=MEND, env=env)
    assert (ran.code, ran.result["verdict"]) == (0, "verified")
    assert ran.err == "pa: telemetry: the collector did not take what was left; it is not sent\n"


def test_the_doctor_says_where_telemetry_goes_and_what_it_lacks(pa: Pa, tmp_path: Path) -> None:
    assert " telemetry: " not in pa("doctor").out
    assert " telemetry: grpc to http://localhost:4317" in pa("doctor", env=ON).out
    told = pa("doctor", env={**ON, "OTEL_EXPORTER_OTLP_ENDPOINT": "localhost:4317"}).out
    assert "OTEL_EXPORTER_OTLP_ENDPOINT is no address" in told
    assert "such as http://localhost:4317" in told
    told = pa("doctor", env={**ON, "OTEL_TRACES_SAMPLER": "a: b"}).out
    assert " telemetry: OTEL_TRACES_SAMPLER is 'a: b'\n" in told
    hidden = tmp_path / "hides" / "opentelemetry"
    hidden.mkdir(parents=True)
    (hidden / "__init__.py").touch()
    told = pa("doctor", env={**ON, "PYTHONPATH": str(hidden.parent)}).out
    assert "pip install 'agentproxy[telemetry]'" in told


def test_no_address_is_shown_with_its_password(pa: Pa) -> None:
    env = {
        **ON,
        "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf",
        "OTEL_EXPORTER_OTLP_ENDPOINT": "http://me:word-7@collector.example:4318/in?key=word-8",
        "ANTHROPIC_API_KEY": "not-a-real-key",
        "ANTHROPIC_BASE_URL": "http://me:word-9@127.0.0.1:9",
    }
    told = pa("doctor", env=env)
    assert " telemetry: http/protobuf to http://collector.example:4318/in\n" in told.out
    assert "http://127.0.0.1:9: " in told.out
    models = pa("models", env=env)
    assert "http://127.0.0.1:9" in models.out
    refused = pa("chat", "--url", "http://me:word-7@127.0.0.1:8000", "-m", "x")
    assert "no address of a server" in refused.err
    assert not any("word-" in ran.out + ran.err for ran in (told, models, refused))


def test_two_interrupts_at_the_end_leave_the_journal_closed(pa: Pa) -> None:
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        env = {**ON, "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{deaf.getsockname()[1]}"}
        command = ("-o", "json", "--worker", pa.worker(MEND), "--check", CHECK, "Make it right")
        process = pa.start(*command, env=env)
        assert process.stdout is not None
        told = ""
        while '"kind": "result"' not in told:
            told = process.stdout.readline()
            assert told, process.communicate()
        for _ in range(2):
            time.sleep(0.3)
            process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=60)
    assert process.returncode in (0, 130)
    assert all(line.startswith("pa: ") for line in said.splitlines())
    # SQLite deletes it when the last connection is closed.
    assert (pa.home / "journal.sqlite3").exists()
    assert not (pa.home / "journal.sqlite3-wal").exists()
    assert pa("show").code == 0


def test_ctrl_c_ends_the_wait_for_a_collector_also_after_it_has_parked_the_run(pa: Pa) -> None:
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        env = {**ON, "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{deaf.getsockname()[1]}"}
        worker = pa.worker("sleep 60")
        process = pa.start("-o", "json", "--worker", worker, "--check", CHECK, "Be right", env=env)
        for last in ('"kind": "process_started"', '"kind": "result"'):
            assert process.stdout is not None
            assert any(last in line for line in process.stdout), process.communicate()
            time.sleep(0.3)
            process.send_signal(signal.SIGINT)
        began = time.monotonic()
        _, said = process.communicate(timeout=60)
    assert process.returncode == 130
    assert said == "pa: telemetry: interrupted; what was left is not sent\n"
    assert time.monotonic() - began < 3  # it would wait for five seconds


class Slow(Nobody):
    """A follower whose collector takes nothing."""

    def __init__(self) -> None:
        self.ends = threading.Event()

    def close(self) -> None:
        self.ends.wait(60)


def test_who_interrupts_the_end_of_telemetry_waits_no_longer_and_loses_nothing_else() -> None:
    slow, said = Slow(), list[str]()

    async def end() -> int:
        await close_follower(slow, say=said.append)
        return 0

    async def interrupt() -> int:
        ending = asyncio.create_task(end())
        while not any(thread.name == "telemetry-end" for thread in threading.enumerate()):
            await asyncio.sleep(0.01)
        ending.cancel()
        return await ending

    assert asyncio.run(interrupt()) == 0
    assert said == ["telemetry: interrupted; what was left is not sent"]
    slow.ends.set()
