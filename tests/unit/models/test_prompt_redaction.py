"""Secrets go from what a model is asked, and each message is looked at once."""

from agentproxy.events.conversation import AssistantMessage, Text, ToolResult, UserMessage
from agentproxy.models.port import Prompt
from agentproxy.models.prompt_redaction import PromptRedactor

SECRET = "hunter2-hunter2"


class Counting:
    """Replaces the secret, and remembers what it was given."""

    def __init__(self) -> None:
        self.given: list[str] = []

    def __call__(self, text: str) -> str:
        self.given.append(text)
        return text.replace(SECRET, "[REDACTED]")


def user(text: str) -> UserMessage:
    return UserMessage(parts=(Text(text=text),))


def test_texts_and_results_lose_their_secrets_and_what_is_clean_stays_the_same_object() -> None:
    clean, told = user("Fix it"), UserMessage(parts=(ToolResult(call="1", text=f"k={SECRET}"),))
    said = AssistantMessage(parts=(Text(text="I look."),))
    found = PromptRedactor(Counting())(
        Prompt(system=f"never {SECRET}", messages=[clean, said, told])
    )
    assert SECRET not in repr(found)
    assert found.messages[0] is clean
    assert found.messages[1] is said


def test_a_longer_conversation_keeps_what_was_cleaned_and_looks_only_at_what_is_new() -> None:
    counting = Counting()
    cleaned = PromptRedactor(counting)
    messages = [user(SECRET)]
    first = cleaned(Prompt(system="", messages=messages))
    counting.given.clear()
    again = cleaned(Prompt(system="", messages=[*messages, user("and more")]))
    assert again.messages[0] is first.messages[0]
    assert [text for text in counting.given if text] == ["and more"]


def test_a_past_that_was_replaced_is_looked_at_anew() -> None:
    cleaned = PromptRedactor(Counting())
    cleaned(Prompt(system="", messages=[user("one"), user(SECRET)]))
    found = cleaned(Prompt(system="", messages=[user("summary"), user(SECRET)]))
    assert SECRET not in repr(found)
