"""One definition each of what is unseen, what is git's own folder, and what is secret."""

import pytest

from agentproxy.cli.cleaning import clean
from agentproxy.events.requests import Request
from agentproxy.files.pathnames import BadPath, names_of
from agentproxy.policy.decide import Policy, Refuse, decide
from agentproxy.policy.shell import Unclear, parse
from agentproxy.text.git_folder import is_git_folder
from agentproxy.text.sensitive import CLOSES_A_FOLDER, NEVER_READ, SECRET_FILES, tells_a_secret
from agentproxy.text.unseen import has_unseen, is_unseen, visible

UNSEEN = [
    *("\0", "\x07", "\x1b", "\x7f", "\x85", "\u200b", "\u200f", "\u202e", "\u2060", "\ufeff"),
    *("\u2028", "\u2029", "\ue000", "\ud800", "\U000e0041", "\U000f0000", "\uffff"),
]  # fmt: skip


@pytest.mark.parametrize("sign", UNSEEN, ids=ascii)
def test_what_is_unseen_is_so_for_paths_commands_prompts_and_screens(sign: str) -> None:
    assert is_unseen(sign)
    with pytest.raises(BadPath, match="cannot be seen"):
        names_of(f"a{sign}b")
    with pytest.raises(Unclear, match="cannot be seen"):
        parse(f"a{sign}b")
    assert sign not in visible(f"a{sign}b")
    assert sign not in clean(f"a{sign}b")


@pytest.mark.parametrize("sign", ["a", " ", "\u00a0", "\u3000", "é", "\u0301", "中", "⚙", "\ufe0f"])
def test_letters_blanks_and_marks_are_seen(sign: str) -> None:
    assert not has_unseen(f"a{sign}b")
    assert names_of(f"a{sign}b") == (f"a{sign}b",)
    assert clean(f"a{sign}b") == f"a{sign}b"


def test_a_caller_names_what_it_lets_pass() -> None:
    assert has_unseen("a\tb\n")
    assert not has_unseen("a\tb\n", but="\t\n")


@pytest.mark.parametrize(
    "name",
    [".git", ".GIT", ".git.", ".git ", ".git. .", "git~1", "GIT~1", ".git::$INDEX", ".git :x"],
)
def test_git_s_own_folder_is_known_by_every_name_of_it(name: str) -> None:
    assert is_git_folder(name)
    write = Request(id="1", kind="permission", text="", action="write", subject=f"sub/{name}/x")
    assert isinstance(decide(write, Policy(root="/tree")), Refuse)
    with pytest.raises(BadPath, match="git's own folder"):
        names_of(f"sub/{name}/x")


@pytest.mark.parametrize("name", ["git", ".gitignore", ".github", "a.git", "x.git.", "git~2", ""])
def test_other_names_are_not(name: str) -> None:
    assert not is_git_folder(name)


def test_names_of_secret_files_are_secret_for_the_policy_and_for_the_sandbox() -> None:
    assert set(SECRET_FILES) <= set(NEVER_READ) & CLOSES_A_FOLDER
    assert ".config" not in NEVER_READ
    assert "gh" not in CLOSES_A_FOLDER


@pytest.mark.parametrize(
    "text",
    [
        *("the password is hunter2", "TOKEN=x", "api_key: 'a'", "its passphrase is x"),
        "use AKIAABCDEFGHIJKLMNOP for it",
        "İ İ İ ghp_" + "a" * 36,
        "https://user:pass@example.com/",
        "-----BEGIN RSA PRIVATE KEY-----\n" + "A" * 64,
    ],
)
def test_a_secret_is_known_by_its_words_or_by_its_shape(text: str) -> None:
    assert tells_a_secret(text)


@pytest.mark.parametrize("text", ["Dates are written as YYYY-MM-DD", "See https://example.com/a"])
def test_honest_words_tell_no_secret(text: str) -> None:
    assert not tells_a_secret(text)
