"""Measures `pa --help` against `python -c pass`."""

import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

RUNS = 25
BAR = 4.0  # times `python -c pass`
PA = str(Path(sys.executable).with_name("pa"))
COMMANDS = {
    "python -c pass": [sys.executable, "-c", "pass"],
    "python -c 'import click'": [sys.executable, "-c", "import click"],
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


def main() -> int:
    """Prints the table. Returns 1 if the bar is missed."""
    # The first call of each compiles modules and fills the cache of the disk.
    for command in COMMANDS.values():
        seconds(command)
    times: dict[str, list[float]] = {name: [] for name in COMMANDS}
    # Interleaved, so that other load on the machine meets all commands alike.
    for _ in range(RUNS):
        for name, command in COMMANDS.items():
            times[name].append(seconds(command))
    medians = {name: statistics.median(all_times) for name, all_times in times.items()}
    ratios = {name: median / medians["python -c pass"] for name, median in medians.items()}
    for name, median in medians.items():
        bar = f"  at most {BAR:g}" if name == "pa --help" else ""
        print(f"{name:26} {median * 1000:6.1f} ms  {ratios[name]:.1f}x{bar}")
    return int(ratios["pa --help"] > BAR)


if __name__ == "__main__":
    sys.exit(main())
