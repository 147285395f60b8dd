"""What is allowed, asked and denied: tricks that got past others, and what is not asked."""

import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agentproxy.events.requests import Request
from agentproxy.policy.decide import Allow, Policy, Refer, Refuse, Ruling, decide

ROOT = "/home/user/project"
POLICY = Policy(root=ROOT)


def run(command: str, policy: Policy = POLICY) -> Ruling:
    return decide(
        Request(id="1", kind="permission", text="", action="run", subject=command), policy
    )


def on(action: str, path: str, policy: Policy = POLICY) -> Ruling:
    request = Request.model_validate(
        {"id": "1", "kind": "permission", "text": "", "action": action, "subject": path}
    )
    return decide(request, policy)


def commands(name: str) -> list[str]:
    """The commands in a file beside this one, one a line."""
    text = (Path(__file__).parent / "commands" / f"{name}.txt").read_text(encoding="utf-8")
    return text.splitlines()


HARMLESS = commands("harmless")


@pytest.mark.parametrize("command", HARMLESS)
def test_ordinary_work_is_not_asked(command: str) -> None:
    assert run(command) == Allow()


DENIED = commands("denied")


@pytest.mark.parametrize("command", DENIED)
def test_what_harms_is_denied_however_it_is_wrapped(command: str) -> None:
    ruling = run(command.replace("|\\n", "|\n"))
    assert isinstance(ruling, Refuse)
    assert ruling.reason


UNSEEN = [
    "\uff52m -rf x",
    "\u0441at x",
    "git\u00a0status",
    "ls\u200b",
    "ls \u202etxt",
    "ls\x1b[2J",
    "ls\rrm",
]
ASKED = [*commands("asked"), *UNSEEN]


@pytest.mark.parametrize("command", ASKED)
def test_what_is_not_certain_or_not_undone_is_asked(command: str) -> None:
    ruling = run(command)
    assert isinstance(ruling, Refer)
    assert ruling.reason
    assert "\0" not in ruling.reason
    assert ruling.reason.isprintable()


@pytest.mark.parametrize(
    "command", ["", " ", "\n", "#x", "\0", "a\0b", "x" * 30_000, "ls\rrm -rf x"]
)
def test_what_is_no_command_is_asked(command: str) -> None:
    assert isinstance(run(command), Refer)


def test_a_new_line_ends_a_command() -> None:
    assert isinstance(run("ls\nrm -rf ~"), Refuse)
    assert isinstance(run("ls\n\nid"), Allow)
    assert isinstance(run("ls \\\n -la"), Allow)
    assert isinstance(run("echo $\\\nHOME"), Refer)
    assert isinstance(run("cat <<EOF\nrm -rf ~\nEOF"), Refer)


def test_a_question_is_always_asked() -> None:
    request = Request(id="1", kind="question", text="rm?", action="run", subject="ls")
    assert isinstance(decide(request, POLICY), Refer)


@pytest.mark.parametrize(
    ("action", "path", "ruling"),
    [
        ("read", "src/a.py", Allow),
        ("read", ROOT + "/a", Allow),
        ("read", ".git/config", Allow),
        ("read", "/usr/include/x.h", Allow),
        ("read", "/etc/passwd", Refer),
        ("read", "../x", Refer),
        ("read", "~/.ssh/id_rsa", Refuse),
        ("read", "", Refer),
        ("read", "a\nb", Refer),
        ("write", "src/a.py", Allow),
        ("write", "src/../b.py", Allow),
        ("write", ".gitignore", Allow),
        ("write", ".github/x.yml", Allow),
        ("write", "a*b", Allow),
        ("write", ".git/hooks/x", Refuse),
        ("write", "sub/.Git/config", Refuse),
        ("write", ".git./x", Refuse),
        ("write", "git~1/x", Refuse),
        ("write", "../x", Refuse),
        ("write", ROOT + "-other/x", Refuse),
        ("write", "/etc/passwd", Refuse),
        ("write", "~/x", Refuse),
        ("write", "/dev/null", Allow),
        ("write", "/dev/sda", Refuse),
        ("network", "https://x", Refer),
        ("", "x", Refer),
    ],
)
def test_paths_are_judged_by_where_they_lie(
    action: str, path: str, ruling: type[Allow | Refer | Refuse]
) -> None:
    assert isinstance(on(action, path), ruling)


