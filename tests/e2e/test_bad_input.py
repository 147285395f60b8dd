"""What cannot be used is refused in a sentence that names it and the cure, never as our defect."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from support.front_door import Pa
from support.projects import MEND

GREP = "grep -q 'a + b' calc.py"
WORK = ("--worker", "command:true")


@pytest.mark.parametrize("option", ["-d", "--set-workdir", "--add-screenshot"])
def test_the_home_of_a_user_who_is_not_there_is_named(pa: Pa, option: str) -> None:
    ran = pa(*WORK, option, "~nosuchuser/x.png", "Fix it")
    assert ran.code == 2
    assert "~nosuchuser/x.png" in ran.err


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["--set-workdir", b"odd\xff"], "odd"),
        (["-d", b"odd\xff", *WORK, "Fix it"], "odd"),
        ([*WORK, b"Fix \xff"], "the task"),
        ([*WORK, "--check", b"echo \xff", "Fix it"], "--check"),
        (["answer", "k7f2", b"Yes \xff"], "the text"),
        (["answer", "k7f2", "Yes", "--request", b"\xff"], "the request"),
        (["deny", "k7f2", b"No \xff"], "the reason"),
        (["message", "k7f2", b"Hey \xff"], "the text"),
        (["stop", "k7f2", "--reason", b"\xff"], "the reason"),
    ],
)
def test_what_is_not_utf_8_is_refused_by_its_name(
    pa: Pa, arguments: list[str | bytes], named: str
) -> None:
    (pa.project / os.fsdecode(b"odd\xff")).mkdir()
    ran = pa(*map(os.fsdecode, arguments))
    assert (ran.code, named in ran.err, "UTF-8" in ran.err) == (2, True, True), ran.err
    assert "codec" not in ran.err


def test_a_repository_whose_path_is_not_utf_8_is_refused(pa: Pa) -> None:
    folder = pa.project.rename(pa.project.with_name(os.fsdecode(b"odd\xff")))
    code, said = at_bytes(pa, *WORK, "Fix it", cwd=os.fsencode(folder))
    assert (code, "odd" in said, "UTF-8" in said) == (2, True, True), said


def at_bytes(pa: Pa, *arguments: str | bytes, cwd: bytes) -> tuple[int, str]:
    done = subprocess.run(
        [sys.executable, "-m", "agentproxy", *arguments],
        cwd=cwd,
        env=pa.environment(),
        capture_output=True,
        check=False,
    )
    said = done.stderr.decode()
    assert "defect" not in said, said
    assert "codec" not in said, said
    return done.returncode, said


def test_a_home_that_cannot_be_written_is_infrastructure(pa: Pa) -> None:
    ran = pa("--set-workdir", str(pa.project), env={"AGENTPROXY_HOME": "/proc/nobody/home"})
    assert ran.code == 6
    assert "/proc/nobody" in ran.err
    assert "defect" not in ran.err


@pytest.mark.parametrize("command", [("list",), ("doctor",), (*WORK, "Fix it")])
def test_a_home_that_cannot_be_made_is_named_with_its_variable(
    pa: Pa, command: tuple[str, ...]
) -> None:
    ran = pa(*command, env={"AGENTPROXY_HOME": "/proc/nobody/home"})
    assert ran.code == 6
    assert ran.err.splitlines() == [
        "pa: runs cannot be kept in /proc/nobody/home: No such file or directory",
        "    set AGENTPROXY_HOME to a folder that you may write",
    ]


@pytest.mark.parametrize("pattern", ["conf/**.json", "."])
def test_a_pattern_that_python_cannot_match_is_refused_with_its_key(pa: Pa, pattern: str) -> None:
    pa.write({"agentproxy.toml": f'carry = ["{pattern}"]\n'})
    pa.commit()
    assert pa("trust").code == 0
    ran = pa(*WORK, "Fix it")
    assert ran.code == 2
    assert "carry[0]" in ran.out + ran.err


def test_what_cannot_be_carried_is_noted_and_the_run_goes_on(pa: Pa) -> None:
    pa.write(
        {"agentproxy.toml": 'discovered = false\ncarry = ["conf/*"]\n', ".gitignore": "conf/\n"}
    )
    pa.commit()
    pa.write({"conf/small": "small"})
    with (pa.project / "conf" / "large").open("wb") as file:
        file.truncate((64 << 20) + 1)
    (pa.project / "conf" / "link").symlink_to(pa.project / "conf" / "small")
    assert pa("trust").code == 0
    ran = pa.task("--check", GREP, worker=MEND)
    found = ran.of_kind("environment_found")[0]
    assert found["carried"] == ["conf/small"]
    notes = "; ".join(found["notes"])
    assert "carry: 'conf/large' has more than 64 MiB" in notes
    assert "carry: 'conf/link'" in notes
    assert ran.code == 0, ran.result


@pytest.mark.parametrize("option", ["--check", "--keep"])
def test_a_check_that_no_shell_can_read_is_refused_before_a_run_begins(pa: Pa, option: str) -> None:
    ran = pa(*WORK, option, "touch x; test -f 'c", "Fix it")
    assert (ran.code, option in ran.err) == (2, True), ran.err
    assert "nterminated quoted string" in ran.err
    assert not (pa.project / "x").exists()
    assert pa("list", "--output", "json").out == ""


@pytest.mark.parametrize("words", [("list",), ("init",), WORK])
def test_a_working_folder_that_is_gone_is_said(pa: Pa, words: tuple[str, ...]) -> None:
    gone = pa.project / "gone"
    gone.mkdir()
    script = f'rmdir {gone} && exec "$@"'
    ran = subprocess.run(
        ["/bin/sh", "-c", script, "sh", f"{sys.prefix}/bin/pa", *words, *task(words)],
        cwd=gone,
        env=pa.environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert (ran.returncode, ran.stdout) == (2, "")
    assert ran.stderr == "pa: the current folder is gone\n    cd to a folder that exists\n"


def task(words: tuple[str, ...]) -> list[str]:
    return ["Fix it"] if words == WORK else []


@pytest.mark.parametrize("path", ["/etc/passwd", "", ":", "no/such:.", "/nowhere"])
def test_a_path_without_a_folder_that_holds_git_is_a_usage_error(pa: Pa, path: str) -> None:
    ran = pa(*WORK, "--check", "true", "Fix it", env={"PATH": path})
    assert ran.code == 2
    assert "git is not on PATH" in ran.err


def test_empty_relative_and_odd_entries_of_path_change_nothing(pa: Pa) -> None:
    usual = pa.environment()["PATH"]
    pa.env["PATH"] = f":/etc/passwd:.:{usual}:"
    pa.write({"agentproxy.toml": "discovered = false\n"})
    pa.commit()
    assert pa.task("--check", GREP, worker=MEND).code == 0


@pytest.mark.parametrize("place", ["", "deep/in/it"])
def test_a_home_inside_the_repository_is_refused_before_anything_is_written(
    pa: Pa, place: str
) -> None:
    home = pa.project / place / "home"
    (pa.project / place).mkdir(parents=True, exist_ok=True)
    before = pa.git("status", "--porcelain", "--ignored")
    ran = pa(*WORK, "Fix it", env={"AGENTPROXY_HOME": str(home)})
    assert ran.code == 2
    assert f"set AGENTPROXY_HOME to a folder outside {pa.project}" in ran.err
    assert not home.exists()
    assert pa.git("status", "--porcelain", "--ignored") == before


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ([*WORK, "x" * 100_000], "the task has 100000 bytes; the limit"),
        (
            [*WORK, "--check", "true " * 20_000, "Fix"],
            "--check has 100000 bytes; the limit",
        ),
        ([*WORK, "--keep", "x" * 20_000, "Fix"], "--keep has"),
        ([*WORK, "--known-red", "x" * 20_000, "Fix"], "--known-red has"),
        (["--worker", "command:" + "x" * 20_000, "Fix"], "--worker has"),
        ([*WORK, "--model", "x" * 20_000, "Fix"], "--model has"),
        ([*WORK, "--add-screenshot", "x" * 20_000, "Fix"], "--add-screenshot has"),
        ([*WORK, "-d", "x" * 20_000, "Fix"], "--directory has"),
        (["--set-workdir", "x" * 20_000], "--set-workdir has"),
        (["answer", "k7f2", "x" * 20_000], "the text has"),
        (["deny", "k7f2", "x" * 20_000], "the reason has"),
        (["message", "k7f2", "x" * 20_000], "the text has"),
        (["stop", "k7f2", "--reason", "x" * 20_000], "the reason has"),
        (["show", "x" * 20_000], "RUN has 20000 bytes"),
    ],
)
def test_very_long_words_are_refused_with_their_bound(
    pa: Pa, arguments: list[str], named: str
) -> None:
    ran = pa(*arguments)
    assert ran.code == 2
    assert named in ran.err
    assert len(ran.err) < 1000


def make_folder(path: Path) -> None:
    path.mkdir()


def link_to_a_device(path: Path) -> None:
    path.symlink_to("/dev/zero")


def link_to_itself(path: Path) -> None:
    path.symlink_to(path.name)


def link_to_a_fifo(path: Path) -> None:
    os.mkfifo(path.with_name("fifo"))
    path.symlink_to("fifo")


def link_to_a_folder(path: Path) -> None:
    path.symlink_to("/etc")


ODD = [make_folder, os.mkfifo, link_to_a_device, link_to_itself, link_to_a_fifo, link_to_a_folder]


@pytest.mark.slow
@pytest.mark.parametrize("make", ODD)
@pytest.mark.parametrize("which", ["user", "trust"])
def test_configuration_that_is_no_file_is_refused_with_its_name(
    pa: Pa, which: str, make: Callable[[Path], None]
) -> None:
    files = {
        "user": pa.home / "config" / "agentproxy" / "config.toml",
        "trust": pa.home / "trust.json",
    }
    file = files[which]
    file.parent.mkdir(parents=True)
    make(file)
    pa.write({"agentproxy.toml": '[checks.own]\ncommand = "true"\n'})
    pa.commit()
    ran = pa(*WORK, "--check", "true", "Fix it", patience=60)
    assert ran.code == 2, ran
    assert str(file) in ran.out + ran.err


@pytest.mark.slow
@pytest.mark.parametrize("make", [os.mkfifo, link_to_a_device, link_to_itself, link_to_a_fifo])
def test_a_dotenv_that_is_no_file_is_refused_with_its_name(
    pa: Pa, make: Callable[[Path], None]
) -> None:
    make(pa.project / ".env")
    ran = pa(*WORK, "--check", "true", "--max-rounds", "1", "Fix it", patience=60)
    assert ".env" in ran.out + ran.err
    assert ran.code in (1, 2, 3), ran


@pytest.mark.slow
@pytest.mark.parametrize("make", [link_to_a_device, link_to_itself])
def test_a_project_file_that_is_a_link_is_refused_with_its_name(
    pa: Pa, make: Callable[[Path], None]
) -> None:
    make(pa.project / "agentproxy.toml")
    pa.commit()
    ran = pa(*WORK, "--check", "true", "--max-rounds", "1", "Fix it", patience=60)
    assert ran.code == 2, ran
    assert "agentproxy.toml" in ran.out + ran.err


def test_a_claim_past_a_bound_is_refused_and_the_next_brief_says_why(pa: Pa) -> None:
    pa.write({"agentproxy.toml": "discovered = false\n"})
    pa.commit()
    deep = "$(printf 'd/%.0s' $(seq 250))"
    first = f"mkdir -p {deep}; {MEND}; exit 0"
    again = f"grep -q 'the claim is refused: .* is deeper than 200 folders'; rm -r d; {MEND}"
    ran = pa.task(
        "--check", GREP, worker=f"if [ $AGENTPROXY_ROUND = 1 ]; then {first}; fi; {again}"
    )
    assert ran.code == 0, ran
    refused = [claim["refused"] for claim in ran.of_kind("claim_recorded")]
    assert ["is deeper" in text for text in refused] == [True, False]
    assert "the claim is refused" in ran.of_kind("round_judged")[0]["reason"]


def test_a_claim_past_a_bound_in_its_last_round_is_not_accepted(pa: Pa) -> None:
    worker = f"mkdir -p $(printf 'd/%.0s' $(seq 1200)); {MEND}"
    ran = pa.task("--max-rounds", "1", "--check", GREP, worker=worker)
    assert ran.code in (1, 3), ran
    assert ran.of_kind("run_ended")


@pytest.mark.parametrize("name", ["$(printf '.g\\342\\200\\214it')", "'.git::$INDEX_ALLOCATION'"])
def test_names_that_git_refuses_do_not_end_a_run(pa: Pa, name: str) -> None:
    pa.write({"agentproxy.toml": "discovered = false\n"})
    pa.commit()
    ran = pa.task("--check", GREP, worker=f"mkdir {name}; touch {name}/x; touch src-{name}; {MEND}")
    assert ran.code == 0, ran
    assert "git cannot store this name" in " ".join(ran.of_kind("claim_recorded")[0]["findings"])


def large_file(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(300 << 20)


@pytest.mark.slow
@pytest.mark.parametrize("make", [*ODD, large_file])
@pytest.mark.parametrize("option", ["--model", "--worker", "--judge"])
def test_a_script_that_is_no_small_file_is_refused(
    pa: Pa, option: str, make: Callable[[Path], None]
) -> None:
    script = pa.scripts / "script.json"
    make(script)
    more = ["--worker", "builtin"] if option == "--model" else []
    more = [*WORK] if option == "--judge" else more
    ran = pa(option, f"scripted:{script}", *more, "--check", "true", "Fix it", patience=30)
    assert ran.code in (2, 6), ran
    assert str(script) in ran.out + ran.err
    assert "defect" not in ran.err
