"""Schemathesis over the OpenAPI document: no failure of ours, no hang, answers as documented."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from support.answers import Reply
from support.chats import serving

# Which folders, files and models exist is no matter of a schema: what looks valid may be refused.
CONFIG = """
[checks]
positive_data_acceptance.enabled = false

[checks.negative_data_rejection]
expected-statuses = [400, 401, 403, 404, 405, 409, 413, 414, 415, 421, 422, 429, 431]

[[operations]]
include-path-regex = "^/api/(files|conversations)/"
include-method = "GET"
parameters = {{ "path.conversation_id" = "{conversation}" }}

[[operations]]
include-path-regex = "^/api/workspace/"
parameters = {{ "query.conversation" = "{conversation}" }}
"""


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_every_route_answers_as_its_document_says(tmp_path: Path) -> None:
    with serving(tmp_path, API_KEY="the key") as served:
        conversation = served.new()
        file = ("write_file", '{"path": "note.txt", "content": "hello"}')
        served.script("A file", Reply(calls=(file,), stop="tools"), Reply(text=("there",)))
        with served.talk(conversation, X_API_Key=served.key) as talk:
            talk.ask("A file")
        (tmp_path / "schemathesis.toml").write_text(CONFIG.format(conversation=conversation))
        _, described = served.request("GET", "/openapi.json")
        operations = sum(len(methods) for methods in described["paths"].values())
        ran = subprocess.run(
            [
                str(Path(sys.executable).with_name("st")), "--no-color",
                "--config-file", "schemathesis.toml", "run", f"{served.url}/openapi.json",
                "--header", f"X-API-Key: {served.key}", "--max-examples", "25",
                "--seed", "1", "--request-timeout", "10",
                "--max-response-time", "5", "--warnings", "off",
            ],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
            timeout=280,
        )  # fmt: skip
        assert ran.returncode == 0, ran.stdout[-8000:] + ran.stderr[-2000:]
        assert re.search(rf"Tested: {operations}\b", ran.stdout), ran.stdout[-2000:]
        assert served.request("GET", "/health")[0] == 200
