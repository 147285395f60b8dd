"""Who holds the lease of a run: a process, told from later ones with the same number."""

import itertools
import os
from functools import cache

from agentproxy.events.envelope import RunId
from agentproxy.journal.port import Holder
from agentproxy.workspace.sandbox.processes import machine_and_boot, start_time

# A new slot for each lease, so that a process cannot take a run from itself (decision 14).
_SLOTS = itertools.count(1)


class StillOwned(Exception):
    def __init__(self, run: RunId, pid: int) -> None:
        super().__init__(f"run {run} is being worked on by process {pid}")
        self.pid = pid


def new_holder() -> Holder:
    started, machine = _process(os.getpid())
    return Holder(pid=os.getpid(), started=started, machine=machine, slot=next(_SLOTS))


@cache
def _process(pid: int) -> tuple[int, str]:
    # By its pid: a forked process is another one.
    return start_time(pid) or 0, machine_and_boot()


def is_alive(holder: Holder) -> bool:
    """A holder on another machine counts as alive: it cannot be seen from here."""
    here = machine_and_boot()
    if holder.machine != here:
        return holder.machine.partition(":")[0] != here.partition(":")[0]
    # The process id alone may belong to a newer process.
    return start_time(holder.pid) == holder.started
