"""Which programs a command line calls, against a list."""

import pytest

from agentproxy.policy.allowed_programs import not_listed

ALLOWED = ("ls", "cat", "echo", "git")


@pytest.mark.parametrize(
    ("command", "refused"),
    [
        ("ls -la", ""),
        ("cat a | cat; echo done && git status", ""),
        ("X=1 ls", ""),
        ("curl example.org", "curl"),
        ("ls; rm -r x", "rm"),
        ("ls && (cd y; rm z)", "cd"),
        ("echo $(whoami)", "whoami"),
        ("echo `id`", "id"),
        ("cat <(wget x)", "wget"),
        ("./ls", "./ls"),
        ("/bin/ls", "/bin/ls"),
        ("X=$(rm y) ls", "rm"),
    ],
)
def test_the_first_program_that_is_not_listed_is_named(command: str, refused: str) -> None:
    assert not_listed(command, ALLOWED) == refused


@pytest.mark.parametrize("command", ["$X -la", "eval ls", "l\\s\x07", "echo 'open"])
def test_what_cannot_be_read_for_certain_is_not_allowed(command: str) -> None:
    assert not_listed(command, ALLOWED)
