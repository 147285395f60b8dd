"""Installs runners of JavaScript into .runners/, at the versions that they were tried with."""

import hashlib
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / ".runners"
PINS = ROOT / "requirements" / "runners"
# As `npm ci` does it. That refuses a lock without vite's optional package for Windows, which the
# registry does not have for others.
NPM = ("npm", "install", "--no-save", "--ignore-scripts", "--no-audit", "--no-fund", "--silent")


def install(name: str) -> None:
    lock = PINS / name / "package-lock.json"
    folder, wanted = FOLDER / name, hashlib.sha256(lock.read_bytes()).hexdigest()
    # Written last, so that an installation that was interrupted is done again.
    ready = folder / ".ready"
    if ready.is_file() and ready.read_text() == wanted:
        return
    print(f"installing {name} ...", flush=True)
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(PINS / name, folder)
    subprocess.run(NPM, cwd=folder, check=True)
    ready.write_text(wanted)


def main() -> None:
    names = sys.argv[1:] or sorted(path.name for path in PINS.iterdir() if path.is_dir())
    for name in names:
        install(name)


if __name__ == "__main__":
    main()
