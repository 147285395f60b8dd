"""The first program in a sandbox with an egress proxy or services.

Arguments: a socket's descriptor, ports, `--`, the command. It opens the ports on the sandbox's
loopback, passes the listeners out, and executes the command. Uses only the standard library.
"""

import contextlib
import os
import signal
import socket
import sys

_SECONDS = 20.0


def hand_out(control: socket.socket, ports: list[int]) -> None:
    """Passes the listeners out, and waits for the answer. Exits if there is none."""
    # Closed here afterwards: no process in the sandbox may keep a listener.
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
        sys.exit("the sandbox's proxy does not answer")


def main(arguments: list[str]) -> None:
    cut = arguments.index("--")
    with socket.socket(fileno=int(arguments[0])) as control:
        hand_out(control, [int(port) for port in arguments[1:cut]])
    # Python ignores these signals, and an ignored signal stays ignored in the command.
    for name in (signal.SIGPIPE, signal.SIGXFSZ):
        signal.signal(name, signal.SIG_DFL)
    command = arguments[cut + 1 :]
    os.execv(command[0], command)


if __name__ == "__main__":
    main(sys.argv[1:])
