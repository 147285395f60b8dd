"""Runs git so that it starts no other program: no hook, filter, pager, editor or remote."""

import asyncio
import contextlib
import os
import signal
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

TEN_MINUTES = 600.0  # a checkout of a very large tree on a busy disk
PRINTED_LIMIT = 1 << 30  # bytes on standard output; git is killed if it prints more
KEPT_ERRORS = 1 << 14  # bytes of standard error
CHUNK = 1 << 16
PATIENCE = 10.0  # seconds, for the pipes of a process that was killed

# Settings through which a git directory can name a program. The command line overrides every file.
HARDENED = (
    "core.hooksPath=/dev/null",
    "core.fsmonitor=false",
    "core.untrackedCache=false",
    "core.attributesFile=/dev/null",
    "core.pager=cat",
    "core.editor=:",
    "core.askPass=",
    "core.sshCommand=/bin/false",
    "core.gitProxy=",
    "core.alternateRefsCommand=/bin/false",
    "core.safecrlf=false",
    "credential.helper=",
    "diff.external=",
    "gc.auto=0",
    "maintenance.auto=false",
    "submodule.recurse=false",
    "protocol.allow=never",
    "safe.directory=*",
    "safe.bareRepository=explicit",
)

ENVIRONMENT: Mapping[str, str] = {
    "LC_ALL": "C",
    "HOME": "/nonexistent",
    "XDG_CONFIG_HOME": "/nonexistent",
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_SYSTEM": "/dev/null",
    "GIT_CONFIG_GLOBAL": "/dev/null",
    "GIT_ATTR_NOSYSTEM": "1",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_ASKPASS": "",
    "SSH_ASKPASS": "",
    "GIT_EDITOR": ":",
    "GIT_SEQUENCE_EDITOR": ":",
    "GIT_PAGER": "cat",
    "PAGER": "cat",
    "GIT_SSH_COMMAND": "/bin/false",
    # A partial clone would fetch missing objects, and `remote.NAME.uploadpack` names a program even
    # for a local path: no protocol is allowed, not even "file".
    "GIT_ALLOW_PROTOCOL": "none",
    "GIT_PROTOCOL_FROM_USER": "0",
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_NO_REPLACE_OBJECTS": "1",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_LITERAL_PATHSPECS": "1",
    "GIT_MERGE_AUTOEDIT": "no",
}


class GitError(Exception):
    """Git failed. `exit_code` is None if this process killed git."""

    def __init__(self, command: str, exit_code: int | None, said: str) -> None:
        super().__init__(f"git {command}: {said or f'exit code {exit_code}'}")
        self.command = command
        self.exit_code = exit_code
        self.said = said


# For commands that read or write files, `git_dir` is one of our own (`scratch_git_dir.py`). Only
# plumbing that starts no program may use the user's.
@dataclass(frozen=True, slots=True)
class GitLocation:
    """The folders that a git process works with. `env` overrides them; None removes a variable."""

    git_dir: Path | None = None
    work_tree: Path | None = None
    index: Path | None = None
    objects: Path | None = None  # git writes new objects here
    cwd: Path | None = None
    env: Mapping[str, str | None] = field(default_factory=dict[str, str | None])

    def environment(self) -> dict[str, str]:
        # Nothing is inherited except PATH: GIT_DIR or GIT_CONFIG_COUNT of the caller would count.
        places = {
            "GIT_DIR": self.git_dir,
            "GIT_WORK_TREE": self.work_tree,
            "GIT_INDEX_FILE": self.index,
            "GIT_OBJECT_DIRECTORY": self.objects,
        }
        known = {name: str(place) for name, place in places.items() if place is not None}
        asked = {**ENVIRONMENT, "PATH": absolute_path(os.environ), **known, **self.env}
        return {name: value for name, value in asked.items() if value is not None}


def absolute_path(environ: Mapping[str, str]) -> str:
    """Returns PATH without relative entries, which would find programs in the repository."""
    entries = environ.get("PATH", os.defpath).split(os.pathsep)
    return os.pathsep.join(entry for entry in entries if entry.startswith("/"))


def hardened(args: Sequence[str]) -> list[str]:
    switches = [part for setting in HARDENED for part in ("-c", setting)]
    return ["--no-pager", *switches, *args]


