"""The console command that starts the server, and its usual port."""

import json
import os
import signal
import socket
import subprocess
import sys
import urllib.request
from contextlib import suppress
from pathlib import Path

PATIENCE = 60
COMMAND = Path(sys.executable).with_name("pa-server")


def environment(folder: Path) -> dict[str, str]:
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "AGENTPROXY_HOME": str(folder / "home"),
    }


def test_the_console_command_serves(tmp_path: Path) -> None:
    server = subprocess.Popen(
        [COMMAND, "--port", "0"],
        cwd=tmp_path,
        env=environment(tmp_path),
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert server.stdout is not None
        url = server.stdout.readline().split()[-1]
        with urllib.request.urlopen(f"{url}/health", timeout=PATIENCE) as answer:
            assert json.load(answer)["status"] == "ok"
        server.send_signal(signal.SIGINT)
        assert server.wait(timeout=PATIENCE) == 0
    finally:
        server.kill()
        server.communicate(timeout=PATIENCE)


def test_without_a_port_it_takes_8000(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        with suppress(OSError):  # another program has it already
            taken.bind(("127.0.0.1", 8000))
            taken.listen()
        refused = subprocess.run(
            [COMMAND],
            cwd=tmp_path,
            env=environment(tmp_path),
            capture_output=True,
            text=True,
            check=False,
            timeout=PATIENCE,
        )
    assert refused.returncode == 2
    assert "127.0.0.1:8000 cannot be listened on: Address already in use" in refused.stderr
