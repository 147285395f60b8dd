"""How long `pa --help` takes beside `python -c pass`, as ratios of medians of interleaved runs."""

import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

RUNS = 25
BAR = 4.0  # of `pa --help`
PA = str(Path(sys.executable).with_name("pa"))
COMMANDS = {
    "python -c pass": [sys.executable, "-c", "pass"],
    "python -c 'import click'": [sys.executable, "-c", "import click"],
    "pa --help": [PA, "--help"],
    "pa --version": [PA, "--version"],
    "pa list --help": [PA, "list", "--help"],
}


def seconds(command: list[str]) -> float:
    """The wall time of a command, with compiled modules kept as an installation has them."""
    env = {name: text for name, text in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    began = time.perf_counter()
    subprocess.run(command, stdout=subprocess.DEVNULL, check=True, env=env)
    return time.perf_counter() - began


def main() -> int:
    """Print the table; 1 when the bar is missed."""
    for command in COMMANDS.values():
        seconds(command)
    times: dict[str, list[float]] = {name: [] for name in COMMANDS}
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
