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


def install(name: str, agent: KnownAgent) -> Path:
    """Returns the folder of the agent's programs. What is installed already is kept."""
    folder = FOLDER / agent.package_name.rpartition("/")[2]
    pins = PINS / f"{agent.package_name}.txt"
    wanted = f"{agent.package} {agent.tried}"
    if pins.is_file():
        wanted += f" {hashlib.sha256(pins.read_bytes()).hexdigest()}"
    programs = folder / ("node_modules/.bin" if agent.registry == "npm" else "bin")
    # Written last, so that an installation that was interrupted is done again.
    ready = folder / ".ready"
    if ready.is_file() and ready.read_text() == wanted:
        return programs
    print(f"installing {name} {agent.tried} ...", flush=True)
    shutil.rmtree(folder, ignore_errors=True)
    (_with_npm if agent.registry == "npm" else _with_pip)(agent, folder, pins)
    ready.write_text(wanted)
    return programs


def _with_npm(agent: KnownAgent, folder: Path, _pins: Path) -> None:
    folder.mkdir(parents=True)
    (folder / "package.json").write_text("{}")
    words = ["npm", "install", "--no-audit", "--no-fund", "--loglevel=error"]
    package = f"{agent.package_name}@{agent.tried}"
    subprocess.run([*words, package], cwd=folder, check=True, stdout=subprocess.DEVNULL)


def _with_pip(_agent: KnownAgent, folder: Path, pins: Path) -> None:
    venv.create(folder, with_pip=True)
    pip = [str(folder / "bin" / "python"), "-m", "pip", "--disable-pip-version-check", "-q"]
    subprocess.run([*pip, "install", "--require-hashes", "-r", str(pins)], check=True)


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
