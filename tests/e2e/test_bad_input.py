"""What cannot be used is refused in a sentence that names it and the cure, never as our defect."""

import os
import subprocess
import sys

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
        (["stop", "k7f2", "--reason", b"\xff"], "the reason"),
    ],
)
def test_what_is_not_utf_8_is_refused_by_its_name(
    pa: Pa, arguments: list[str | bytes], named: str
) -> None:
    (pa.project / os.fsdecode(b"odd\xff")).mkdir()
    code, said = at_bytes(pa, *arguments, cwd=os.fsencode(pa.project))
    assert (code, named in said, "UTF-8" in said) == (2, True, True), said


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
