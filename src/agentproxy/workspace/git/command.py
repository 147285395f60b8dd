"""Git as a subprocess that runs no program of anybody's: no hook, filter, pager, editor or remote.

What reads or writes files runs with a git directory of our own (`own.py`), whose configuration
nobody else wrote; only plumbing that runs no programs is pointed at the user's git directory.
"""

import asyncio
import contextlib
import os
import signal
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

TEN_MINUTES = 600.0  # a checkout of a very large tree on a busy disk
PRINTED_LIMIT = 1 << 30  # bytes on standard output; past it git is ended
KEPT_ERRORS = 1 << 14  # bytes of standard error
CHUNK = 1 << 16

# Names that a git directory could give to programs; the command line beats every file.
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
    # A partial clone would fetch what is missing, and `remote.NAME.uploadpack` is a program even
    # for a local path: no protocol at all is allowed, not even "file".
    "GIT_ALLOW_PROTOCOL": "none",
    "GIT_PROTOCOL_FROM_USER": "0",
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_NO_REPLACE_OBJECTS": "1",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_LITERAL_PATHSPECS": "1",
    "GIT_MERGE_AUTOEDIT": "no",
}


class GitError(Exception):
    """Git ended badly. `command` is its subcommand; `exit_code` is None where we ended it."""

    def __init__(self, command: str, exit_code: int | None, said: str) -> None:
        super().__init__(f"git {command}: {said or f'exit code {exit_code}'}")
        self.command = command
        self.exit_code = exit_code
        self.said = said


@dataclass(frozen=True, slots=True)
class GitLocation:
    """What a git process sees: its directory, the files, the index, the objects it writes to.

    `env` comes last and wins; None takes a variable away.
    """

    git_dir: Path | None = None
    work_tree: Path | None = None
    index: Path | None = None
    objects: Path | None = None
    cwd: Path | None = None
    env: Mapping[str, str | None] = field(default_factory=dict[str, str | None])

    def environment(self) -> dict[str, str]:
        """The whole environment of the process; nothing is inherited but an absolute PATH."""
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
    """PATH without its relative entries: those would find a program in the repository."""
    entries = environ.get("PATH", os.defpath).split(os.pathsep)
    return os.pathsep.join(entry for entry in entries if entry.startswith("/"))


def hardened(args: Sequence[str]) -> list[str]:
    """The arguments of git after its name: everything that could name a program is overruled."""
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
    """Run git and return what it printed. `stdin` is bytes, or a file to read from. With a `limit`
    only so many bytes of it are wanted: then git is ended, and that is no error.

    Raises:
        GitError: another exit code than one of `accept`, too much output, or too much time.
        FileNotFoundError: there is no git.
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
    """As `git`, and with the exit code, for commands that say something by it."""
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
    """Feed and read at once, so that neither side waits for the other for ever."""
    async with asyncio.TaskGroup() as group:
        printed = group.create_task(_read(process, most))
        said = group.create_task(_read_some(process.stderr, KEPT_ERRORS))
        if given is not None:
            group.create_task(_feed(process.stdin, given))
    return printed.result(), said.result(), await process.wait()


async def _read(process: asyncio.subprocess.Process, limit: int) -> bytes:
    """Everything printed; where it is more than the limit, the process is ended."""
    kept = bytearray()
    while process.stdout is not None and (chunk := await process.stdout.read(CHUNK)):
        kept += chunk
        if len(kept) > limit:
            process.kill()
            break
    return bytes(kept)


async def _read_some(stream: asyncio.StreamReader | None, limit: int) -> bytes:
    kept = bytearray()
    while stream is not None and (chunk := await stream.read(CHUNK)):
        kept += chunk[: limit - len(kept)]
    return bytes(kept)


async def _feed(stream: asyncio.StreamWriter | None, given: bytes) -> None:
    if stream is None:
        return
    # Git may end before it has read everything; its exit code says then why.
    with contextlib.suppress(BrokenPipeError, ConnectionResetError):
        stream.write(given)
        await stream.drain()
    # Not waited for: a cancelled wait makes asyncio print a trace when the pipe closes after all.
    stream.close()


async def _end(process: asyncio.subprocess.Process) -> None:
    """The whole group, also when git itself has ended and something of it has not."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    await process.wait()
