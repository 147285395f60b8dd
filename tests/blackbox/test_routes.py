"""Every route, driven over HTTP, answers in the documented shape."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from support.answers import Reply
from support.blackbox import Service, calling, shape

LISTED = {"id": str, "title": str, "created_at": str, "message_count": int}
ISO = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?\+00:00")


def talked(service: Service, word: str) -> str:
    """A conversation with one turn, and a file in its workspace."""
    conversation = service.new()
    service.script(
        word, calling("write_file", path="src/a.py", content="x = 1\n"), Reply(text=("ok",))
    )
    with service.socket(conversation) as socket:
        socket.ask(word)
    return conversation


def health(service: Service) -> None:
    answer = service.json("GET", "/health")
    assert (answer["status"], answer["healthy"]) == ("ok", True)
    assert answer["model"] == "claude-sonnet-4-5-20250929"
    assert {"active_sessions", "agents", "tasks", "config", "version"} <= set(answer)
    assert (answer["mcp"], answer["unusable_tools"]) == ({}, 0)


def tool_sources(service: Service) -> None:
    assert service.json("GET", "/api/tool-sources") == {"mcp": [], "unusable_tools": []}


def create(service: Service) -> None:
    answer = service.json("POST", "/api/chat", json={})
    assert shape(answer) == {"conversation_id": str}
    assert re.fullmatch("[0-9a-f]{12}", answer["conversation_id"])
    switches = ("enable_teams", "enable_tracing", "enable_approval", "enable_plan_mode",
                "enable_thinking")  # fmt: skip
    for name in switches:
        record = service.json("GET", f"/api/conversations/{service.new(**{name: True})}")
        assert [record[each] for each in switches] == [each == name for each in switches]
        assert service.request("POST", "/api/chat", json={name: "yes"}).status_code == 422
    record = service.json("GET", f"/api/conversations/{service.new(thinking_effort='xhigh')}")
    assert (record["enable_thinking"], record["thinking_effort"]) == (False, "max")
    asked = {"thinking_effort": "none"}
    assert service.request("POST", "/api/chat", json=asked).status_code == 422
    assert service.request("POST", "/api/chat", content=b"{").status_code == 422


def list_all(service: Service) -> None:
    older, newer = talked(service, "An older one"), talked(service, "A newer one")
    rows = service.json("GET", "/api/conversations")
    assert shape(rows) == [LISTED]
    assert [row["id"] for row in rows[:2]] == [newer, older]
    assert (rows[0]["title"], rows[0]["message_count"]) == ("A newer one", 2)
    assert ISO.fullmatch(rows[0]["created_at"])
    assert service.json("GET", f"/api/conversations?limit=1&before={newer}")[0]["id"] == older


def show(service: Service) -> None:
    conversation = talked(service, "To be shown")
    record = service.json("GET", f"/api/conversations/{conversation}")
    messages = [(each["role"], each["content"]) for each in record["messages"]]
    assert messages == [("user", "To be shown"), ("assistant", "ok")]
    assert (record["total_input_tokens"], record["total_output_tokens"]) == (200, 40)
    assert {"system_prompt", "preset", "created_at"} <= set(record)
    missing = service.request("GET", "/api/conversations/000000000000")
    assert (missing.status_code, missing.json()) == (404, {"detail": "Conversation not found"})


def delete(service: Service) -> None:
    conversation = talked(service, "To be deleted")
    path = f"/api/conversations/{conversation}"
    assert service.json("DELETE", path) == {"status": "deleted"}
    assert service.request("GET", path).status_code == 404
    assert service.request("DELETE", path).status_code == 404


def tools(service: Service) -> None:
    rows = service.json("GET", "/api/tools")
    assert shape(rows) == [{"name": str, "description": str}]
    assert {"bash", "read_file", "write_file", "edit_file", "think"} <= {
        row["name"] for row in rows
    }


def skills(service: Service) -> None:
    rows = service.json("GET", "/api/skills")
    assert shape(rows) == [{"name": str, "description": str}]
    assert {
        "api-design", "code-review", "design", "dockerfile-builder", "docx-writer", "excel-writer",
        "pdf-writer", "ppt-writer",
    } <= {row["name"] for row in rows}  # fmt: skip


def upload_skill(service: Service) -> None:
    skill = {"name": "greeting", "description": "How to greet", "body": "Say hello."}
    answer = service.json("POST", "/api/skills", json=skill)
    assert answer == {"name": "greeting", "description": "How to greet"}
    assert answer in service.json("GET", "/api/skills")
    for name in ("../../x", "", "a/b", "a\nb"):
        refused = service.request("POST", "/api/skills", json=skill | {"name": name})
        assert refused.status_code == 422


def presets(service: Service) -> None:
    rows = service.json("GET", "/api/presets")
    assert [row["name"] for row in rows] == ["coding", "work"]
    assert rows[0]["description"] == "Software development and coding tasks"


def files(service: Service) -> None:
    conversation = talked(service, "Files of it")
    rows = service.json("GET", f"/api/workspace/files?conversation={conversation}")
    assert rows == [{"name": "a.py", "path": "src/a.py", "size": 6}]


def preview(service: Service) -> None:
    conversation = talked(service, "A file of it")
    record = service.json("GET", f"/api/workspace/file/src/a.py?conversation={conversation}")
    assert record == {
        "path": "src/a.py", "name": "a.py", "size": 6, "content": "x = 1\n", "binary": False,
        "language": "python",
    }  # fmt: skip
    sent = [("files", ("b.bin", b"\0\1")), ("files", ("big.txt", b"a" * 200_000))]
    service.json("POST", f"/api/workspace/upload?conversation={conversation}", files=sent)
    binary = service.json("GET", f"/api/workspace/file/b.bin?conversation={conversation}")
    assert (binary["content"], binary["binary"]) == (None, True)
    big = service.json("GET", f"/api/workspace/file/big.txt?conversation={conversation}")
    assert big["content"].startswith("a" * 102_400 + "\n\n... (truncated")
    for path, status in (("none", 404), ("src", 404), ("..%2fx", 403), (".tasks/1", 403)):
        answer = service.request("GET", f"/api/workspace/file/{path}?conversation={conversation}")
        assert answer.status_code == status


def upload(service: Service) -> None:
    conversation = service.new()
    path = f"/api/workspace/upload?conversation={conversation}"
    sent = [("files", ("a.txt", b"a")), ("files", ("../b.txt", b"b"))]
    answer = service.json("POST", f"{path}&subdir=data", files=sent)
    assert answer == {"uploaded": ["data/a.txt", "data/b.txt"]}
    mib = 10 * 1024 * 1024
    assert service.json("POST", path, files=[("files", ("ten", b"x" * mib))]) == {
        "uploaded": ["ten"]
    }
    large = service.request("POST", path, files=[("files", ("more", b"x" * (mib + 1)))])
    assert large.status_code == 413
    assert large.json()["detail"] == "File 'more' exceeds 10 MB limit (10.0 MB)"
    assert service.request("POST", f"{path}&subdir=../x", files=sent).status_code == 403
    assert service.request("POST", f"{path}&subdir=.tasks", files=sent).status_code == 403


def download(service: Service) -> None:
    conversation = talked(service, "To be downloaded")
    answer = service.request("GET", f"/api/files/{conversation}/src/a.py")
    assert (answer.status_code, answer.content) == (200, b"x = 1\n")
    assert "attachment" in answer.headers["content-disposition"]
    for path in ("000000000000/src/a.py", f"{conversation}/.tasks/1", f"{conversation}/a%00b"):
        assert service.request("GET", f"/api/files/{path}").status_code in (403, 404)


def memory(service: Service) -> None:
    answer = service.json("GET", "/api/memory")
    assert shape(answer) == {"enabled": bool, "content": str, "proposed": str}


def forget(service: Service) -> None:
    assert service.json("DELETE", "/api/memory")["content"] == ""


def sign_in(service: Service) -> None:
    config = {"enabled": False, "google_client_id": None}
    assert service.json("GET", "/api/auth/config") == config


def who_am_i(service: Service) -> None:
    assert service.json("GET", "/api/auth/me") == {"authenticated": False}


def sessions(service: Service) -> None:
    answer = service.json("GET", "/sessions")
    assert shape(answer) == {"sessions": [], "next": type(None)}


def refused(method: str, path: str, status: int, **body: object) -> Callable[[Service], None]:
    """A route of tasks, whose work is shown by tests/server/test_tasks.py."""

    def ask(service: Service) -> None:
        answer = service.request(method, path, **({"json": body} if body else {}))
        assert answer.status_code == status
        assert "detail" in answer.json()

    return ask


ROUTES: dict[tuple[str, str], Callable[[Service], Any]] = {
    ("GET", "/health"): health,
    ("POST", "/api/chat"): create,
    ("GET", "/api/conversations"): list_all,
    ("GET", "/api/conversations/{conversation_id}"): show,
    ("DELETE", "/api/conversations/{conversation_id}"): delete,
    ("GET", "/api/tools"): tools,
    ("GET", "/api/tool-sources"): tool_sources,
    ("GET", "/api/skills"): skills,
    ("POST", "/api/skills"): upload_skill,
    ("GET", "/api/presets"): presets,
    ("GET", "/api/workspace/files"): files,
    ("GET", "/api/workspace/file/{path}"): preview,
    ("POST", "/api/workspace/upload"): upload,
    ("GET", "/api/files/{conversation_id}/{path}"): download,
    ("GET", "/api/memory"): memory,
    ("POST", "/api/memory"): refused("POST", "/api/memory", 409, decision="accept"),
    ("DELETE", "/api/memory"): forget,
    ("GET", "/api/auth/config"): sign_in,
    ("GET", "/api/auth/me"): who_am_i,
    ("POST", "/task"): refused("POST", "/task", 400, task="Anything", working_dir="/"),
    ("GET", "/sessions"): sessions,
    ("GET", "/session/{session_id}"): refused("GET", "/session/000000", 404),
    ("GET", "/session/{session_id}/events"): refused("GET", "/session/000000/events", 404),
    ("POST", "/session/{session_id}/answer"): refused(
        "POST", "/session/000000/answer", 404, text="y"
    ),
    ("POST", "/stop"): refused("POST", "/stop", 404, session_id="000000"),
}


def test_the_list_has_all_conversations_and_says_where_it_has_not(service: Service) -> None:
    made = [service.new() for _ in range(55)]
    answer = service.request("GET", "/api/conversations")
    assert {row["id"] for row in answer.json()} >= set(made)
    assert "X-Incomplete" not in answer.headers
    few = service.request("GET", "/api/conversations?limit=5")
    assert [row["id"] for row in few.json()] == made[:-6:-1]
    assert few.headers["X-Incomplete"] == "true"


@pytest.mark.parametrize("route", ROUTES, ids=" ".join)
def test_a_route_answers_as_documented(service: Service, route: tuple[str, str]) -> None:
    ROUTES[route](service)


def test_every_route_of_the_openapi_document_is_driven(service: Service) -> None:
    described = service.json("GET", "/openapi.json")["paths"]
    found = {(method.upper(), path) for path, methods in described.items() for method in methods}
    assert found == set(ROUTES)
