"""What clients are told of commands in the background. Pure."""

from collections.abc import Iterator

from agentproxy.events.background import (
    BackgroundEnded,
    BackgroundNotice,
    BackgroundTold,
    BackgroundWanted,
)
from agentproxy.events.envelope import Event
from agentproxy.server.chat.wire import Message, WireStory, tells
from agentproxy.tools.background.tasks import BackgroundTask, notice_of


@tells(BackgroundWanted)
def _wanted(story: WireStory, fact: BackgroundWanted, _event: Event) -> Iterator[Message]:
    story.behind[fact.task] = fact.command
    yield from ()


@tells(BackgroundEnded)
def _ended(story: WireStory, fact: BackgroundEnded, event: Event) -> Iterator[Message]:
    # Its first end counts.
    if (command := story.behind.pop(fact.task, None)) is not None:
        task = BackgroundTask(
            fact.task, command, fact.status, result=fact.result, exit_code=fact.exit_code
        )
        yield story.message_of(event, "background_ended", **_shown(notice_of(task)))


@tells(BackgroundTold)
def _told(story: WireStory, fact: BackgroundTold, event: Event) -> Iterator[Message]:
    notifications = [_shown(each) for each in fact.notices]
    yield story.message_of(event, "background_result", notifications=notifications)


def _shown(notice: BackgroundNotice) -> Message:
    return {
        "task_id": notice.task,
        "status": notice.status,
        "command": notice.command,
        "result": notice.result,
        "exit_code": notice.exit_code,
    }
