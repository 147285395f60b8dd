"""Each bundled skill, loaded and followed in a conversation to a file that its user downloads."""

import io
import json
import re
import urllib.request
import zipfile
from dataclasses import dataclass, field

import pytest
from support.answers import Reply
from support.chats import Served, Talk, calls

REPORT = "# Report\n\n## Sales\n\nThey **fell** by 3 percent.\n\n- one customer left\n"
TALK = "# Sales\nAnn, today\n\n## Sales fell because of one customer\n- 3 percent\n> Say why.\n"
BOOK = {
    "sheets": [
        {"name": "Sales", "columns": ["Month", "Units"],
         "rows": [["2026-01-31", 10], ["2026-02-28", 12], ["Sum", "=SUM(B2:B3)"]]}
    ]
}  # fmt: skip
DOCKERFILE = """\
FROM python:3.12.8-slim
COPY requirements.txt .
RUN pip install --require-hashes -r requirements.txt
COPY app.py .
RUN useradd --create-home app
USER app
EXPOSE 8080
HEALTHCHECK CMD ["python", "app.py", "--check"]
CMD ["python", "app.py"]
"""
API = {
    "openapi": "3.1.0",
    "info": {"title": "Orders", "version": "1"},
    "paths": {"/orders": {"get": {
        "operationId": "listOrders", "summary": "List orders",
        "responses": {"200": {"description": "a page"}, "401": {"description": "who are you"}},
    }}},
}  # fmt: skip
ROWS = "def parse(text):\n    return text.split('\\n')[:-1]\n"
PROOF = """python3 -c "import rows; print(rows.parse('a'))" """
REVIEW = """\
### 1. [high] parse() drops the last row without a newline (rows.py:2)
Shown by: `python3 -c "import rows; print(rows.parse('a'))"` prints `[]`
Cure: split with `splitlines()`.

Verdict: not ready
"""
DESIGN = "# A list of orders\n\nR1. A list of 10,000 rows opens in a second.\n\n| R1 | list | 1 |\n"


@dataclass(frozen=True)
class Followed:
    """What the agent writes, which commands it runs beside those of the skill, and what comes."""

    skill: str
    preset: str
    result: str
    writes: dict[str, str] = field(default_factory=dict[str, str])
    runs: tuple[str, ...] = ()
    says: str = ""  # the commands together say this
    holds: bytes = b""  # in the result, or in the archive that it is


FOLLOWED = [
    Followed("docx-writer", "work", "report.docx", {"report.md": REPORT},
             says="They fell by 3 percent.", holds=b"one customer left"),
    Followed("excel-writer", "work", "book.xlsx", {"book.json": json.dumps(BOOK)},
             says="SUM(B2:B3)", holds=b"SUM(B2:B3)"),
    Followed("ppt-writer", "work", "talk.pptx", {"talk.md": TALK},
             says="2 slides", holds=b"Sales fell because of one customer"),
    Followed("pdf-writer", "work", "letter.pdf", {"letter.md": REPORT},
             says="1 pages", holds=b"%PDF-1."),
    Followed("dockerfile-builder", "coding", "Dockerfile",
             {"Dockerfile": DOCKERFILE, ".dockerignore": ".git\n.env*\n"},
             says="ok", holds=b"USER app"),
    Followed("api-design", "coding", "openapi.json",
             {"openapi.json": json.dumps(API), "api.md": "# Orders\n"},
             says="ok", holds=b"listOrders"),
    Followed("code-review", "coding", "review.md", {"rows.py": ROWS, "review.md": REVIEW},
             runs=("git init -q && git add -N rows.py && git diff && git status --short",
                   "grep -rn parse rows.py", PROOF),
             says="+def parse(text)", holds=b"Verdict: not ready"),
    Followed("design", "work", "design.md", {"design.md": DESIGN}, runs=("wc -w design.md",),
             says="design.md", holds=b"| R1 | list | 1 |"),
]  # fmt: skip


@pytest.mark.parametrize("row", FOLLOWED, ids=lambda row: row.skill)
def test_a_skill_is_followed_to_its_document(served: Served, row: Followed) -> None:
    conversation = served.new(preset=row.preset)
    with served.talk(conversation) as talk:

        def results(*asked: tuple[str, dict[str, str]]) -> list[str]:
            return results_of(served, talk, f"Follow the skill {row.skill}", *asked)

        (text,) = results(("read_skill", {"skill": row.skill}))
        files = [{"path": path, "content": content} for path, content in row.writes.items()]
        written = results(*(("write_file", each) for each in files))
        assert all(each.startswith("Wrote ") for each in written)
        commands = [*row.runs, *commands_of(text)]
        said = "\n".join(results(*(("bash", {"command": each}) for each in commands)))
    assert "exit code" not in said
    assert row.says in said
    assert row.holds in content_of(served, f"/api/files/{conversation}/{row.result}")


def commands_of(text: str) -> list[str]:
    """The commands of a skill that was loaded, as the model reads them."""
    found = re.findall(r"^ {4,}(python3 /.*)$|`(python3 /.*?)`", text, re.MULTILINE)
    return [block or inline for block, inline in found]


def results_of(
    served: Served, talk: Talk, word: str, *asked: tuple[str, dict[str, str]]
) -> list[str]:
    """The results of calls, whole, as the model is given them."""
    served.script(word, *(calls(each) for each in asked), Reply(text=("done",)))
    talk.ask(word)
    messages = served.scripts.asked[word][-1]["messages"]
    parts = [part for each in messages for part in each["content"]]
    told = [part["content"][0]["text"] for part in parts if part["type"] == "tool_result"]
    return told[len(told) - len(asked) :]


def content_of(served: Served, path: str) -> bytes:
    with urllib.request.urlopen(served.url + path, timeout=30) as answer:
        data = bytes(answer.read())
    if not data.startswith(b"PK"):
        return data
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert archive.testzip() is None
        return b"".join(archive.read(name) for name in archive.namelist())
