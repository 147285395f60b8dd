"""The first program inside where some hosts are granted. Run alone: only the standard library.

Arguments: a socket's descriptor, a port, `--`, the command. It opens the port on the sandbox's own
loopback, hands the listener out, and becomes the command once the gate answers.
"""

import os
import signal
import socket
import sys

_SECONDS = 20.0


def hand_out(control: socket.socket, port: int) -> None:
    """Give the listener away; nothing inside keeps it. Exits when no gate answers."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", port))
        listener.listen(128)
        control.settimeout(_SECONDS)
        socket.send_fds(control, [b"listener"], [listener.fileno()])
    if control.recv(8) != b"ok":
        sys.exit("no gate answers")


def main(arguments: list[str]) -> None:
    """Hand the listener out and become the command."""
    with socket.socket(fileno=int(arguments[0])) as control:
        hand_out(control, int(arguments[1]))
    # Python ignores these; the command should meet them as any other does.
    for name in (signal.SIGPIPE, signal.SIGXFSZ):
        signal.signal(name, signal.SIG_DFL)
    command = arguments[3:]
    os.execv(command[0], command)


if __name__ == "__main__":
    main(sys.argv[1:])
