"""The journal file: where it is, how it is opened, and what its errors mean."""

import errno
import os
import sqlite3
import stat
import threading
import time
from contextlib import suppress
from pathlib import Path

from agentproxy.journal.port import JournalUnusable
from agentproxy.journal.sqlite.schema import (
    APPLICATION_ID,
    SCHEMA_VERSION,
    make_tables,
    upgrade_tables,
)

LOCK_SECONDS = 10.0
# Turns of about 2 KB fill pages of 4 KB only by half. Measured: 2.0 bytes stored for one written.
PAGE_BYTES = 8192
CHECKPOINT_PAGES = 2000
# SQLite would take 2 MB for each connection. The system holds the pages too, and a journal is read
# and written at its end.
CACHE_KB = 512
_MAKING = threading.Lock()  # held until the thread that creates the file has closed it

_PRAGMAS = (
    f"PRAGMA cache_size = -{CACHE_KB}",
    "PRAGMA synchronous = FULL",  # an acknowledged append survives a power cut
    f"PRAGMA wal_autocheckpoint = {CHECKPOINT_PAGES}",
)
_CURES = {
    "SQLITE_FULL": "the disk is full: free some space, then run pa resume",
    "SQLITE_BUSY": "another process keeps it locked: wait for that process, or end it",
    "SQLITE_LOCKED": "another process keeps it locked: wait for that process, or end it",
    "SQLITE_NOTADB": "it is not a journal: move the file away",
    "SQLITE_CORRUPT": "it is damaged: move it away, or restore it from a copy",
    "SQLITE_READONLY": "it is read-only: make the file and its folder writable",
    "SQLITE_CANTOPEN": "it cannot be opened: check the permissions of the file and its folder",
    "SQLITE_PERM": "it cannot be opened: check the permissions of the file and its folder",
    "SQLITE_IOERR": "the disk reports an error: check the file system",
}
# Errors of the operating system before SQLite opens the file, under SQLite's names.
_NAMES = {
    errno.ENOSPC: "SQLITE_FULL",
    errno.EDQUOT: "SQLITE_FULL",
    errno.EROFS: "SQLITE_READONLY",
    errno.EACCES: "SQLITE_PERM",
    errno.EPERM: "SQLITE_PERM",
    errno.EISDIR: "SQLITE_NOTADB",
}


def unusable(path: Path, error: sqlite3.Error | OSError) -> JournalUnusable:
    name = getattr(error, "sqlite_errorname", None) or ""
    if isinstance(error, OSError):
        name = _NAMES.get(error.errno or 0, "")
    cure = next((cure for prefix, cure in _CURES.items() if name.startswith(prefix)), "")
    return JournalUnusable(f"the journal {path} cannot be used: {cure or error} ({name or error})")


def connect(path: Path, *, patience: float = LOCK_SECONDS) -> sqlite3.Connection:
    """Opens the journal at `path`, and creates it if it does not exist.

    A statement waits for `patience` seconds while another process keeps the file locked.

    Any thread may use the connection, one at a time. Raises JournalUnusable.
    """
    try:
        _make_file(path)
        connection = sqlite3.connect(
            path,
            timeout=patience,
            # Transactions begin and end by our own statements.
            isolation_level=None,
            # Readers hand connections from thread to thread. One thread at a time uses each.
            check_same_thread=False,
            cached_statements=512,
        )
    except (OSError, sqlite3.Error) as error:
        raise unusable(path, error) from error
    try:
        _prepare(connection, path)
    except sqlite3.Error as error:
        connection.close()
        raise unusable(path, error) from error
    except JournalUnusable:
        connection.close()
        raise
    return connection


def _make_file(path: Path) -> None:
    if not path.parent.is_dir():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.parent.chmod(0o700)
    # Before SQLite opens it: the -wal and -shm files get the permissions of this file.
    with _MAKING, suppress(FileExistsError):
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR | os.O_CLOEXEC, 0o600))
    # An existing file is not opened beside SQLite. Closing it would drop every POSIX lock of this
    # process, and the next process that ends would delete the log while we use it.
    mode = path.stat().st_mode
    if stat.S_ISREG(mode) and mode & 0o077:
        path.chmod(0o600)


def _prepare(connection: sqlite3.Connection, path: Path) -> None:
    is_new = _is_empty(connection, path)
    connection.execute(f"PRAGMA page_size = {PAGE_BYTES}")
    _switch_to_wal(connection)
    for pragma in _PRAGMAS:
        connection.execute(pragma)
    if not is_new and _number(connection, "user_version") == SCHEMA_VERSION:
        return
    connection.execute("BEGIN IMMEDIATE")
    # Another process may have been faster, and may be a newer version.
    if _is_empty(connection, path):
        make_tables(connection)
    elif (found := _number(connection, "user_version")) < SCHEMA_VERSION:
        upgrade_tables(connection, found)
    connection.execute("COMMIT")


def _is_empty(connection: sqlite3.Connection, path: Path) -> bool:
    # Tables before the numbers. Both are committed together, so a reader of new tables also sees
    # the numbers. In the other order a new file could look like the file of another program.
    if connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0] == 0:
        return True
    found = _number(connection, "user_version")
    if _number(connection, "application_id") != APPLICATION_ID:
        raise JournalUnusable(
            f"{path} is not a journal that this agentproxy can read (another program or an early "
            "agentproxy wrote it): move the file away, or set AGENTPROXY_HOME to another folder"
        )
    if found > SCHEMA_VERSION:
        raise JournalUnusable(
            f"a newer agentproxy wrote the journal {path} (its format is {found}, this version "
            f"reads {SCHEMA_VERSION}): upgrade agentproxy, or set AGENTPROXY_HOME to another folder"
        )
    return False


def _number(connection: sqlite3.Connection, pragma: str) -> int:
    return int(connection.execute(f"PRAGMA {pragma}").fetchone()[0])


def _switch_to_wal(connection: sqlite3.Connection) -> None:
    # While two processes switch at the same time, SQLite answers "locked" and ignores its timeout.
    patience = time.monotonic() + LOCK_SECONDS
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > patience:
                raise
            time.sleep(0.005)
        else:
            return
