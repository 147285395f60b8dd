"""Who uses which workspace, and its clean-up when nobody has used it for some time."""

import asyncio
import logging
import re
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from agentproxy.app.chat.use_locks import UseLocks
from agentproxy.files.remove_tree import remove_tree
from agentproxy.tools.own_folders import OWN_FOLDERS, is_own

LOG = logging.getLogger(__name__)
SESSION = ".agent/session"  # there was a session since the last clean-up, of a process that cleans
MADE_BY_US = ".agent/made-by-agentproxy"  # in a shared workspace that was empty when we began
CONVERSATION = re.compile(r"[0-9a-f]{12}")
LOCK_SECONDS = 10.0  # for another process that cleans just now


@dataclass(eq=False, slots=True)
class _Use:
    """The present use of one workspace."""

    number: int = 0
    sessions: int = 0
    locked: bool = False


@dataclass
class Workspaces:
    """The workspaces below `root`. One event loop uses it.

    A workspace is cleaned `delay` seconds after its last session has ended, if nobody uses it: no
    client, no turn, no command, no agent, no other conversation and no other process. None cleans
    nothing. The folders of our own stay.
    """

    root: Path
    delay: float | None
    grace: float  # seconds after the last client of a session that nothing worked for
    _locks: UseLocks = field(default_factory=UseLocks)
    _uses: dict[Path, _Use] = field(default_factory=dict[Path, _Use])
    _ended: set[Path] = field(default_factory=set[Path])  # their last session is over
    _timers: dict[Path, asyncio.TimerHandle] = field(
        default_factory=dict[Path, asyncio.TimerHandle]
    )
    _cleaning: dict[Path, asyncio.Task[None]] = field(
        default_factory=dict[Path, "asyncio.Task[None]"]
    )

    def used(self, workspace: Path, *, session: bool = False) -> AbstractAsyncContextManager[None]:
        """Keeps a workspace from being cleaned. With `session`, a client is there."""
        return _Stay(self, workspace, session)

    async def enter(self, workspace: Path, *, session: bool) -> None:
        """Begins a use. Who comes in leaves again."""
        use = self._uses.setdefault(workspace, _Use())
        use.number += 1
        use.sessions += session
        self._stop_timer(workspace)
        if session:
            self._ended.discard(workspace)
        try:
            if (cleaning := self._cleaning.get(workspace)) is not None:
                await asyncio.wait({cleaning})
            await self._lock(workspace, use)
            if session:
                await asyncio.to_thread(self._mark, workspace)
        except BaseException:
            self.leave(workspace, session=session)
            raise

    def leave(self, workspace: Path, *, session: bool) -> None:
        use = self._uses[workspace]
        use.number -= 1
        use.sessions -= session
        if session and not use.sessions:
            self._ended.add(workspace)
        if not use.number:
            self._leave(workspace, use, after=self.grace if session else 0.0)

    def touch(self, workspace: Path) -> None:
        """Counts as a use that is over at once: what is about to be cleaned stays for longer."""
        if workspace in self._timers:
            self._start_timer(workspace, after=self.grace)

    async def restore(self) -> None:
        """Begins the waiting anew for the sessions that an earlier process left behind."""
        if self.delay is None:
            return
        for workspace in await asyncio.to_thread(sessions_in, self.root):
            use = self._uses.get(workspace)
            if workspace in self._timers or (use is not None and use.sessions):
                continue
            # A turn may go on in it already: then the waiting begins at its end.
            self._ended.add(workspace)
            if use is None:
                self._start_timer(workspace, after=self.grace)

    async def close(self) -> None:
        """Cleans nothing more. What is being cleaned is cleaned to its end."""
        for workspace in list(self._timers):
            self._stop_timer(workspace)
        self.delay = None
        if self._cleaning:
            await asyncio.wait(self._cleaning.values())
        self._locks.close()

    def _mark(self, workspace: Path) -> None:
        """Tells later processes that a session was here. Blocking. Never raises OSError."""
        mark = workspace / SESSION
        with suppress(OSError):
            if self.delay is None:
                mark.unlink(missing_ok=True)
                return
            if workspace.parent == self.root:
                workspace.mkdir(parents=True, exist_ok=True, mode=0o700)
            if _is_ours(workspace, self.root):
                mark.parent.mkdir(exist_ok=True, mode=0o700)
                mark.touch(mode=0o600)

    async def _lock(self, workspace: Path, use: _Use) -> None:
        if not self._locks.is_open:
            await asyncio.to_thread(self._locks.open, self.root)
        loop = asyncio.get_running_loop()
        end = loop.time() + LOCK_SECONDS
        # Without a file of locks nobody cleans either.
        while self._locks.is_open and not use.locked and loop.time() < end:
            use.locked = self._locks.share(workspace)
            if not use.locked:
                await asyncio.sleep(0.05)

    def _leave(self, workspace: Path, use: _Use, *, after: float) -> None:
        if use.locked:
            self._locks.release(workspace)
        del self._uses[workspace]
        if workspace in self._ended:
            self._start_timer(workspace, after=after)

    def _start_timer(self, workspace: Path, *, after: float) -> None:
        self._stop_timer(workspace)
        if self.delay is not None:
            loop = asyncio.get_running_loop()
            self._timers[workspace] = loop.call_later(self.delay + after, self._begin, workspace)

    def _stop_timer(self, workspace: Path) -> None:
        if (timer := self._timers.pop(workspace, None)) is not None:
            timer.cancel()

    def _begin(self, workspace: Path) -> None:
        self._timers.pop(workspace, None)
        self._ended.discard(workspace)
        task = asyncio.create_task(self._clean(workspace), name=f"clean {workspace}")
        self._cleaning[workspace] = task

    async def _clean(self, workspace: Path) -> None:
        try:
            await asyncio.to_thread(clean, workspace, self.root)
        except OSError as error:
            LOG.warning("the workspace %s cannot be cleaned: %s", workspace, error)
        finally:
            del self._cleaning[workspace]


