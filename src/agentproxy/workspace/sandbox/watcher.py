"""Kills what has a name when the process that started this one ends. A program: it has the name.

One runs beside each process that isolates commands, so it imports only what starts in no time.
"""

import os
import signal
import sys
import time

# Several times, because a process may just be starting.
_PAUSES = (0.0, 0.02, 0.05, 0.1, 0.2)  # seconds before each kill
_MOST_READ = 4096  # bytes of a command line


def main(name: str) -> None:
    """Waits until the pipe on standard input ends, then kills."""
    # A signal to the whole process group must not end the watcher.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    while os.read(0, 4096):
        pass
    for pause in _PAUSES:
        time.sleep(pause)
        _kill_all(os.fsencode(name) + b"\0")


def _kill_all(start: bytes) -> None:
    for process in os.listdir("/proc"):  # noqa: PTH208 - pathlib takes as long as all else here
        if process.isdecimal():
            try:
                if _command_line(process).startswith(start):
                    os.kill(int(process), signal.SIGKILL)
            except OSError:
                continue


def _command_line(process: str) -> bytes:
    file = os.open(f"/proc/{process}/cmdline", os.O_RDONLY)
    try:
        return os.read(file, _MOST_READ)
    finally:
        os.close(file)


if __name__ == "__main__":
    main(sys.argv[1])
