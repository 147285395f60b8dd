"""The first program inside where something answers there. Run alone: only the standard library.

Arguments: a socket's descriptor, the ports, `--`, the command. It opens the ports on the sandbox's
own loopback, hands the listeners out, and becomes the command once they are answered.
"""

import contextlib
import os
import signal
import socket
import sys

_SECONDS = 20.0


def hand_out(control: socket.socket, ports: list[int]) -> None:
    """Give the listeners away; nothing inside keeps one. Exits when nobody answers."""
    with contextlib.ExitStack() as stack:
        listeners: list[int] = []
        for port in ports:
            listener = stack.enter_context(socket.socket())
            listener.bind(("127.0.0.1", port))
            listener.listen(128)
            listeners.append(listener.fileno())
        control.settimeout(_SECONDS)
        socket.send_fds(control, [b"listeners"], listeners)
    if control.recv(8) != b"ok":
        sys.exit("no proxy answers")


def main(arguments: list[str]) -> None:
    """Hand the listeners out and become the command."""
    cut = arguments.index("--")
    with socket.socket(fileno=int(arguments[0])) as control:
        hand_out(control, [int(port) for port in arguments[1:cut]])
    # Python ignores these; the command should meet them as any other does.
    for name in (signal.SIGPIPE, signal.SIGXFSZ):
        signal.signal(name, signal.SIG_DFL)
    command = arguments[cut + 1 :]
    os.execv(command[0], command)


if __name__ == "__main__":
    main(sys.argv[1:])
