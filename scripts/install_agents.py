"""Installs real coding agents into .agents/, and prints the configuration to use them."""

import hashlib
import json
import shutil
import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / ".agents"
PINS = ROOT / "requirements" / "agents"
CLAUDE = "@anthropic-ai/claude-code@2.1.332"
# No questions at the start, and no download of prices. Two attempts: the relay's 402 is final.
MINI = """\
[worker.mini]
command = {command}
paths = {paths}

[worker.mini.env]
MSWEA_CONFIGURED = "true"
MSWEA_SILENT_STARTUP = "1"
MSWEA_COST_TRACKING = "ignore_errors"
MSWEA_MODEL_RETRY_STOP_AFTER_ATTEMPT = "2"
LITELLM_LOCAL_MODEL_COST_MAP = "True"
LITELLM_TELEMETRY = "False"
"""


def install(name: str, *options: str) -> Path:
    pins = PINS / f"{name}.txt"
    folder, wanted = FOLDER / name, hashlib.sha256(pins.read_bytes()).hexdigest()
    # Written last, so that an installation that was interrupted is done again.
    ready = folder / ".ready"
    if ready.is_file() and ready.read_text() == wanted:
        return folder
    print(f"installing {name} ...", flush=True)
    shutil.rmtree(folder, ignore_errors=True)
    venv.create(folder, with_pip=True)
    pip = [str(folder / "bin" / "python"), "-m", "pip", "--disable-pip-version-check", "-q"]
    subprocess.run([*pip, "install", *options, "--require-hashes", "-r", str(pins)], check=True)
    ready.write_text(wanted)
    return folder


def install_claude() -> Path:
    """Returns the program. It is a native binary: any Node installs it."""
    folder = FOLDER / "claude-code"
    program, ready = folder / "node_modules" / ".bin" / "claude", folder / ".ready"
    if not (ready.is_file() and ready.read_text() == CLAUDE):
        print(f"installing {CLAUDE} ...", flush=True)
        shutil.rmtree(folder, ignore_errors=True)
        npm = ["npm", "install", "--silent", "--no-audit", "--no-fund", "--prefix", str(folder)]
        subprocess.run([*npm, CLAUDE], check=True)
        ready.write_text(CLAUDE)
    return program


def mini_table(folder: Path) -> str:
    # The relay names the model in AGENTPROXY_MODEL; the user chooses it with --model.
    line = (
        f'exec {folder}/bin/mini -m "openai/$AGENTPROXY_MODEL" -t "$(cat "$AGENTPROXY_BRIEF")" '
        "-y --exit-immediately -o /tmp/trajectory.json"
    )
    command = json.dumps(f"/bin/sh -c '{line}'")
    paths = json.dumps([str(folder), str(Path(sys.base_prefix).resolve())])
    return MINI.format(command=command, paths=paths)


def main() -> None:
    table = mini_table(install("mini-swe-agent"))
    if shutil.which("npm"):
        table += f"\n[worker.claude]\nprogram = {json.dumps(str(install_claude()))}\n"
    else:
        print("Claude Code is not installed: npm is not on PATH")
    (FOLDER / "config.toml").write_text(table)
    print(f"add this to your configuration (also in {FOLDER / 'config.toml'}):\n\n{table}")


if __name__ == "__main__":
    main()
