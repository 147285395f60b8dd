"""The lines that a person reads of a conversation's events. Pure."""

import json
from collections.abc import Callable, Iterator, Sequence

from agentproxy.app.show.lines import RenderedLine
from agentproxy.cli.chat.port import Message
from agentproxy.cli.chat.story import Call, ChatStory, Thought
from agentproxy.cli.chat.typed import HELP

ONE_LINE = 100  # characters
NAMES = {"plan_mode": "plan mode", "approval": "approval", "teams": "teams"}
# A server of another version may leave fields out.
Words = Callable[[Message, ChatStory], Iterator[RenderedLine]]


def lines_of(message: Message, story: ChatStory) -> list[RenderedLine]:
    """Returns what is shown of an event that the story has taken. Pieces of text are not here."""
    words = WORDS.get(str(message["type"]))
    return list(words(message, story)) if words else []


def folded(call: Call | Thought) -> RenderedLine:
    """Returns the one line of a call or of a thought."""
    if isinstance(call, Thought):
        return RenderedLine(f"[{call.number}] thought  {_first_line(call.text)}", "quiet", 1)
    asked = one_line(_main_part(call.input))
    if call.result is None:
        return RenderedLine(f"[{call.number}] {call.tool} {asked}  no result", "unsure", 1)
    text = f"[{call.number}] {call.tool} {asked}  ->  {_first_line(call.result)}"
    return RenderedLine(text, "bad" if call.failed else "quiet", 1)


def _first_line(text: str) -> str:
    lines = text.splitlines() or [""]
    more = f" (+{len(lines) - 1} lines)" if len(lines) > 1 else ""
    return f"{one_line(lines[0])}{more}"


def unfolded(call: Call | Thought) -> list[RenderedLine]:
    """Returns a call and its result, or a thought, whole."""
    if isinstance(call, Thought):
        said = [RenderedLine(line, "plain", 2) for line in call.text.splitlines()]
        return [RenderedLine(f"[{call.number}] thought", "loud"), *said]
    lines = [RenderedLine(f"[{call.number}] {call.tool}", "loud"), *asked_whole(call.input)]
    lines.append(RenderedLine("result:" if call.result is not None else "no result", "quiet", 1))
    lines += [RenderedLine(line, "plain", 2) for line in (call.result or "").splitlines()]
    return lines


def asked_whole(asked: Message) -> list[RenderedLine]:
    """Returns every field of a call's input, with nothing left out."""
    lines: list[RenderedLine] = []
    for name, value in asked.items():
        text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, indent=2)
        if "\n" in text:
            lines.append(RenderedLine(f"{name}:", "quiet", 2))
            lines += [RenderedLine(line, "plain", 3) for line in text.splitlines()]
        else:
            lines.append(RenderedLine(f"{name}: {text}", "plain", 2))
    return lines


def request_lines(tools: Sequence[Message]) -> list[RenderedLine]:
    """Returns what an approval is asked for, whole."""
    lines = [RenderedLine("the agent asks to run:", "unsure")]
    for tool in tools:
        lines.append(RenderedLine(str(tool["name"]), "loud", 1))
        lines += asked_whole(tool["input"])
    return lines


def status_lines(story: ChatStory, *, conversation: str, place: str) -> list[RenderedLine]:
    on = [NAMES[name] for name, enabled in story.switches.items() if enabled]
    on += [f"thinking ({story.thinking})"] if story.thinking else []
    state = "at work" if story.active else "idle"
    state = "waits for your answer" if story.requests else state
    used = story.usage
    return [
        RenderedLine(f"conversation {conversation}, {place}"),
        RenderedLine(
            f"{state}; {len(story.waiting)} messages wait; on: {', '.join(on) or 'nothing'}"
        ),
        RenderedLine(f"tokens: {used['input_tokens']} in, {used['output_tokens']} out"),
        *([RenderedLine("a plan waits: /approve or /reject", "unsure")] if story.plan else []),
    ]


def queue_lines(story: ChatStory) -> list[RenderedLine]:
    if not story.waiting:
        return [RenderedLine("no message waits", "quiet")]
    texts = enumerate(story.waiting.values(), 1)
    return [RenderedLine(f"{number}. {one_line(text)}") for number, text in texts]


def help_lines() -> list[RenderedLine]:
    width = max(len(usage) for usage, _ in HELP) + 2
    return [
        *(RenderedLine(f"{usage:{width}}{meaning}") for usage, meaning in HELP),
        RenderedLine("Enter sends, and waits where a turn is under way; Alt+Enter begins a line."),
        RenderedLine("Ctrl+C stops the turn and asks for feedback; Ctrl+D leaves."),
    ]


