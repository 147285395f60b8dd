"""The command line and the variables of Claude Code."""

import pytest

from agentproxy.workers.claude.command_line import (
    MODEL_NAMES,
    ClaudeChoices,
    answer_tokens,
    arguments,
    variables,
)

USUAL = arguments(ClaudeChoices(), model="claude-sonnet-4-6")


def test_nothing_of_the_repository_or_the_home_is_loaded() -> None:
    assert {"--setting-sources=", "--strict-mcp-config"} <= {*USUAL}


def test_permissions_and_questions_come_to_us() -> None:
    assert {"--permission-prompt-tool=stdio", "--permission-mode=default"} <= {*USUAL}
    (tools,) = [word for word in USUAL if word.startswith("--tools=")]
    names = {*tools.partition("=")[2].split(",")}
    assert {"AskUserQuestion", "Bash", "Edit", "Read", "Task", "Write"} <= names
    assert not names & {"WebFetch", "WebSearch", "Monitor", "CronCreate", "EnterWorktree"}


def test_a_conversation_is_resumed_by_its_id_as_one_word() -> None:
    words = arguments(ClaudeChoices(), model="", session="--dangerous")
    assert "--resume=--dangerous" in words
    assert not any(
        word.startswith(("--resume", "--model")) for word in USUAL if "sonnet" not in word
    )


def test_what_the_user_chose_is_told() -> None:
    choices = ClaudeChoices(mode="plan", tools=("Read",), directories=("/a", "/b"))
    words = arguments(choices, model="m", servers="/servers.json")
    assert {"--permission-mode=plan", "--tools=Read", "--model=m"} <= {*words}
    assert words[words.index("/a") - 1] == words[words.index("/b") - 1] == "--add-dir"
    assert "--mcp-config=/servers.json" in words


def test_every_name_of_a_model_is_that_of_the_granted_one() -> None:
    found = variables(model="claude-sonnet-4-6", shell="/guard", answer_tokens=2048)
    assert {found[name] for name in MODEL_NAMES} == {"claude-sonnet-4-6"}
    assert found["CLAUDE_CODE_SHELL_PREFIX"] == "/guard"
    assert found["CLAUDE_CODE_MAX_OUTPUT_TOKENS"] == "2048"
    assert found["CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC"] == "1"


def test_without_a_model_or_a_guard_none_is_named() -> None:
    found = variables(model="")
    assert not {*found} & {
        *MODEL_NAMES,
        "CLAUDE_CODE_SHELL_PREFIX",
        "CLAUDE_CODE_MAX_OUTPUT_TOKENS",
    }


@pytest.mark.parametrize(
    ("left", "thousand", "tokens"),
    [
        (None, 0.015, None),
        (1.0, 0.0, None),
        (0.9, 0.015, 10_000),
        (1000.0, 0.015, 32_000),
        (0.001, 0.015, 1024),
        (-1.0, 0.015, 1024),
    ],
)
def test_an_answer_is_as_long_as_the_money_pays(
    left: float | None, thousand: float, tokens: int | None
) -> None:
    assert answer_tokens(left, thousand=thousand) == tokens