@dataclass(frozen=True, slots=True)
class _Stay:
    """A context, during which a workspace is used."""

    workspaces: Workspaces
    workspace: Path
    session: bool

    async def __aenter__(self) -> None:
        await self.workspaces.enter(self.workspace, session=self.session)

    async def __aexit__(self, *error: object) -> None:
        self.workspaces.leave(self.workspace, session=self.session)


def clean(workspace: Path, root: Path) -> bool:
    """Empties a workspace below `root`, without the folders of our own. Blocking.

    Returns whether it did so: not for one that another process uses, that is not below `root`, or
    that is `root` itself and was not made by us. Raises OSError.
    """
    if not _is_ours(workspace, root):
        return False
    locks = UseLocks()
    try:
        locks.open(root)
        if not locks.is_open or not locks.own(workspace):
            return False
        _empty(workspace, root)
        (workspace / SESSION).unlink(missing_ok=True)
    finally:
        locks.close()
    return True


def _empty(workspace: Path, root: Path) -> None:
    for entry in list(workspace.iterdir()):
        # In a shared workspace: the ones of conversations that do not share.
        kept = workspace == root and CONVERSATION.fullmatch(entry.name)
        if is_own([entry.name]) or kept:
            continue
        if entry.is_dir() and not entry.is_symlink():
            remove_tree(entry)
        else:
            entry.unlink(missing_ok=True)


def sessions_in(root: Path) -> Sequence[Path]:
    """Returns the workspaces that were used since they were cleaned. Blocking.

    Never raises OSError.
    """
    found: list[Path] = []
    with suppress(OSError):
        for workspace in (root, *root.iterdir()):
            with suppress(OSError):
                if _is_ours(workspace, root) and (workspace / SESSION).is_file():
                    found.append(workspace)
    return found


def make_shared(root: Path) -> None:
    """Makes a workspace that conversations share. Blocking. Raises OSError.

    One that has files already belongs to the user, and is never cleaned.
    """
    root.mkdir(parents=True, exist_ok=True, mode=0o700)
    if all(entry.name in OWN_FOLDERS for entry in root.iterdir()):
        mark = root / MADE_BY_US
        mark.parent.mkdir(exist_ok=True, mode=0o700)
        mark.touch()


def _is_ours(workspace: Path, root: Path) -> bool:
    # A link anywhere on the way could lead to files of somebody else.
    if workspace == root:
        return (root / MADE_BY_US).is_file() and not root.is_symlink()
    direct = workspace.parent == root and CONVERSATION.fullmatch(workspace.name)
    return bool(direct) and workspace.is_dir() and not workspace.is_symlink()
