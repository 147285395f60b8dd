"""Builds the wheel and tries it in fresh environments, without and with each extra."""

import os
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
EXTRAS = ("", "[claude]", "[models]", "[server]", "[telemetry]", "[all]")
THINKS = frozenset({"[models]", "[all]"})  # the extras that bring the vendors' libraries
# What an extra is for, and loads only with it.
BRINGS = {
    "[claude]": "agentproxy.workers.claude.conversation",
    "[server]": "agentproxy.server.serve",
    "[telemetry]": "agentproxy.telemetry.otlp.outlet",
}
# Its wheel carries a program of 378 MB.
SOURCES = ("--no-binary", "claude-agent-sdk")
SMOKE = ROOT / "scripts" / "wheel_smoke.py"


def run(*command: str | Path, cwd: Path = ROOT) -> str:
    done = subprocess.run(
        [str(word) for word in command], cwd=cwd, capture_output=True, text=True, check=False
    )
    if done.returncode:
        sys.exit(f"{' '.join(map(str, command))}\n{done.stdout}{done.stderr}")
    return done.stdout


def use(pa: Path, *, thinks: bool) -> None:
    # A new user with a vendor's key, in an empty project.
    with tempfile.TemporaryDirectory() as temporary:
        project = Path(temporary, "project")
        project.mkdir()
        git = ("git", "-c", "user.name=A User", "-c", "user.email=user@example.org")
        run(*git, "init", "-q", cwd=project)
        run(*git, "commit", "-qm", "The beginning", "--allow-empty", cwd=project)
        run(pa, "init", cwd=project)
        run(*git, "add", "-A", cwd=project)
        run(*git, "commit", "-qm", "The contexts", cwd=project)
        # Nothing listens at this address: the model is asked for and cannot answer.
        key = {"ANTHROPIC_API_KEY": "sk-not-a-real-key", "ANTHROPIC_BASE_URL": "http://127.0.0.1:9"}
        ours = {"AGENTPROXY_HOME": str(Path(temporary, "home")), "LLM_MAX_RETRIES": "0"}
        done = subprocess.run(
            [pa, "Do it"],
            cwd=project,
            env={**os.environ, **key, **ours},
            capture_output=True,
            text=True,
            check=False,
        )
        told = "no connection" if thinks else "pip install 'agentproxy[models]'"
        if done.returncode != 6 or told not in done.stdout + done.stderr:
            sys.exit(f"pa did not print {told!r}:\n{done.stdout}{done.stderr}")


def main() -> None:
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        run(sys.executable, "-m", "build", "--wheel", "--outdir", folder)
        wheel = next(folder.glob("*.whl"))
        for number, extra in enumerate(EXTRAS):
            place = folder / f"venv{number}"
            venv.create(place, with_pip=True)
            python = place / "bin" / "python"
            run(python, "-m", "pip", "install", "-q", *SOURCES, f"{wheel}{extra}", cwd=folder)
            version = run(place / "bin" / "pa", "--version", cwd=folder).strip()
            same = run(python, "-m", "agentproxy", "--version", cwd=folder).strip()
            if version != same or not version.startswith("pa, version "):
                sys.exit(f"pa prints {version!r}, but python -m agentproxy prints {same!r}")
            run(python, SMOKE, cwd=folder)
            told = run(place / "bin" / "pa-server", "--help", cwd=folder)
            if "tasks and conversations" not in told:
                sys.exit(f"pa-server --help prints {told!r}")
            for brings, module in BRINGS.items():
                if extra in (brings, "[all]"):
                    run(python, "-c", f"import {module}", cwd=folder)
            agents = run(place / "bin" / "pa", "agents", cwd=folder)
            if "codex" not in agents:
                sys.exit(f"pa agents prints {agents!r}")
            use(place / "bin" / "pa", thinks=extra in THINKS)
            print(f"agentproxy{extra}: {version}")
    print(f"{len(EXTRAS)} passed, 0 failed")


if __name__ == "__main__":
    main()
