"""Builds the wheel, installs it with pip in fresh environments, plainly and with each extra."""

import subprocess
import sys
import tempfile
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
EXTRAS = ("", "[server]", "[telemetry]", "[all]")


def run(*command: str | Path, cwd: Path = ROOT) -> str:
    done = subprocess.run(
        [str(word) for word in command], cwd=cwd, capture_output=True, text=True, check=False
    )
    if done.returncode:
        sys.exit(f"{' '.join(map(str, command))}\n{done.stdout}{done.stderr}")
    return done.stdout


def main() -> None:
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        run(sys.executable, "-m", "build", "--wheel", "--outdir", folder)
        wheel = next(folder.glob("*.whl"))
        for number, extra in enumerate(EXTRAS):
            place = folder / f"venv{number}"
            venv.create(place, with_pip=True)
            python = place / "bin" / "python"
            run(python, "-m", "pip", "install", "-q", f"{wheel}{extra}", cwd=folder)
            version = run(place / "bin" / "pa", "--version", cwd=folder).strip()
            same = run(python, "-m", "agentproxy", "--version", cwd=folder).strip()
            if version != same or not version.startswith("pa, version "):
                sys.exit(f"pa says {version!r}, python -m agentproxy says {same!r}")
            print(f"agentproxy{extra}: {version}")
    print(f"{len(EXTRAS)} passed, 0 failed")


if __name__ == "__main__":
    main()
