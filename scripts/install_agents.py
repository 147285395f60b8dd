"""Installs the coding agents of `make agents` into .agents/, at the versions of their tables."""

import hashlib
import shutil
import subprocess
import venv
from pathlib import Path

from agentproxy.workers.known.table import KnownAgent, known_agents

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / ".agents"
# Only what Python's own packages need has hashes; a package of npm is one pinned version.
PINS = ROOT / "requirements" / "agents"
READY = ".ready"


def install(name: str, agent: KnownAgent) -> Path:
    """Returns the folder of the agent's programs. What is installed already is kept."""
    if agent.registry != "npm":
        return install_pins(agent.package_name) / "bin"
    folder = FOLDER / agent.package_name.rpartition("/")[2]
    package = f"{agent.package_name}@{agent.tried}"
    if _begin(folder, package, name):
        folder.mkdir(parents=True)
        (folder / "package.json").write_text("{}")
        words = ["npm", "install", "--no-audit", "--no-fund", "--loglevel=error", package]
        subprocess.run(words, cwd=folder, check=True, stdout=subprocess.DEVNULL)
        _finish(folder, package)
    return folder / "node_modules/.bin"


def install_pins(name: str, *options: str) -> Path:
    """Returns an environment with what `requirements/agents/NAME.txt` pins."""
    pins, folder = PINS / f"{name}.txt", FOLDER / name
    wanted = hashlib.sha256(pins.read_bytes()).hexdigest()
    if _begin(folder, wanted, name):
        venv.create(folder, with_pip=True)
        pip = [str(folder / "bin" / "python"), "-m", "pip", "--disable-pip-version-check", "-q"]
        subprocess.run([*pip, "install", *options, "--require-hashes", "-r", str(pins)], check=True)
        _finish(folder, wanted)
    return folder


def _begin(folder: Path, wanted: str, name: str) -> bool:
    ready = folder / READY
    if ready.is_file() and ready.read_text() == wanted:
        return False
    print(f"installing {name} ...", flush=True)
    shutil.rmtree(folder, ignore_errors=True)
    return True


def _finish(folder: Path, wanted: str) -> None:
    # Written last, so that an installation that was interrupted is done again.
    (folder / READY).write_text(wanted)


def main() -> None:
    links = FOLDER / "bin"
    shutil.rmtree(links, ignore_errors=True)
    links.mkdir(parents=True)
    npm = shutil.which("npm") is not None
    for name, agent in known_agents().items():
        if agent.by != "make agents":
            continue
        if agent.registry == "npm" and not npm:
            print(f"npm is not on PATH: the tests of {name} are skipped", flush=True)
            continue
        program = install(name, agent) / agent.program
        # A folder of links only: with the programs' own folders on PATH their Python would be too.
        (links / agent.program).symlink_to(program)


if __name__ == "__main__":
    main()
