"""CPU for each message of Claude Code: our worker against the bare loop of its SDK, as a ratio.

A small program plays Claude Code: it streams pieces of text, and calls a tool now and then.
"""

import asyncio
import os
import resource
import sys
import tempfile
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

from claude_agent_sdk import ClaudeAgentOptions, ClaudeSDKClient, HookMatcher

from agentproxy.events.envelope import Fact
from agentproxy.events.requests import Decision, Request
from agentproxy.workers.claude.command_line import ClaudeChoices
from agentproxy.workers.claude.worker import ClaudeWorker
from agentproxy.workers.launcher import Launcher
from agentproxy.workers.port import Brief, WorkerCallbacks
from agentproxy.workers.program import Program
from agentproxy.workspace.environment.job_layout import JobLayout
from agentproxy.workspace.sandbox.detect import choose_sandbox
from agentproxy.workspace.sandbox.port import Mount

TURNS, PIECES = 500, 40
BAR = 1.5  # times the bare loop
PLAYED = f"""#!{sys.executable}
import json, sys
def say(kind, **message):
    print(json.dumps({{"type": kind, "session_id": "s", "uuid": "u", **message}}), flush=True)
def answer(*blocks):
    say("assistant", message={{"model": "m", "content": list(blocks)}})
def hear():
    return json.loads(sys.stdin.readline() or sys.exit(1))
asked = hear()
say("control_response", response={{"subtype": "success", "request_id": asked["request_id"],
    "response": {{"hook_on_failure_supported": True}}}})
brief = hear()
say("system", subtype="init")
delta = {{"type": "text_delta", "text": "a few words "}}
for turn in range({TURNS}):
    begun = {{"type": "message_start", "message": {{"usage": {{"input_tokens": 9}}}}}}
    say("stream_event", event=begun)
    for _ in range({PIECES}):
        say("stream_event", event={{"type": "content_block_delta", "index": 0, "delta": delta}})
    key, given = f"call_{{turn}}", {{"command": f"echo {{turn}}"}}
    answer({{"type": "text", "text": delta["text"] * {PIECES}}})
    answer({{"type": "tool_use", "id": key, "name": "Bash", "input": given}})
    say("control_request", request_id=key, request={{
        "subtype": "hook_callback", "callback_id": "hook_0", "tool_use_id": key,
        "input": {{"tool_name": "Bash", "tool_input": given}}}})
    hear()
    result = {{"type": "tool_result", "tool_use_id": key, "content": "x" * 500}}
    say("user", message={{"content": [result]}})
say("result", subtype="success", duration_ms=1, duration_api_ms=1, is_error=False, num_turns=1,
    user_message_uuids=[brief.get("uuid", "")])
"""
Story = Callable[[Path, Path], Coroutine[Any, Any, None]]


async def bare(program: Path, folder: Path) -> None:
    async def look(*_asked: Any) -> Any:
        return {}

    options = ClaudeAgentOptions(
        cli_path=program,
        cwd=folder,
        include_partial_messages=True,
        hooks={"PreToolUse": [HookMatcher(hooks=[look])]},
    )
    async with ClaudeSDKClient(options) as client:
        await client.query("Go")
        async for _ in client.receive_response():
            pass


async def ours(program: Path, folder: Path) -> None:
    async def ask(request: Request) -> Decision:
        return Decision(request=request.id, allowed=True, by="policy")

    async def record(fact: Fact) -> None:
        fact.model_dump_json()

    place = JobLayout(
        root=str(folder),
        cwd=str(folder),
        env={"PATH": "/usr/bin:/bin"},
        mounts=(
            Mount(at=str(folder), mode="rw", source=folder),
            Mount(at=sys.base_prefix, mode="ro", source=Path(sys.base_prefix)),
            Mount(at=sys.prefix, mode="ro", source=Path(sys.prefix)),
        ),
    )
    home = folder.parent / "kept" / "home"
    home.mkdir(parents=True, exist_ok=True)
    launched = Launcher(
        Program.parse(str(program), started_in=folder, environ={}),
        sandbox=await choose_sandbox("auto"),
    )
    worker = ClaudeWorker(launched, choices=ClaudeChoices())
    brief = Brief(run="r", round=1, text="Go", place=place, home=home, seconds=600)
    ended = await worker.work(brief, WorkerCallbacks(ask, record, lambda _text: None))
    assert ended.claims, ended


def cpu(story: Story, program: Path, folder: Path) -> float:
    before = resource.getrusage(resource.RUSAGE_SELF)
    asyncio.run(story(program, folder))
    after = resource.getrusage(resource.RUSAGE_SELF)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main() -> None:
    os.environ["CLAUDE_AGENT_SDK_SKIP_VERSION_CHECK"] = "1"
    stories: dict[str, Story] = {"the bare SDK": bare, "our worker": ours}
    with tempfile.TemporaryDirectory() as temporary:
        folder, program = Path(temporary, "tree"), Path(temporary, "bin", "claude")
        folder.mkdir()
        program.parent.mkdir()
        program.write_text(PLAYED)
        program.chmod(0o755)
        for story in stories.values():
            cpu(story, program, folder)  # loads what it needs
        least = [min(cpu(each, program, folder) for _ in range(3)) for each in stories.values()]
    for name, seconds in zip(stories, least, strict=True):
        print(f"{name}: {seconds / (TURNS * (PIECES + 5)) * 1e6:.0f} us of CPU for a message")
    print(f"ratio {least[1] / least[0]:.2f} (bar {BAR})")


if __name__ == "__main__":
    main()
