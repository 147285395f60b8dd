"""Unusual repositories, and workers that do unusual things: right, or refused with the cure."""

import json
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from support.front_door import Pa, Ran, new_pa, run_git
from support.projects import CALC, CHECK, MEND
from support.repositories import photograph

pytestmark = pytest.mark.slow

FIX = ("--check", CHECK)
FILES = ("-c", "protocol.file.allow=always")


def verified(pa: Pa, ran: Ran) -> None:
    """The claim was proven, and its branch carries the fixed file on the user's HEAD."""
    assert (ran.code, ran.result["verdict"]) == (0, "verified"), ran.out + ran.err
    branch = ran.result["branch"]
    assert "a + b" in pa.git("show", f"{branch}:calc.py")
    assert pa.git("rev-parse", f"{branch}^") == pa.git("rev-parse", "HEAD")


def test_nothing_of_the_repository_changes_but_our_refs_and_the_branch(pa: Pa) -> None:
    hook = pa.project / ".git" / "hooks" / "post-checkout"
    hook.write_text("#!/bin/sh\ntouch hook-ran\n")
    hook.chmod(0o755)
    pa.git("config", "core.fsmonitor", "touch fsmonitor-ran; false")
    pa.git("stash", "list")
    pa.write({"untracked.txt": "mine\n", "calc.py": CALC["calc.py"] + "# mine\n"})
    before = photograph(pa.project)
    ran = pa.task(*FIX, worker=MEND)
    branch = ran.result["branch"]
    assert ran.code == 0
    pa.git("update-ref", "-d", f"refs/heads/{branch}")
    assert before.differences(photograph(pa.project)) == []


@pytest.mark.parametrize("name", ["with spaces", "ünïcode", 'quote\'s "both"', "-dash"])
def test_the_path_of_the_repository_may_hold_anything(tmp_path: Path, name: str) -> None:
    pa = new_pa(tmp_path / name, CALC)
    verified(pa, pa.task(*FIX, worker=MEND))


def test_a_detached_head(pa: Pa) -> None:
    pa.git("checkout", "-q", "--detach")
    verified(pa, pa.task(*FIX, worker=MEND))


def test_a_shallow_clone(pa: Pa, tmp_path: Path) -> None:
    pa.write({"more.txt": "x\n"})
    pa.commit()
    shallow = tmp_path / "shallow"
    run_git(["clone", "-q", "--depth", "1", f"file://{pa.project}", str(shallow)], cwd=tmp_path)
    pa.project = shallow
    verified(pa, pa.task(*FIX, worker=f"{MEND}; git log --oneline | grep -c . "))


def test_a_worktree_of_another_repository(pa: Pa, tmp_path: Path) -> None:
    linked = tmp_path / "linked"
    pa.git("worktree", "add", "-q", "-b", "side", str(linked))
    pa.project = linked
    verified(pa, pa.task(*FIX, worker=MEND))


def test_a_sparse_checkout_is_whole_for_the_proof(pa: Pa) -> None:
    pa.write(
        {
            "far/away.py": "VALUE = 1\n",
            "test_far.py": "import far.away\n\n\ndef test_far():\n    assert far.away.VALUE\n",
        }
    )
    pa.commit()
    pa.git("sparse-checkout", "set", "--cone", "near")
    assert not (pa.project / "far").exists()
    verified(pa, pa.task(*FIX, worker=MEND))


def test_submodules_are_there_for_worker_and_proof(pa: Pa, tmp_path: Path) -> None:
    library = tmp_path / "library"
    library.mkdir()
    run_git(["init", "-q"], cwd=library)
    (library / "lib.py").write_text("ONE = 1\n")
    run_git(["add", "-A"], cwd=library)
    run_git(["commit", "-qm", "lib"], cwd=library)
    pa.git(*FILES, "submodule", "--quiet", "add", str(library), "library")
    pa.write(
        {"test_lib.py": "from library.lib import ONE\n\n\ndef test_lib():\n    assert ONE == 1\n"}
    )
    pa.commit()
    verified(pa, pa.task(*FIX, worker=f"test -f library/lib.py && {MEND}"))


def test_a_submodule_that_the_user_has_not_checked_out_stays_empty_and_is_said(
    pa: Pa, tmp_path: Path
) -> None:
    library = tmp_path / "library"
    library.mkdir()
    run_git(["init", "-q"], cwd=library)
    (library / "lib.py").write_text("ONE = 1\n")
    run_git(["add", "-A"], cwd=library)
    run_git(["commit", "-qm", "lib"], cwd=library)
    pa.git(*FILES, "submodule", "--quiet", "add", str(library), "library")
    pa.commit()
    bare = tmp_path / "clone"
    run_git(["clone", "-q", str(pa.project), str(bare)], cwd=tmp_path)
    pa.project = bare
    ran = pa.task(*FIX, worker=MEND)
    verified(pa, ran)
    assert "library is not checked out" in str(ran.of_kind("base_recorded")[0]["notes"])


