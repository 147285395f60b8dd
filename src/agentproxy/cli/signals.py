"""Handles signals outside of a run: one line, exit code 130."""

import os
import signal
from collections.abc import Callable, Generator
from contextlib import contextmanager

INTERRUPTED = 130
NUMBERS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def exit_at_signals() -> None:
    """Ends the process on a signal, until `raise_at_signals`."""
    # Not an exception: in some callbacks of the import system Python prints and drops one.
    _install(_exit)


@contextmanager
def raise_at_signals() -> Generator[None]:
    """Turns a signal into KeyboardInterrupt, which cancels an event loop."""
    before = {number: signal.getsignal(number) for number in NUMBERS}
    _install(_forward)
    if _is_heeded(signal.SIGINT):
        signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        for number, handler in before.items():
            if _is_heeded(number):
                signal.signal(number, handler)


def keep_signal_handlers() -> Callable[[], None]:
    """Returns what sets the handlers again that are set now."""
    now = {number: signal.getsignal(number) for number in NUMBERS}

    def restore() -> None:
        for number, handler in now.items():
            signal.signal(number, handler)

    return restore


def ignore_signals() -> None:
    for number in NUMBERS:
        signal.signal(number, signal.SIG_IGN)


def _install(handler: Callable[[int, object], None]) -> None:
    for number in NUMBERS:
        if _is_heeded(number):
            signal.signal(number, handler)


def _is_heeded(number: signal.Signals) -> bool:
    # A signal that was ignored from the start (nohup, a script's background job) stays ignored.
    return signal.getsignal(number) is not signal.SIG_IGN


def _exit(number: int, frame: object) -> None:
    del number, frame
    try:
        os.write(2, b"pa: interrupted\n")
    finally:
        os._exit(INTERRUPTED)


def _forward(number: int, frame: object) -> None:
    del number, frame
    if not _is_heeded(signal.SIGINT):
        raise KeyboardInterrupt
    signal.raise_signal(signal.SIGINT)
