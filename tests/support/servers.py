"""A server of HTTP that answers as it is told."""

from collections.abc import Generator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from typing import cast


class Answers(BaseHTTPRequestHandler):
    """Answers 200 or 500 as the server's list says, then 200 for ever."""

    def do_GET(self) -> None:
        answers = cast("list[int]", self.server.answers)  # type: ignore[attr-defined]
        self.send_response(answers.pop(0) if answers else 200)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name
        """Silence."""


@contextmanager
def server(*answers: int) -> Generator[int]:
    """The port of a server that gives these answers in turn."""
    http = HTTPServer(("127.0.0.1", 0), Answers)
    http.answers = list(answers)  # type: ignore[attr-defined]
    thread = Thread(target=http.serve_forever, daemon=True)
    thread.start()
    try:
        yield http.server_port
    finally:
        http.shutdown()
        thread.join()
        http.server_close()
