"""Which files of repositories the user trusts. Trust is bound to the contents."""

import fcntl
import hashlib
import json
import os
import re
import tempfile
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from agentproxy.config.files import read_small
from agentproxy.config.mistakes import ConfigError

MAX_TRUST_BYTES = 4 * 1024 * 1024
LOCK_SECONDS = 5.0
MOVE_AWAY = "move it away, then run pa trust"
WAIT = "wait for that process, then try again"
DIGEST = re.compile(r"[0-9a-f]{64}")


class TrustError(ConfigError):
    """The record of trust cannot be read or written. Then nothing is trusted."""


class _Record(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    version: int = 1
    files: dict[str, str] = {}


def digest_of(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


class Trust:
    """The record of trust: a JSON file that only its owner can read."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def trusted(self, path: Path, digest: str) -> bool:
        """Whether the user trusts this file with exactly these contents. Raises ConfigError."""
        return self._read().files.get(_name(path)) == digest and bool(DIGEST.fullmatch(digest))

    def trust(self, path: Path, digest: str) -> None:
        """Trusts this file while its contents have this digest.

        Raises:
            ValueError: not a digest from `digest_of`.
            ConfigError: the record cannot be read or written.
        """
        if not DIGEST.fullmatch(digest):
            raise ValueError("not a sha256 in lower-case hexadecimal")
        with self._alone():
            record = self._read()
            record.files[_name(path)] = digest
            self._write(record)

    def revoke(self, path: Path) -> bool:
        """Ends the trust in this file. Returns whether it was trusted. Raises ConfigError."""
        with self._alone():
            record = self._read()
            if record.files.pop(_name(path), None) is None:
                return False
            self._write(record)
            return True

    def _read(self) -> _Record:
        data = read_small(self._file, limit=MAX_TRUST_BYTES)
        if data is None:
            return _Record()
        try:
            record = _Record.model_validate_json(data)
        except ValidationError:
            raise self._broken("not a record of trust") from None
        if record.version != 1:
            raise self._broken(f"has version {record.version}, which this release does not know")
        return record

    def _write(self, record: _Record) -> None:
        try:
            handle, draft = tempfile.mkstemp(dir=self._file.parent, prefix=".trust-")
            try:
                with os.fdopen(handle, "w", encoding="utf-8") as file:
                    json.dump(record.model_dump(), file, indent=1, sort_keys=True)
                    file.flush()
                    os.fsync(file.fileno())
                # By rename: a crash leaves the old record or the new one.
                Path(draft).replace(self._file)
            except BaseException:
                Path(draft).unlink(missing_ok=True)
                raise
            _sync_folder(self._file.parent)
        except OSError as error:
            raise self._broken(f"cannot be written: {error.strerror}") from error

    @contextmanager
    def _alone(self) -> Generator[None]:
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
            lock = os.open(self._file.with_name(self._file.name + ".lock"), flags, 0o600)
        except OSError as error:
            raise self._broken(f"cannot be written: {error.strerror}") from error
        try:
            # Without the lock, two starts at once would lose each other's entries.
            self._wait_for(lock)
            yield
        finally:
            os.close(lock)

    def _wait_for(self, lock: int) -> None:
        end = time.monotonic() + LOCK_SECONDS
        while True:
            try:
                return fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if time.monotonic() > end:
                    raise self._broken("another process holds its lock", cure=WAIT) from None
            time.sleep(0.01)

    def _broken(self, problem: str, *, cure: str = MOVE_AWAY) -> TrustError:
        return TrustError(problem, where=str(self._file), cure=cure)


def _name(path: Path) -> str:
    # Resolved: another path to the same file is the same file.
    return os.fsencode(path.resolve()).decode("utf-8", "backslashreplace")


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
