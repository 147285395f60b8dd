"""Measures `pa --help`, and our agent's first question, against `python -c pass`."""

import http.server
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

RUNS = 25
FEW = 7
BAR = 4.0  # times `python -c pass`
PA = str(Path(sys.executable).with_name("pa"))
COMMANDS = {
    "python -c pass": [sys.executable, "-c", "pass"],
    "python -c 'import click'": [sys.executable, "-c", "import click"],
    # What our agent imported before it read the hot wires itself.
    "python -c 'import SDK'": [
        sys.executable,
        "-c",
        "import pydantic_ai.direct, pydantic_ai.models.anthropic",
    ],
    "pa --help": [PA, "--help"],
    "pa --version": [PA, "--version"],
    "pa list --help": [PA, "list", "--help"],
}


def seconds(command: list[str]) -> float:
    # An installation has compiled modules, so they are written here too.
    env = {name: text for name, text in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    began = time.perf_counter()
    subprocess.run(command, stdout=subprocess.DEVNULL, check=True, env=env)
    return time.perf_counter() - began


class FirstQuestion:
    """A model's server that notes when it is first asked, and refuses."""

    def __init__(self) -> None:
        asked = self.asked = threading.Event()

        class Refuse(http.server.BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                asked.set()
                self.send_response(400)
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name
                """Silence."""

        self._http = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Refuse)
        threading.Thread(target=self._http.serve_forever, daemon=True).start()

    def seconds(self) -> float:
        """From the start of `pa` to its first question. It works on an empty project."""
        with tempfile.TemporaryDirectory() as temporary:
            project = Path(temporary) / "project"
            git = ["git", "-c", "user.name=a", "-c", "user.email=a@example.com"]
            subprocess.run([*git, "init", "-q", str(project)], check=True)
            one = ["commit", "-q", "--allow-empty", "-m", "One"]
            subprocess.run([*git, "-C", str(project), *one], check=True)
            self.asked.clear()
            began = time.perf_counter()
            with subprocess.Popen(
                [PA, "-o", "json", "--worker", "builtin", "--judge", "none",
                 "--model", "claude-sonnet-4-6", "--check", "true", "Fix it"],
                cwd=project,
                env={
                    **os.environ,
                    "AGENTPROXY_HOME": f"{temporary}/home",
                    "ANTHROPIC_API_KEY": "sk-bench-only",
                    "ANTHROPIC_BASE_URL": f"http://127.0.0.1:{self._http.server_port}",
                },
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            ) as process:  # fmt: skip
                if not self.asked.wait(60):
                    raise SystemExit("the model was never asked")
                spent = time.perf_counter() - began
                process.wait()
            return spent


def main() -> int:
    """Prints the table. Returns 1 if the bar is missed."""
    first = FirstQuestion()
    first.seconds()
    # The first call of each compiles modules and fills the cache of the disk.
    for command in COMMANDS.values():
        seconds(command)
    times: dict[str, list[float]] = {name: [] for name in COMMANDS}
    # Interleaved, so that other load on the machine meets all commands alike.
    for _ in range(RUNS):
        for name, command in COMMANDS.items():
            times[name].append(seconds(command))
    times["to the first question"] = [first.seconds() for _ in range(FEW)]
    medians = {name: statistics.median(all_times) for name, all_times in times.items()}
    ratios = {name: median / medians["python -c pass"] for name, median in medians.items()}
    for name, median in medians.items():
        bar = f"  at most {BAR:g}" if name == "pa --help" else ""
        print(f"{name:26} {median * 1000:6.1f} ms  {ratios[name]:.1f}x{bar}")
    return int(ratios["pa --help"] > BAR)


if __name__ == "__main__":
    sys.exit(main())
