"""A server that has tasks done in a project, and the records of its streams."""

import json
import urllib.request
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, cast

from support.chats import PATIENCE, Scripts, Served, wait_until
from support.forked import start_pa_server
from support.front_door import Pa

Record = dict[str, Any]
NUMBERS = {
    1: "text", 2: "thinking", 3: "tool_call", 4: "tool_result", 5: "prompt", 6: "confirmation",
    7: "started", 8: "completed", 9: "error", 10: "raw", "done": "done",
}  # fmt: skip


@dataclass
class Stream:
    """The records of an answer, as they arrive."""

    status: int
    headers: dict[str, str]
    _lines: Iterator[bytes]
    close: Callable[[], None]
    seen: list[Record] = field(default_factory=list[Record])

    def __iter__(self) -> Iterator[Record]:
        ids: str = ""
        for line in self._lines:
            name, _, text = line.decode().rstrip("\n").partition(": ")
            if name == "id":
                ids = text
            elif name == "data":
                record = cast("Record", json.loads(text))
                assert record["event_id"] == ids
                self.seen.append(record)
                yield record

    def until(self, kind: str) -> Record:
        """The first record of this kind."""
        for record in self:
            if NUMBERS[record["type"]] == kind:
                return record
        raise AssertionError((kind, self.seen))

    def rest(self) -> list[Record]:
        """Everything up to the end."""
        found = list(self)
        assert found[-1]["type"] == "done"
        return found

    @property
    def run(self) -> str:
        return str(self.seen[0]["run"])


@dataclass
class Tasks:
    """A server beside `pa`, with the same home."""

    served: Served
    pa: Pa

    @contextmanager
    def start(self, **body: object) -> Generator[Stream]:
        with self.open("POST", "/task", body) as stream:
            yield stream

    def finish(self, **body: object) -> list[Record]:
        with self.start(**body) as stream:
            assert stream.status == 200, stream.seen
            return stream.rest()

    @contextmanager
    def events(self, run: str, query: str = "", **headers: str) -> Generator[Stream]:
        with self.open("GET", f"/session/{run}/events{query}", None, **headers) as stream:
            yield stream

    @contextmanager
    def open(self, method: str, path: str, body: object, **headers: str) -> Generator[Stream]:
        data = None if body is None else json.dumps(body).encode()
        sent = {"Content-Type": "application/json"} if data else {}
        sent |= {name.replace("_", "-"): text for name, text in headers.items()}
        asked = urllib.request.Request(self.served.url + path, data, sent, method=method)
        with urllib.request.urlopen(asked, timeout=PATIENCE) as answer:
            named = {name.lower(): text for name, text in answer.headers.items()}
            yield Stream(answer.status, named, iter(answer), answer.close)

    def refused(self, **body: object) -> tuple[int, Record]:
        status, answer = self.served.request("POST", "/task", body)
        return status, cast("Record", answer)

    def session(self, run: str) -> Record:
        status, answer = self.served.request("GET", f"/session/{run}")
        assert status == 200, answer
        return cast("Record", answer)

    def rests(self, run: str) -> Record:
        """The session once nobody works on it."""
        wait_until(lambda: self.session(run)["status"] != "running", patience=60)
        return self.session(run)


def start_tasks(pa: Pa, *arguments: str, **variables: str) -> Tasks:
    log = pa.scripts.parent / "server.log"
    with log.open("a") as errors:
        process, line = start_pa_server(
            ["--port", "0", *arguments],
            cwd=pa.project,
            env=pa.environment(variables),
            errors=errors,
        )
    assert line.startswith("Agent Proxy serves "), log.read_text()
    return Tasks(Served(line.split()[-1], pa.project, Scripts(), process), pa)


@contextmanager
def tasks_beside(pa: Pa, *arguments: str, **variables: str) -> Generator[Tasks]:
    """A server that stops cleanly at the end."""
    tasks = start_tasks(pa, *arguments, **variables)
    try:
        yield tasks
        assert "Traceback" not in (pa.scripts.parent / "server.log").read_text()
        assert tasks.served.stop() == 0
    finally:
        tasks.served.process.kill()
        tasks.served.process.wait(timeout=PATIENCE)


def kinds(records: list[Record]) -> list[str]:
    return [NUMBERS[record["type"]] for record in records]
