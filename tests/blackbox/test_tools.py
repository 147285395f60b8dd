"""Every tool, called by the agent, answers with the documented text."""

import re
from typing import Any

import pytest
from support.answers import Reply
from support.blackbox import Service, calling

Calls = list[tuple[str, dict[str, Any]]]
CODE = "def start():\n    pass\n"
# The last call of each row is of the tool; its result matches the pattern.
TOOLS: dict[str, tuple[Calls, str]] = {
    "bash": ([("bash", {"command": "echo $((6*7))"})], r"42\s*"),
    "write_file": ([("write_file", {"path": "a/b.txt", "content": "hello"})],
                   r"Wrote 5 bytes to a/b\.txt"),
    "read_file": ([("write_file", {"path": "a", "content": "1\n2\n3\n"}),
                   ("read_file", {"path": "a", "limit": 1})], r"1\n\.\.\. \(2 more lines\)\s*"),
    "edit_file": ([("write_file", {"path": "a", "content": "one"}),
                   ("edit_file", {"path": "a", "old_text": "one", "new_text": "two"})],
                  r"Edited a"),
    "think": ([("think", {"thought": "hm"})], r""),
    "list_skills": ([("list_skills", {})], r"(?s).*- code-review: .*"),
    "read_skill": ([("read_skill", {"skill": "design"})],
                   r'(?s)<skill-loaded name="design">\n# Skill: design.*</skill-loaded>.*'),
    "compact": ([("compact", {"focus": "the file"})], r"(?!__COMPACT).*"),
    "todo_write": ([("todo_write", {"items": [{"content": "a", "status": "in_progress",
                                               "activeForm": "Doing"}]})],
                   r"(?s)\[>\] a <- Doing\n.*\(0/1 completed\)"),
    "todo_add": ([("todo_add", {"content": "b", "activeForm": "Doing b"})], r"(?s)\[ \] b.*"),
    "todo_complete": ([("todo_add", {"content": "b", "activeForm": "Doing b"}),
                       ("todo_complete", {"content": "b"})], r"(?s)\[x\] b.*\(1/1 completed\)"),
    "todo_list": ([("todo_list", {})], r"No todos\."),
    "task_create": ([("task_create", {"subject": "Build"})],
                    r'(?s)\{\n  "id": 1,.*"status": "pending".*'),
    "task_get": ([("task_create", {"subject": "Build"}), ("task_get", {"taskId": 1})],
                 r'(?s)\{.*"subject": "Build".*'),
    "task_update": ([("task_create", {"subject": "A"}), ("task_create", {"subject": "B"}),
                     ("task_update", {"taskId": 1, "addBlocks": [2]}),
                     ("task_update", {"taskId": 1, "status": "completed"})],
                    r'(?s).*"completed".*'),
    "task_list": ([("task_create", {"subject": "A"}), ("task_create", {"subject": "B"}),
                   ("task_update", {"taskId": 2, "addBlockedBy": [1]}), ("task_list", {})],
                  r"(?s)\[ \] #1: A.*\[ \] #2: B \(blocked by: \[1\]\).*\(0/2 completed\)"),
    "background_run": ([("background_run", {"command": "echo hi"})],
                       r"Background task [0-9a-f]{8} started: echo hi"),
    "check_background": ([("check_background", {})], r"No background tasks\."),
    "list_teammates": ([("list_teammates", {})], r"No teammates\."),
    "send_message": ([("send_message", {"to": "nobody", "content": "hi"})], r"Error: .*nobody.*"),
    "read_inbox": ([("read_inbox", {})], r"\(inbox empty\)"),
    "broadcast": ([("broadcast", {"content": "hi"})], r"Broadcast to 0 teammates"),
    "shutdown_request": ([("shutdown_request", {"teammate": "nobody"})], r"Error: .*nobody.*"),
    "check_protocol": ([("check_protocol", {"request_id": "x"})],
                       r"Error: Unknown request_id 'x'.*"),
    "plan_review": ([("plan_review", {"request_id": "x", "approve": True})],
                    r"Error: Unknown request_id 'x'.*"),
    "read_file_range": ([("write_file", {"path": "a.py", "content": CODE}),
                         ("read_file_range", {"path": "a.py", "start_line": 2, "end_line": 2})],
                        r"2:     pass"),
    "search_code": ([("write_file", {"path": "a.py", "content": CODE}),
                     ("search_code", {"query": "START"})], r"a\.py:1: def start\(\):"),
    "list_symbols": ([("write_file", {"path": "a.py", "content": CODE}),
                      ("list_symbols", {"path": "a.py"})], r"1: def start\(\)"),
    "find_references": ([("write_file", {"path": "a.py", "content": CODE}),
                         ("find_references", {"symbol": "start"})], r"a\.py:1: def start\(\):"),
    "enter_plan_mode": ([("enter_plan_mode", {})], r"(?!__ENTER).*"),
}  # fmt: skip
# Shown by the talks below, since more than their result matters.
ELSEWHERE = {"task", "spawn_teammate", "exit_plan_mode"}


@pytest.mark.parametrize("tool", TOOLS)
def test_a_tool_answers_as_documented(service: Service, tool: str) -> None:
    calls, pattern = TOOLS[tool]
    results = service.calls(calls, word=f"Call {tool} as documented")
    assert re.fullmatch(pattern, results[-1]), results


def test_a_subagent_works_for_the_agent_and_its_end_tells_what_it_used(service: Service) -> None:
    service.script(
        "Send an explorer",
        calling("task", description="Look", prompt="Count the files there", agent_type="explore"),
        Reply(text=("It counted",)),
    )
    service.script("Count the files there", Reply(text=("There are 3",), usage=(70, 7)))
    with service.socket(service.new()) as socket:
        socket.ask("Send an explorer")
    start, end = socket.first("subagent_start"), socket.first("subagent_end")
    assert (start["task"], start["agent_type"]) == ("Look", "explore")
    assert (end["summary"], end["tool_count"]) == ("There are 3", 0)
    assert end["usage"] == {"input_tokens": 70, "output_tokens": 7}
    assert socket.first("tool_result")["result"] == "There are 3"
    assert socket.seen[-1]["usage"]["input_tokens"] == 270, "the subagent's tokens count too"


def test_a_teammate_is_spawned_and_listed(service: Service) -> None:
    service.script(
        "Hire somebody",
        calling("spawn_teammate", name="ada", role="tester", prompt="Try everything out"),
        calling("list_teammates"),
        Reply(text=("Hired",)),
    )
    service.script("Try everything out", Reply(text=("I tried",)))
    with service.socket(service.new(enable_teams=True)) as socket:
        socket.ask("Hire somebody")
    own = [each for each in socket.seen if each["type"] == "tool_result" and "teammate" not in each]
    assert own[0]["result"] == "Spawned 'ada' (role: tester)"
    assert re.search(r"(?m)^  ada \(tester\): (working|idle)", own[1]["result"])
    status = socket.first("teammate_status")
    assert (status["name"], status["role"], status["status"]) == ("ada", "tester", "working")


def test_a_plan_is_handed_over(service: Service) -> None:
    service.script("Only a plan", calling("exit_plan_mode", plan="1. look"))
    with service.socket(service.new(enable_plan_mode=True)) as socket:
        socket.ask("Only a plan")
    assert socket.first("plan_ready")["plan"] == "1. look"


def test_every_tool_that_is_listed_is_called(service: Service) -> None:
    listed = {row["name"] for row in service.json("GET", "/api/tools")}
    assert listed == set(TOOLS) | ELSEWHERE
