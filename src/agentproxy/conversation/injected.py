"""Puts before the agent what nobody asked for, so that vendors accept the history. Pure."""

from agentproxy.conversation.state import Chat
from agentproxy.events.conversation import AssistantMessage, Text, UserMessage

GO_ON = "[Go on from where you left off.]"


def within(tag: str, text: str) -> str:
    """Returns a stranger's text that does not end the block `tag` around it."""
    # A space more, and nothing less: what is left out could join what stands around it.
    return text.replace(f"</{tag}", f"< /{tag}")


def put_before(state: Chat, text: str, noted: str) -> None:
    """Adds a text and the word of the agent that it has read it.

    Vendors want roles that alternate, a person's word last, and results behind their calls.
    """
    said = UserMessage(parts=(Text(text=text),))
    answer = AssistantMessage(parts=(Text(text=noted),))
    last = state.messages[-1] if state.messages else None
    if isinstance(last, UserMessage) and all(isinstance(part, Text) for part in last.parts):
        state.messages[-1:] = [said, answer, last]
        return
    state.say(said)
    state.messages.append(answer)
    if state.active:
        state.say(UserMessage(parts=(Text(text=GO_ON),)))
