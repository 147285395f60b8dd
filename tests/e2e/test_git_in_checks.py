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
