"""What a user keeps at home is shown to nobody, whatever of it lies beside the programs there."""

import os
from pathlib import Path

import pytest
from support.environments import SYSTEM_PATH, as_user, new_venv
from support.front_door import Pa
from support.projects import MEND, PYTEST

pytestmark = pytest.mark.slow

SECRET = "hunter2-of-the-user"
KEPT = (
    ".ssh/id_ed25519", ".ssh/config", ".aws/credentials", ".netrc", ".npmrc", ".pypirc",
    ".git-credentials", ".cargo/credentials.toml", ".cargo/credentials", ".config/gh/hosts.yml",
    ".docker/config.json", ".fly/config.yml", ".pulumi/credentials.json", ".kube/config",
    ".local/share/keyrings/login.keyring", ".local/state/notes", "diary.txt", "work/other/.env",
)  # fmt: skip
BESIDE = (
    "bin", ".local/bin", ".cargo/bin", ".docker/bin", ".fly/bin", ".pulumi/bin", ".kube/bin",
    ".config/bin", ".ssh/bin",
)  # fmt: skip
LOOK = f"""\
for file in {" ".join(KEPT)}; do
  if cat "$THEIR_HOME/$file" "$HOME/$file" 2>/dev/null | grep . ; then echo "SEEN $file"; fi
done
grep -rl {SECRET[:7]}-of "$THEIR_HOME" "$HOME" 2>/dev/null | sed 's/^/SEEN /'
env | grep {SECRET[:7]}-of && echo SEEN-in-env
helper-of-mine
true"""


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home with secrets, and with programs beside them."""
    home = tmp_path / "user"
    for name in KEPT:
        path = home / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{SECRET}\n")
    for name in BESIDE:
        program = home / name / f"tool-{name.replace('/', '-')}"
        program.parent.mkdir(parents=True, exist_ok=True)
        program.write_text("#!/bin/sh\necho a tool\n")
        program.chmod(0o755)
    helper = home / "bin/helper-of-mine"
    helper.write_text("#!/bin/sh\necho the helper ran\n")
    helper.chmod(0o755)
    return home


def spied(pa: Pa, home: Path, *path: Path | str, **more: str) -> str:
    """Everything that a worker and a check saw of a home."""
    entries = [*path, *(home / name for name in BESIDE)]
    user = as_user(home, *entries, AWS_SECRET_ACCESS_KEY=SECRET, **more)
    look = f"THEIR_HOME={home}\n{LOOK}"
    (pa.project / "look.sh").write_text(look)
    pa.commit()
    ran = pa.task("--check", "sh look.sh", worker=f"{MEND}\nset +e\n{look}", env=user)
    finished = [item for item in ran.of_kind("check_finished") if "look.sh" in item["check"]]
    assert finished, (ran.records[-3:], ran.err)
    seen = [item["result"]["output"] for item in finished]
    seen.append(ran.of_kind("worker_ended")[-1]["output"])
    assert all("the helper ran" in text for text in seen), seen
    return "\n".join(seen)


def test_programs_at_home_can_be_used_and_nothing_beside_them_is_seen(pa: Pa, home: Path) -> None:
    seen = spied(pa, home)
    assert "SEEN" not in seen, seen


def test_a_home_that_is_itself_on_path_is_not_shown(pa: Pa, home: Path) -> None:
    seen = spied(pa, home, home, home / ".ssh")
    assert "SEEN" not in seen, seen


def test_a_venv_whose_python_is_a_link_at_home_does_not_open_the_home(pa: Pa, home: Path) -> None:
    venv = new_venv(pa.project / ".venv")
    python = venv / "bin/python"
    real = python.resolve()
    for link in (home / "bin/python-of-mine", home / ".local/bin/python-of-mine"):
        link.symlink_to(real)
        python.unlink()
        python.symlink_to(link)
        text = (venv / "pyvenv.cfg").read_text().splitlines()
        lines = [line for line in text if not line.startswith("home")]
        (venv / "pyvenv.cfg").write_text("\n".join([f"home = {link.parent}", *lines, ""]))
        seen = spied(pa, home)
        assert "SEEN" not in seen, seen
        pa.git("reset", "-q", "--hard", "HEAD~1")


def test_a_committed_environment_cannot_ask_for_a_folder_of_the_users(pa: Pa, home: Path) -> None:
    pa.write({"env/pyvenv.cfg": f"home = {home}/.aws/bin\n", "env/lib/python3.11/x": ""})
    site = pa.project / "env/lib/python3.11/site-packages"
    site.mkdir(parents=True)
    (site / "evil.pth").write_text(f"{home}/work\n")
    (pa.project / "env/bin").mkdir()
    os.symlink(f"{home}/.config/gh/hosts.yml", pa.project / "env/bin/python")  # noqa: PTH211
    pa.commit()
    seen = spied(pa, home)
    assert "SEEN" not in seen, seen


def test_a_check_runs_with_programs_of_home_first_on_path(tested: Pa, home: Path) -> None:
    (home / "bin/python").symlink_to(new_venv(home / "envs/mine") / "bin/python")
    user = as_user(home, home / "bin", PATH=f"{home}/bin:{SYSTEM_PATH}")
    user["VIRTUAL_ENV"] = str(home / "envs/mine")
    ran = tested.task("--check", f"{home}/envs/mine/bin/{PYTEST}", worker=MEND, env=user)
    assert ran.code == 0, (ran.finding("pytest"), ran.err)