def test_no_commit_yet_ends_with_2_and_the_cure(pa: Pa, tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    run_git(["init", "-q"], cwd=empty)
    pa.project = empty
    ran = pa.task(*FIX, worker=MEND)
    assert ran.code == 2
    assert "git commit" in ran.err


def test_a_bare_repository_ends_with_2_and_the_cure(pa: Pa, tmp_path: Path) -> None:
    bare = tmp_path / "bare.git"
    run_git(["clone", "-q", "--bare", str(pa.project), str(bare)], cwd=tmp_path)
    pa.project = bare
    ran = pa.task(*FIX, worker=MEND)
    assert ran.code == 2
    assert "bare" in ran.err


def test_uncommitted_work_is_part_of_the_base_and_said(pa: Pa) -> None:
    pa.write({"calc.py": CALC["calc.py"] + "\n\ndef half(a):\n    return a / 2\n", "new.txt": "x"})
    ran = pa.task(*FIX, worker=f"{MEND}; grep -q half calc.py; test ! -e new.txt")
    base = ran.of_kind("base_recorded")[0]
    assert base["uncommitted"] == ["calc.py"]
    assert base["left_out"] == ["new.txt"]
    assert ran.code == 0
    said = pa.git("log", "-1", "--format=%B", ran.result["branch"])
    assert "Proven together with uncommitted changes that are not in this branch" in said


def test_from_head_leaves_uncommitted_work_out(pa: Pa) -> None:
    pa.write({"calc.py": CALC["calc.py"] + "\n# mine\n"})
    ran = pa.task(*FIX, "--from-head", worker=f"{MEND}; ! grep -q mine calc.py")
    verified(pa, ran)


def test_include_untracked_takes_the_rest_but_never_what_is_ignored(pa: Pa) -> None:
    pa.write({"new.txt": "x", "__pycache__/old.pyc": "x"})
    worker = f"{MEND}; test -e new.txt; test ! -e __pycache__"
    assert pa.task(*FIX, "--include-untracked", worker=worker).code == 0


def test_the_user_edits_and_commits_meanwhile(pa: Pa) -> None:
    head = pa.git("rev-parse", "HEAD")

    worker = pa.worker(f"sleep 2; {MEND}")
    process = pa.start("-o", "json", "--worker", worker, *FIX, "Make it right")
    assert process.stdout is not None
    for line in process.stdout:
        if json.loads(line)["kind"] == "worker_started":
            break
    pa.write({"calc.py": CALC["calc.py"].replace("a * 2", "2 * a")})
    pa.commit("Meanwhile")
    out, _ = process.communicate(timeout=60)
    result = json.loads(out.splitlines()[-1])
    assert result["verdict"] == "verified"
    assert pa.git("rev-parse", f"{result['branch']}^") == head
    assert pa("apply", result["run"]).code == 0
    text = (pa.project / "calc.py").read_text()
    assert "a + b" in text
    assert "2 * a" in text


def test_two_runs_at_once(pa: Pa) -> None:
    with ThreadPoolExecutor(2) as pool:
        started = [pool.submit(pa.task, *FIX, worker=f"{MEND}; sleep 0.{n}") for n in (1, 2)]
        runs = [future.result() for future in started]
    for ran in runs:
        verified(pa, ran)
    assert runs[0].result["branch"] != runs[1].result["branch"]


UNUSUAL = {
    "commits": f"{MEND}; git commit -qam done",
    "stashes nothing that counts": f"echo x >> test_calc.py; git stash -q; {MEND}",
    "switches branches": f"git switch -qc other; {MEND}; git commit -qam done; git tag v1",
    "plants a repository within": (
        f"{MEND}; mkdir planted; cd planted; git init -q; echo 1 > a.txt; "
        "git add -A; git commit -qm planted"
    ),
    "deletes its git directory": f"{MEND}; rm -rf .git",
    "hides its change from git": f"{MEND}; git update-index --skip-worktree calc.py",
    "excludes its change": f"{MEND}; echo calc.py >> .git/info/exclude",
    "breaks its git": f"{MEND}; echo garbage > .git/HEAD; echo garbage > .git/index",
    "plants hooks": f"{MEND}; mkdir -p .git/hooks; echo exit 1 > .git/hooks/pre-commit",
}


@pytest.mark.parametrize("what", UNUSUAL)
def test_a_worker_that(pa: Pa, what: str) -> None:
    before = photograph(pa.project)
    ran = pa.task(*FIX, worker=UNUSUAL[what])
    verified(pa, ran)
    if what.startswith("plants a"):
        assert pa.git("show", f"{ran.result['branch']}:planted/a.txt") == "1"
    pa.git("update-ref", "-d", f"refs/heads/{ran.result['branch']}")
    assert before.differences(photograph(pa.project)) == []


def test_a_worker_that_deletes_its_tree_is_refuted_and_nothing_of_the_user_is_gone(pa: Pa) -> None:
    before = photograph(pa.project)
    ran = pa.task(*FIX, "--max-rounds", "1", worker="rm -rf ./* ./.[a-z]*; true")
    assert ran.code == 1
    assert before.differences(photograph(pa.project)) == []


def test_every_claim_stays_on_a_ref_whatever_becomes_of_it(pa: Pa) -> None:
    ran = pa.task(*FIX, "--max-rounds", "2", worker='echo "# $AGENTPROXY_ROUND" >> calc.py')
    run = ran.result["run"]
    refs = pa.git("for-each-ref", "--format=%(refname)", "refs/agentproxy").splitlines()
    assert refs == [f"refs/agentproxy/{run}/{name}" for name in ("base", "claim-1", "claim-2")]
    assert pa.git("show", f"refs/agentproxy/{run}/claim-1:calc.py").endswith("# 1")


def test_a_subfolder_is_where_checks_and_worker_stand(pa: Pa) -> None:
    pa.write({f"services/api/{name}": text for name, text in CALC.items()})
    pa.write({"calc.py": CALC["calc.py"].replace("a - b", "a + b")})
    pa.commit()
    ran = pa.task("-d", "services/api", *FIX, worker=f"test -f ../../calc.py; {MEND}")
    assert ran.code == 0
    assert [change["path"] for change in ran.of_kind("claim_recorded")[0]["changes"]] == [
        "services/api/calc.py"
    ]


def test_a_partial_clone_ends_with_2_and_the_cure(pa: Pa, tmp_path: Path) -> None:
    pa.git("config", "uploadpack.allowFilter", "true")
    partial = tmp_path / "partial"
    source = f"file://{pa.project}"
    run_git(
        ["clone", "-q", "--filter=blob:none", "--no-checkout", source, str(partial)], cwd=tmp_path
    )
    subprocess.run(["git", "remote", "set-url", "origin", "/nowhere"], cwd=partial, check=True)
    pa.project = partial
    ran = pa.task(*FIX, worker=MEND)
    assert ran.code == 2
    assert "git" in (ran.err + ran.out)


@pytest.mark.parametrize("git", [False, True])
def test_in_an_empty_folder_the_cure_works_as_it_is_written(
    pa: Pa, tmp_path: Path, *, git: bool
) -> None:
    folder = tmp_path / "an empty folder"
    folder.mkdir()
    if git:
        run_git(["init", "-q"], cwd=folder)
    refused = pa("--worker", "command:true", "Fix it", cwd=folder)
    _, cure = refused.err.splitlines()
    who = {
        f"GIT_{role}_{what}": "x" for role in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")
    }
    subprocess.run(["sh", "-c", cure], cwd=tmp_path, env=pa.environment(who), check=True)
    assert pa("context", cwd=folder).code == 0


@pytest.mark.parametrize("place", [".git", ".git/refs"])
def test_in_the_folder_of_git_itself_the_work_tree_is_named(pa: Pa, place: str) -> None:
    refused = pa("--worker", "command:true", "Fix it", cwd=pa.project / place)
    assert refused.code == 2
    assert refused.err.splitlines()[1].strip() == f"cd {pa.project}"


def test_only_a_run_is_told_of_its_option_when_a_merge_is_unfinished(pa: Pa) -> None:
    run = pa.task("--check", "test -f made", worker="touch made").result["run"]
    pa.git("switch", "-qc", "theirs")
    pa.write({"calc.py": "theirs\n"})
    pa.commit()
    pa.git("switch", "-q", "main")
    pa.write({"calc.py": "ours\n"})
    pa.commit()
    with pytest.raises(subprocess.CalledProcessError):
        pa.git("merge", "theirs")
    refused = pa("apply", str(run))
    assert (refused.code, "git merge --abort" in refused.err) == (2, True)
    assert "--from-head" not in refused.err
    assert "or use --from-head" in pa("--worker", "command:true", "--check", "true", "Fix it").out
