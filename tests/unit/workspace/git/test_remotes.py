"""The remotes that a clone names: only names that git accepts, and addresses without secrets."""

import pytest
from support.repositories import run

from agentproxy.workspace.git.command import GitLocation, git_status
from agentproxy.workspace.git.remotes import find_remotes, public_address

TOKEN = "ghp_" + "a1B2" * 9
GOOD = ("origin", "a/b", "a.b", "-x", "lock", "ä", "a]", "a@b", "@", "a.", "a{", "x.lockb", "a'\"b")
BAD = (
    "a b", "x.lock", "a*", "..", "a..b", ".", ".a", "a/.b", "a/", "/a", "a//b", "a~", "a^", "a:b",
    "a?", "a[", "a\\b", "a@{b", "x.lock/y",
)  # fmt: skip


@pytest.mark.parametrize("name", [*GOOD, *BAD])
def test_a_remote_is_named_just_when_git_accepts_its_name(name: str) -> None:
    ref = f"refs/remotes/{name}/main"
    _, code = run(git_status("check-ref-format", ref, where=GitLocation(), accept=(0, 1)))
    found = find_remotes({f"remote.{name}.url": "https://example.org/x"})
    assert bool(found) == (code == 0) == (name in GOOD)


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("git@example.org:me/calc.git", "git@example.org:me/calc.git"),
        ("git@example.org:me/calc@2", "git@example.org:me/calc@2"),
        ("/srv/a:b/calc@2", "/srv/a:b/calc@2"),
        ("../calc", "../calc"),
        ("ssh://git@example.org:22/calc.git", "ssh://git@example.org:22/calc.git"),
        ("file:///srv/calc", "file:///srv/calc"),
        ("https://u:p@h/x?token=abc#p", "https://h/x"),
        ("https://h/x;token=abc", "https://h/x"),
        ("ssh://u:p@h/x", "ssh://u@h/x"),
        ("//u:p@h/x", "h/x"),
        ("https:u:p@h/x", "h/x"),
        ("https:/u:p@h/x", "h/x"),
        ("user:pw@host:path", "host:path"),
        ("user:p@w@host:path", "host:path"),
        ("me@corp:pw@host:path", "host:path"),
        ("host:path;token=abc", "host:path"),
        ("x@y://u:p@h/x", ""),
        ("https://h/https://u:p@h/x", ""),
        (f"https://h/{TOKEN}/x", ""),
        (f"host:{TOKEN}/x", ""),
        (f"ssh://{TOKEN}@h/x", ""),
        ("https://h:no/x", ""),
        ("helper::u:p@h", ""),
    ],
)
def test_an_address_is_shown_without_what_may_be_secret(address: str, shown: str) -> None:
    assert public_address(address) == shown