def one_line(text: str) -> str:
    flat = " ".join(text.split())
    return flat if len(flat) <= ONE_LINE else flat[: ONE_LINE - 3] + "..."


def _main_part(asked: Message) -> str:
    for name in ("command", "path", "pattern", "prompt", "skill", "subject"):
        if isinstance(asked.get(name), str):
            return str(asked[name])
    return "" if not asked else json.dumps(asked, ensure_ascii=False)


def _result(message: Message, story: ChatStory) -> Iterator[RenderedLine]:
    calls = (each for each in reversed(story.folded) if isinstance(each, Call))
    call = next((each for each in calls if each.id == message["id"]), None)
    if call is not None:
        yield folded(call)


def _error(message: Message, _story: ChatStory) -> Iterator[RenderedLine]:
    yield RenderedLine(f"error: {message['message']}", "bad")
    if message.get("cure"):
        yield RenderedLine(str(message["cure"]), "bad", 1)


def _done(message: Message, _story: ChatStory) -> Iterator[RenderedLine]:
    if message.get("cancelled"):
        yield RenderedLine("stopped", "unsure")
    if files := message.get("files"):
        yield RenderedLine("files: " + ", ".join(each["path"] for each in files), "quiet")


def _changed(message: Message, _story: ChatStory) -> Iterator[RenderedLine]:
    name = NAMES[str(message["type"]).removesuffix("_changed")]
    yield RenderedLine(f"{name} is {'on' if message['enabled'] else 'off'}", "quiet")


def _plan(message: Message, _story: ChatStory) -> Iterator[RenderedLine]:
    yield RenderedLine("the plan:", "loud")
    yield from (RenderedLine(line, "plain", 1) for line in str(message["plan"]).splitlines())
    yield RenderedLine("/approve executes it, /reject FEEDBACK has it revised", "unsure")


def _rejected(message: Message, _story: ChatStory) -> Iterator[RenderedLine]:
    why = f": {message['feedback']}" if message.get("feedback") else ""
    yield RenderedLine(f"the plan is rejected{why}", "unsure")


def _denied(message: Message, _story: ChatStory) -> Iterator[RenderedLine]:
    yield RenderedLine(f"denied: {', '.join(message['tools'])}", "unsure", 1)


def _compact(message: Message, _story: ChatStory) -> Iterator[RenderedLine]:
    yield RenderedLine(str(message["message"]), "quiet")
    if message.get("error"):
        yield RenderedLine(str(message["error"]), "bad", 1)


def _subagent(message: Message, _story: ChatStory) -> Iterator[RenderedLine]:
    kind = message.get("agent_type", "")
    if message["type"] == "subagent_start":
        yield RenderedLine(f"subagent {kind}: {one_line(str(message.get('task', '')))}", "quiet", 1)
    else:
        summary = one_line(str(message.get("summary", "")))
        yield RenderedLine(f"subagent {kind} is done: {summary}", "quiet", 1)


def _todos(message: Message, _story: ChatStory) -> Iterator[RenderedLine]:
    signs = {"completed": "x", "in_progress": ">"}
    for item in message.get("todos", message.get("tasks", [])):
        text = one_line(str(item.get("content", item.get("subject", ""))))
        yield RenderedLine(f"[{signs.get(str(item.get('status')), ' ')}] {text}", "quiet", 1)


def _background(message: Message, _story: ChatStory) -> Iterator[RenderedLine]:
    command = one_line(str(message.get("command", "")))
    yield RenderedLine(f"in the background, {message.get('status', '')}: {command}", "quiet", 1)


def _teammate(message: Message, _story: ChatStory) -> Iterator[RenderedLine]:
    yield RenderedLine(
        f"teammate {message.get('name', '')}: {message.get('status', '')}", "quiet", 1
    )


WORDS: dict[str, Words] = {
    "tool_result": _result,
    "error": _error,
    "done": _done,
    "interrupted": _done,
    "plan_mode_changed": _changed,
    "approval_changed": _changed,
    "teams_changed": _changed,
    "plan_ready": _plan,
    "plan_rejected": _rejected,
    "tool_approval_result": _denied,
    "compact": _compact,
    "subagent_start": _subagent,
    "subagent_end": _subagent,
    "todo_update": _todos,
    "task_update": _todos,
    "background_ended": _background,
    "teammate_status": _teammate,
}