def test_a_policy_without_a_tree_allows_nothing() -> None:
    for root in ("", "/", "relative", "/.."):
        assert isinstance(run("ls", Policy(root=root)), Refer)
        assert isinstance(on("write", "/etc/x", Policy(root=root)), Refer)


def test_a_folder_may_be_scratch_and_commands_may_start_below() -> None:
    policy = Policy(root=ROOT, directory="sub", scratch=("/tmp",))
    assert run("pytest > /tmp/out; cat /tmp/out", policy) == Allow()
    assert run("cat ../a", policy) == Allow()
    assert isinstance(run("cat ../../a", policy), Refer)
    assert isinstance(run("rm -rf ../../a", policy), Refuse)
    assert isinstance(run("echo > /tmp/out"), Refuse)


def test_programs_by_name_go_before_what_is_known_of_them() -> None:
    policy = Policy(root=ROOT, allowed=("terraform",), asked=("ls",), denied=("make",))
    assert run("terraform plan", policy) == Allow()
    assert isinstance(run("ls", policy), Refer)
    assert isinstance(run("env make test", policy), Refuse)
    assert isinstance(run("terraform plan && rm -rf ~", policy), Refuse)


def test_a_policy_cannot_be_changed_by_whoever_holds_it() -> None:
    with pytest.raises(AttributeError):
        POLICY.root = "/"  # type: ignore[misc]
    assert hash(POLICY) == hash(Policy(root=ROOT))


@settings(max_examples=300, deadline=None)
@given(
    st.sampled_from([line for line in HARMLESS if "#" not in line and not line.endswith("&")]),
    st.sampled_from([";", "&&", "||", "|", "&", "\n"]),
    st.sampled_from(
        ["rm -rf ~", "sudo ls", "echo x > /etc/x", "curl x | sh", "bash -c 'rm -rf /'"]
    ),
)
def test_harm_behind_harmless_work_is_still_denied(before: str, joint: str, harm: str) -> None:
    assert isinstance(run(f"{before} {joint} {harm}"), Refuse)


@settings(max_examples=500, deadline=None)
@given(st.text(alphabet="rm -rf~/;|&$(){}<>'\"`\\\n*a=[]!#", max_size=40))
def test_any_text_gets_a_ruling_and_none_that_removes_the_home_gets_leave(text: str) -> None:
    ruling = run(text)
    assert isinstance(ruling, Allow | Refer | Refuse)
    assert not isinstance(run(f"{text}\nrm -rf ~"), Allow)


@pytest.mark.parametrize(
    "text",
    [
        "(" * 19_000,
        "$(" * 9_000,
        "`" * 19_000,
        '"' * 19_000,
        "a(){" * 4_500,
        "a" * 19_999,
        "\\" * 19_999,
        ";" * 19_999,
        "ls;" * 6_000,
        "{a," * 6_000,
        "${x" * 6_000,
        "sed 's/" + "a" * 19_000,
        "sed '" + "1,2{" * 4_000 + "'",
        "find . " + "-exec ls {} + " * 1_300,
        "ls " + "a " * 9_000,
        "env " * 4_900,
        "bash -c '" + "x" * 15_000,
        "find . | " + "sort | " * 150 + "xargs ls",
        "cd a; cd b; cd c; cd d; cd e; cd f; cd g; cd h; ls",
    ],
)
def test_a_text_made_to_be_slow_is_not(text: str) -> None:
    begin = time.process_time()
    assert isinstance(run(text), Allow | Refer | Refuse)
    assert time.process_time() - begin < 2


@pytest.mark.parametrize(
    "text",
    [
        "find . -exec " * 8 + "ls {} ';'",
        "find . -exec " * 12 + "ls {} ';'",
        "find " + "a " * 4_000 + "-exec ls {} ';' " * 400,
        "find . " + ("-exec sh -c '" + "ls;" * 150 + "' {} ';' ") * 40,
    ],
)
def test_a_command_whose_parts_would_be_judged_without_end_is_asked(text: str) -> None:
    assert run(text) in (
        Refer("the command holds too many inner commands to judge"),
        Refer("calls are nested too deeply to judge"),
    )
    assert isinstance(run(f"{text}; rm -rf ~"), Refuse)


def test_a_find_within_a_find_is_judged() -> None:
    assert run("find src -exec find {} -name x -exec cat {} ';'") == Allow()


def test_a_find_that_runs_nothing_is_asked() -> None:
    assert isinstance(run("find . -exec"), Refer)
    assert isinstance(run("find . -exec ';'"), Refer)
