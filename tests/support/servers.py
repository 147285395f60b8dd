"""Servers of this process, each with a thread that answers until the block ends."""

from collections.abc import Generator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from socketserver import TCPServer
from threading import Thread
from typing import cast


@contextmanager
def answering(tcp: TCPServer) -> Generator[int]:
    """Its port. However the block ends, the thread has ended before the socket is closed: the next
    file would get the socket's number, and the thread would go on with that.
    """
    thread = Thread(target=tcp.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield int(tcp.server_address[1])
    finally:
        tcp.shutdown()
        thread.join()
        tcp.server_close()


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
    with answering(http) as port:
        yield port
