"""Measures streaming conversations on one server, beside a bare relay in the same run.

Run `python bench/server.py`, with `--talks 100 500` for other numbers of conversations. A model's
server sends each conversation 50 fragments a second; each fragment is the time at which it was
sent. Nothing may be lost, and what comes twice or out of order counts as lost. Latency is from the
model's server to the client; CPU and memory are the server's own, for a fragment and for a
conversation. The last two figures tell whether the load itself keeps up: the clients' own delay,
and the time between two fragments, which is to be 20 ms.
"""

import argparse
import asyncio
import json
import os
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from load import RATE, Lateness, Talk, open_talk, serve_model

TICKS = os.sysconf("SC_CLK_TCK")
PAGE = os.sysconf("SC_PAGE_SIZE")
CONNECTING = 50  # at once
# Conversations before the measured ones. They load libraries and fill what is kept for a process.
WARMING = 20
PATIENCE = 120.0
HERE = Path(__file__).resolve()


@dataclass
class Heard:
    """What the clients of one server heard, in seconds."""

    latencies: list[float] = field(default_factory=list[float])
    gaps: list[float] = field(default_factory=list[float])  # between fragments as they were sent
    messages: int = 0

    def take(self, talk: Talk) -> None:
        before = 0.0
        for when, message in talk.messages():
            if message["type"] != "text_delta":
                continue
            self.messages += 1
            for each in map(float, str(message["content"]).split()):
                # One that comes twice, or behind a later one, counts as lost.
                if each <= before:
                    continue
                self.latencies.append(when - each)
                self.gaps += [each - before] if before else []
                before = each


@dataclass(frozen=True)
class Figures:
    """Milliseconds, except where it is said."""

    lost: int
    half: float
    most: float  # p99
    cpu: float  # microseconds for a fragment
    memory: float  # KB for a conversation
    merged: float  # fragments in a message
    late: float  # p99 of the clients' own delay
    gap: float  # p99 between two fragments as the model's server sent them


def serve_relay(model: str) -> None:
    """The least that streams: reads the model's stream and forwards each piece of text."""
    import httpx2
    import uvicorn
    from fastapi import FastAPI, WebSocket, WebSocketDisconnect

    application = FastAPI()
    client = httpx2.AsyncClient(
        timeout=None, limits=httpx2.Limits(max_connections=None, max_keepalive_connections=None)
    )

    async def relay(socket: WebSocket) -> None:
        await socket.accept()
        try:
            await socket.receive_text()
            async with client.stream("POST", f"{model}/v1/messages", json={}) as answer:
                async for line in answer.aiter_lines():
                    if not line.startswith("data: "):
                        continue
                    event = json.loads(line[6:])
                    if event["type"] == "content_block_delta":
                        await socket.send_json(
                            {"type": "text_delta", "content": event["delta"]["text"]}
                        )
            await socket.send_json({"type": "done"})
        except WebSocketDisconnect:
            pass

    application.add_api_websocket_route("/relay", relay)
    config = uvicorn.Config(
        application, port=0, log_level="error", http="h11", ws="websockets-sansio"
    )
    server = uvicorn.Server(config)

    async def run() -> None:
        running = asyncio.create_task(server.serve())
        while not server.started:  # noqa: ASYNC110 - the library has no event for it
            await asyncio.sleep(0.01)
        port = server.servers[0].sockets[0].getsockname()[1]
        print(f"Relay serves http://127.0.0.1:{port}", flush=True)
        await running

    asyncio.run(run())


async def measure(pid: int, addresses: list[str], seconds: float) -> Figures:
    idle = memory_of(pid)
    ready = asyncio.Semaphore(CONNECTING)
    lateness = Lateness()
    async with asyncio.timeout(2 * PATIENCE + seconds):
        talks = await asyncio.gather(*(open_talk(address, ready) for address in addresses))
        await asyncio.sleep(1)
        before = cpu_of(pid)
        watching = asyncio.create_task(lateness.watch())
        for talk in talks:
            talk.say({"type": "message", "content": "go"})
        high = asyncio.create_task(highest_memory(pid))
        await asyncio.gather(*(talk.done for talk in talks), return_exceptions=True)
    cpu = cpu_of(pid) - before
    watching.cancel()
    high.cancel()
    for talk in talks:
        talk.close()
    heard = Heard()
    for talk in talks:
        heard.take(talk)
    expected = int(seconds * RATE) * len(addresses)
    return Figures(
        lost=expected - len(heard.latencies),
        half=_place(heard.latencies, 0.5) * 1000,
        most=_place(heard.latencies, 0.99) * 1000,
        cpu=cpu / expected * 1e6,
        memory=(await high - idle) / 1024 / len(addresses),
        merged=len(heard.latencies) / max(heard.messages, 1),
        late=_place(lateness.seen, 0.99) * 1000,
        gap=_place(heard.gaps, 0.99) * 1000,
    )


