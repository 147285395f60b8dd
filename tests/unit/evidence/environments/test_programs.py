"""The programs of packages that a built environment only sees in the user's interpreter."""

import subprocess
from pathlib import Path

from support.venvs import new_venv, site_packages

from agentproxy.evidence.environments.python import programs


def test_a_program_of_the_users_interpreter_runs_in_the_environment(tmp_path: Path) -> None:
    venv, outside = new_venv(tmp_path / "venv", pytest=False), tmp_path / "outside"
    about = outside / "weigh_it-1.0.dist-info"
    about.mkdir(parents=True)
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: weigh_it\nVersion: 1.0\n")
    (about / "entry_points.txt").write_text("[console_scripts]\nweigh = weigh:Scale.main\n")
    (outside / "weigh.py").write_text(
        "import sys\n\n\nclass Scale:\n    def main():\n        print(sys.prefix)\n"
    )
    # Seen from the environment, and not in it: as with --system-site-packages.
    (site_packages(venv) / "outside.pth").write_text(f"{outside}\n")
    env = {"PATH": f"{venv}/bin:/usr/bin:/bin"}
    script = f"{programs(['weigh-it'])}weigh"
    done = subprocess.run(
        ["sh", "-ec", script], env=env, check=False, stdout=subprocess.PIPE, text=True
    )
    assert done.stdout.strip() == str(venv)


def test_no_program_of_the_environment_is_replaced(tmp_path: Path) -> None:
    venv = new_venv(tmp_path / "venv")
    about = next(site_packages(venv).glob("pytest-*.dist-info"))
    assert "pytest=" in (about / "entry_points.txt").read_text().replace(" ", "")
    (venv / "bin/pytest").write_text("its own\n")
    env = {"PATH": f"{venv}/bin:/usr/bin:/bin"}
    subprocess.run(["sh", "-ec", programs([])], env=env, check=True)
    assert (venv / "bin/pytest").read_text() == "its own\n"
    assert (venv / "bin/py.test").is_file()
