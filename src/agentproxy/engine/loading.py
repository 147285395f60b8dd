"""Imports a module in a thread, while its process waits for something else."""

import asyncio
import sys
from contextlib import suppress
from importlib import import_module
from threading import Lock, Thread
from typing import Final

# Each call of the system gives the interpreter away, and gets it back after this time. With
# Python's own 5 ms, a thread that looks at many files would hardly go on.
SWITCH_SECONDS: Final = 0.00005
_ONE_AFTER_ANOTHER: Final = Lock()


def begin_to_load(name: str) -> None:
    """Returns at once. Who needs the module imports it as usual, and meets its errors then.

    The end of the process waits for it: a thread that is cut off inside a library may crash.
    """
    if name not in sys.modules:
        Thread(target=_load, args=(name,), name=f"loading {name}").start()


async def loaded(name: str) -> None:
    """Imports a module without holding up the event loop. Raises what the import raises."""
    await asyncio.to_thread(import_module, name)


def _load(name: str) -> None:
    with _ONE_AFTER_ANOTHER:
        usual = sys.getswitchinterval()
        sys.setswitchinterval(SWITCH_SECONDS)
        try:
            with suppress(Exception):
                import_module(name)
        finally:
            sys.setswitchinterval(usual)