def _place(values: list[float], place: float) -> float:
    found = sorted(values) or [0.0]
    return found[int(len(found) * place)]


def cpu_of(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def memory_of(pid: int) -> int:
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * PAGE


async def highest_memory(pid: int) -> int:
    """Returns the most memory until it is cancelled. Turns begin one after the other."""
    high = 0
    with suppress(asyncio.CancelledError):
        while True:
            high = max(high, memory_of(pid))
            await asyncio.sleep(0.2)
    return high


@asynccontextmanager
async def started(*arguments: str, cwd: Path, **variables: str) -> AsyncGenerator[tuple[int, str]]:
    process = subprocess.Popen(  # noqa: ASYNC220 - it starts in the background
        [sys.executable, *arguments],
        cwd=cwd,
        env={**os.environ, **variables},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    try:
        yield process.pid, process.stdout.readline().split()[-1]
    finally:
        process.terminate()
        process.communicate()


def new_talks(url: str, number: int) -> list[str]:
    addresses: list[str] = []
    for _ in range(number):
        request = urllib.request.Request(f"{url}/api/chat", method="POST")
        with urllib.request.urlopen(request) as answer:
            conversation = json.load(answer)["conversation_id"]
        addresses.append(f"{url.replace('http', 'ws')}/api/chat/{conversation}/ws")
    return addresses


async def compare(number: int, seconds: float) -> None:
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        me = str(HERE)
        async with started(me, "--as", "model", "--seconds", str(seconds), cwd=folder) as (_, port):
            model = f"http://127.0.0.1:{port}"
            async with started(me, "--as", "relay", "--model", model, cwd=folder) as (pid, url):
                address = f"{url.replace('http', 'ws')}/relay"
                await measure(pid, [address] * WARMING, seconds)
                relay = await measure(pid, [address] * number, seconds)
            async with started(
                "-m",
                "agentproxy.server",
                "--port",
                "0",
                cwd=folder,
                AGENTPROXY_HOME=str(folder / "home"),
                ANTHROPIC_API_KEY="sk-bench",
                ENABLE_MEMORY="false",  # it asks a model when the clients have left
                ANTHROPIC_BASE_URL=model,
            ) as (pid, url):
                await measure(pid, new_talks(url, WARMING), seconds)
                ours = await measure(pid, new_talks(url, number), seconds)
    show(number, relay, ours)


def show(number: int, relay: Figures, ours: Figures) -> None:
    print(f"\n{number} conversations, {RATE} fragments a second each")
    print(f"{'':12} {'lost':>7} {'p50 ms':>9} {'p99 ms':>9} {'us/fragment':>12} {'KB each':>9}")
    for name, each in (("bare relay", relay), ("Agent Proxy", ours)):
        print(
            f"{name:12} {each.lost:7} {each.half:9.1f} {each.most:9.1f} {each.cpu:12.0f} "
            f"{each.memory:9.0f}   {each.merged:.1f} fragments a message; the load itself: "
            f"clients {each.late:.0f} ms late, {each.gap:.0f} ms between fragments"
        )
    print(
        f"ratios: p99 {ours.most / relay.most:.2f}x, CPU {ours.cpu / relay.cpu:.2f}x (bar 1.5x), "
        f"memory {ours.memory:.0f} KB (bar 100)"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--talks", type=int, nargs="+", default=[100, 500, 1000])
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--as", dest="role", choices=["model", "relay"], help=argparse.SUPPRESS)
    parser.add_argument("--model", default="", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.role == "model":
        asyncio.run(serve_model(given.seconds))
    elif given.role == "relay":
        serve_relay(given.model)
    else:
        for number in given.talks:
            asyncio.run(compare(number, given.seconds))


if __name__ == "__main__":
    main()
