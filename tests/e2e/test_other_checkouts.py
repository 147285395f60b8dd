"""An environment that imports the project from another checkout: the tree under proof is tested."""

import shutil
from pathlib import Path

import pytest
from support.environments import MEND_PARCEL, PACKAGE, as_user, install_editable, new_project
from support.front_door import Pa, Ran
from support.venvs import new_venv

CHECK = "python -m pytest -q tests"
ONE = ("--max-rounds", "1")
BREAK_PARCEL = (
    "echo notes > NOTES; echo 'def weigh(grams): raise SystemError' > src/parcel/__init__.py"
)


@pytest.fixture
def user(pa: Pa, tmp_path: Path) -> dict[str, str]:
    """The main checkout has the environment, which is active, with the project installed in it."""
    new_project(pa, PACKAGE)
    venv = new_venv(pa.project / ".venv")
    install_editable(venv, pa.project, how="path")
    return as_user(tmp_path / "user", venv / "bin", VIRTUAL_ENV=str(venv))


def linked_worktree(pa: Pa, at: Path) -> Pa:
    pa.git("worktree", "add", "-q", str(at), "-b", "feature")
    return Pa(home=pa.home, project=at, scripts=pa.scripts)


def is_proven(ran: Ran) -> None:
    assert ran.finding(CHECK)["finding"] == "proven", (ran.finding(CHECK), ran.err)
    assert (ran.code, ran.result["verdict"]) == (0, "verified")


@pytest.mark.parametrize(
    "place", ["beside/tree", pytest.param("project/.worktrees/tree", marks=pytest.mark.slow)]
)
def test_a_linked_worktree_is_tested_although_the_environment_imports_the_main_checkout(
    pa: Pa, tmp_path: Path, user: dict[str, str], place: str
) -> None:
    worktree = linked_worktree(pa, tmp_path / place)
    ran = worktree.task("--check", CHECK, *ONE, worker=MEND_PARCEL, env=user)
    is_proven(ran)
    notes = ran.of_kind("environment_found")[0]["notes"]
    assert any(f"{pa.project} is another checkout of this repository" in each for each in notes)
    assert "grams - 1000" in (pa.project / "src/parcel/__init__.py").read_text()


def test_a_claim_that_breaks_the_package_is_refuted_in_a_linked_worktree(
    pa: Pa, tmp_path: Path, user: dict[str, str]
) -> None:
    pa.write({"src/parcel/__init__.py": "def weigh(grams):\n    return grams // 1000\n"})
    pa.commit("It works")
    worktree = linked_worktree(pa, tmp_path / "tree")
    named = ("--check", "test -f NOTES", "--check", CHECK)
    ran = worktree.task(*named, *ONE, worker=BREAK_PARCEL, env=user)
    assert (ran.code, ran.result["verdict"]) == (1, "refuted"), ran.finding(CHECK)


@pytest.mark.slow
def test_a_worker_sees_its_own_change_through_the_environment(
    pa: Pa, tmp_path: Path, user: dict[str, str]
) -> None:
    worktree = linked_worktree(pa, tmp_path / "tree")
    script = f"{MEND_PARCEL}\n{CHECK}"
    is_proven(worktree.task("--check", CHECK, *ONE, worker=script, env=user))


@pytest.mark.slow
def test_an_environment_that_leads_into_a_nested_worktree_tests_the_main_checkout(
    pa: Pa, tmp_path: Path
) -> None:
    new_project(pa, PACKAGE)
    nested = pa.project / ".worktrees/tree"
    linked_worktree(pa, nested)
    venv = new_venv(pa.project / ".venv")
    install_editable(venv, nested, how="finder")
    is_proven(pa.task("--check", CHECK, *ONE, worker=MEND_PARCEL, env=as_user(tmp_path / "user")))


@pytest.mark.slow
def test_another_clone_with_the_same_project_is_no_proof_either(
    pa: Pa, tmp_path: Path, user: dict[str, str]
) -> None:
    pa.git("clone", "-q", str(pa.project), str(tmp_path / "clone"))
    clone = Pa(home=pa.home, project=tmp_path / "clone", scripts=pa.scripts)
    is_proven(clone.task("--check", CHECK, *ONE, worker=MEND_PARCEL, env=user))


def test_a_project_of_the_same_name_at_another_place_is_unverified_with_a_cure(
    pa: Pa, tmp_path: Path, user: dict[str, str]
) -> None:
    venv = Path(user["VIRTUAL_ENV"])
    moved = tmp_path / "monorepo/libs/parcel"
    shutil.copytree(pa.project / "src", moved / "src")
    shutil.copy(pa.project / "pyproject.toml", moved)
    shutil.rmtree(next(venv.glob("lib/python3*/site-packages/parcel-1.0.dist-info")))
    (tmp_path / "monorepo/.git").mkdir()
    install_editable(venv, moved, how="path")
    ran = pa.task("--check", CHECK, *ONE, worker=MEND_PARCEL, env=user)
    assert (ran.code, ran.result["verdict"]) == (3, "unverified"), ran.finding(CHECK)
    assert str(moved) in ran.finding(CHECK)["reason"]
    assert "python -m venv .venv && .venv/bin/pip install -e ." in ran.finding(CHECK)["reason"]