async def git(
    *args: str,
    where: GitLocation,
    stdin: bytes | Path = b"",
    timeout: float = TEN_MINUTES,  # noqa: ASYNC109 - the group must be killed here, not by the caller
    accept: Collection[int] = (0,),
    limit: int | None = None,
) -> bytes:
    """Runs git and returns its output, at most `limit` bytes if there is a limit.

    Raises:
        GitError: the exit code is not in `accept`, the output is too large, or time is up.
        FileNotFoundError: git is not on PATH.
    """
    printed, _ = await git_status(
        *args, where=where, stdin=stdin, timeout=timeout, accept=accept, limit=limit
    )
    return printed


async def git_status(
    *args: str,
    where: GitLocation,
    stdin: bytes | Path = b"",
    timeout: float = TEN_MINUTES,  # noqa: ASYNC109 - as above
    accept: Collection[int] = (0,),
    limit: int | None = None,
) -> tuple[bytes, int]:
    """Runs git as `git` does, and also returns the exit code."""
    command = next((arg for arg in args if not arg.startswith("-")), "")
    most = PRINTED_LIMIT if limit is None else limit
    given = stdin if isinstance(stdin, bytes) else None
    with contextlib.ExitStack() as files:
        source = files.enter_context(stdin.open("rb")) if isinstance(stdin, Path) else None
        process = await asyncio.create_subprocess_exec(
            "git",
            *hardened(args),
            stdin=source or asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            cwd=where.cwd or where.git_dir or "/",
            env=where.environment(),
            start_new_session=True,
        )
    try:
        async with asyncio.timeout(timeout):
            printed, said, code = await _talk(process, given, most=most)
    except TimeoutError as error:
        raise GitError(command, None, f"took more than {timeout:.0f} seconds") from error
    finally:
        await _end(process)
    if len(printed) > most:
        if limit is None:
            raise GitError(command, None, f"printed more than {PRINTED_LIMIT} bytes")
        return printed[:limit], code
    if code not in accept:
        raise GitError(command, code, said.decode("utf-8", "replace").strip())
    return printed, code


async def _talk(
    process: asyncio.subprocess.Process, given: bytes | None, *, most: int
) -> tuple[bytes, bytes, int]:
    # All pipes at once: with one after the other, both sides can wait for each other for ever.
    async with asyncio.TaskGroup() as group:
        printed = group.create_task(_read(process, most))
        said = group.create_task(_read_some(process.stderr, KEPT_ERRORS))
        if given is not None:
            group.create_task(_feed(process.stdin, given))
    return printed.result(), said.result(), await process.wait()


async def _read(process: asyncio.subprocess.Process, limit: int) -> bytes:
    kept = bytearray()
    while process.stdout is not None and (chunk := await process.stdout.read(CHUNK)):
        kept += chunk
        if len(kept) > limit:
            _kill_group(process)
            await _drain(process.stdout)
    return bytes(kept)


async def _read_some(stream: asyncio.StreamReader | None, limit: int) -> bytes:
    kept = bytearray()
    while stream is not None and (chunk := await stream.read(CHUNK)):
        kept += chunk[: limit - len(kept)]
    return bytes(kept)


async def _feed(stream: asyncio.StreamWriter | None, given: bytes) -> None:
    if stream is None:
        return
    # Git may end before it has read everything. Its exit code then says why.
    with contextlib.suppress(BrokenPipeError, ConnectionResetError):
        stream.write(given)
        await stream.drain()
    # No `wait_closed`: if cancelled there, asyncio prints a trace when the pipe closes later.
    stream.close()


def _kill_group(process: asyncio.subprocess.Process) -> None:
    # The whole group, even if git itself has ended: a child of git may still run.
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)


async def _end(process: asyncio.subprocess.Process) -> None:
    _kill_group(process)
    # asyncio reports the end of a process only when its pipes were read to their ends. Whoever left
    # the group may still hold one.
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(PATIENCE):
            await _drain(process.stdout)
            await _drain(process.stderr)
            await process.wait()


async def _drain(stream: asyncio.StreamReader | None) -> None:
    while stream is not None and await stream.read(CHUNK):
        pass
