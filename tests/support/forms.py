"""Raw requests to a server that `chats.py` started: bytes out, bytes in."""

import http.client
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from support.chats import Served

BOUNDARY = "the-boundary"


@dataclass
class Answer:
    status: int
    body: bytes
    headers: Mapping[str, str]

    @property
    def json(self) -> Any:
        return json.loads(self.body)


def send(served: Served, method: str, path: str, body: bytes = b"", **headers: str) -> Answer:
    """Sends the path as it is written here; a client of a library would tidy it."""
    connection = http.client.HTTPConnection(urlsplit(served.url).netloc, timeout=30)
    try:
        sent = {name.replace("_", "-"): text for name, text in headers.items()}
        connection.request(method, path, body or None, sent)
        answer = connection.getresponse()
        return Answer(answer.status, answer.read(), {k.lower(): v for k, v in answer.getheaders()})
    finally:
        connection.close()


def form(*files: tuple[str, bytes], name: str = "files") -> bytes:
    parts = [
        b'--%s\r\nContent-Disposition: form-data; name="%s"; filename="%s"\r\n'
        b"Content-Type: text/html\r\n\r\n%s\r\n"
        % (BOUNDARY.encode(), name.encode(), filename.encode(), data)
        for filename, data in files
    ]
    return b"".join(parts) + b"--%s--\r\n" % BOUNDARY.encode()


def upload(served: Served, query: str, *files: tuple[str, bytes], name: str = "files") -> Answer:
    kind = f"multipart/form-data; boundary={BOUNDARY}"
    path = f"/api/workspace/upload{query}"
    return send(served, "POST", path, form(*files, name=name), Content_Type=kind)
