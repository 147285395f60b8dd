"""What tests ask git: its tags, its remote, and whether a new repository can have a commit."""

from support.front_door import Pa, Ran
from support.projects import CHECK, MEND

ONE = ("--max-rounds", "1")
GIT = """import subprocess


def git(*words, cwd=None):
    done = subprocess.run(["git", *words], cwd=cwd, check=True, capture_output=True, text=True)
    return done.stdout.strip()


"""


def proven(pa: Pa, tests: str, worker: str = MEND) -> Ran:
    """The run of an honest fix where the tests ask git."""
    pa.write({"test_git.py": GIT + tests})
    pa.commit()
    return pa.task("--check", CHECK, *ONE, worker=worker)


def test_tags_that_reach_the_base_are_there_and_no_others(pa: Pa) -> None:
    pa.git("tag", "v1.2.0")
    pa.git("tag", "-a", "v1.2.1", "-m", "A release")
    pa.git("checkout", "-q", "-b", "other")
    pa.write({"other.txt": "other\\n"})
    pa.commit()
    pa.git("tag", "v9.0.0")
    pa.git("checkout", "-q", "main")
    pa.write({"calc.py": (pa.project / "calc.py").read_text() + "\n# not committed\n"})
    worker = f"{MEND}; test $(git describe --abbrev=0 --match '*.1') = v1.2.1"
    ran = proven(
        pa,
        "def test_version():\n"
        "    assert git('describe', '--abbrev=0', '--tags', '--match', '*.0') == 'v1.2.0'\n"
        "    assert git('describe', '--abbrev=0') == 'v1.2.1'\n"
        "    assert git('tag').split() == ['v1.2.0', 'v1.2.1']\n"
        "    assert git('cat-file', '-t', 'v1.2.1') == 'tag'\n",
        worker,
    )
    assert (ran.code, ran.result["verdict"]) == (0, "verified"), (ran.records[-1], ran.err)


def test_the_remote_is_named_without_the_password_of_its_address(pa: Pa) -> None:
    pa.git("remote", "add", "origin", "https://me:hunter2@example.org/acme/calc.git?token=x1")
    pa.git("remote", "add", "fork", "git@example.org:me/calc.git")
    ran = proven(
        pa,
        "def test_remote():\n"
        "    assert git('remote').split() == ['fork', 'origin']\n"
        "    url = 'https://example.org/acme/calc.git'\n"
        "    assert git('remote', 'get-url', 'origin') == url\n"
        "    assert git('remote', 'get-url', 'fork') == 'git@example.org:me/calc.git'\n"
        "    assert git('remote', 'get-url', '--push', 'fork') == 'no-push'\n",
    )
    assert (ran.code, ran.result["verdict"]) == (0, "verified"), (ran.records[-1], ran.err)
    assert ran.of_kind("claim_recorded")[-1]["findings"] == []
    assert "hunter2" not in ran.out


def test_a_repository_that_a_test_makes_has_an_identity_and_a_default_branch(pa: Pa) -> None:
    pa.git("config", "user.name", "Erika Mustermann")
    worker = f"{MEND}; mkdir /tmp/r; cd /tmp/r; git init -q; git commit -q --allow-empty -m one"
    ran = proven(
        pa,
        "def test_commits(tmp_path):\n"
        "    git('init', '-q', cwd=tmp_path)\n"
        "    git('commit', '-q', '--allow-empty', '-m', 'one', cwd=tmp_path)\n"
        "    assert git('branch', '--show-current', cwd=tmp_path) == 'main'\n"
        "    assert git('log', '--format=%an', cwd=tmp_path) == 'agent'\n"
        "    git('config', '--global', 'user.name', 'Somebody')\n"
        "    assert git('config', 'user.name', cwd=tmp_path) == 'Somebody'\n",
        worker,
    )
    assert (ran.code, ran.result["verdict"]) == (0, "verified"), (ran.records[-1], ran.err)
