"""Trust is bound to a file's contents, and its record fails closed."""

import os
import stat
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from agentproxy.config.mistakes import ConfigError
from agentproxy.config.trust import Trust, TrustError, digest_of

ONE, TWO = digest_of(b"one"), digest_of(b"two")


@pytest.fixture
def trust(tmp_path: Path) -> Trust:
    return Trust(tmp_path / "home" / "trust.json")


def test_nothing_is_trusted_at_first(trust: Trust, tmp_path: Path) -> None:
    assert not trust.trusted(tmp_path / "agentproxy.toml", ONE)
    assert not (tmp_path / "home").exists()


def test_a_changed_file_is_not_trusted(trust: Trust, tmp_path: Path) -> None:
    file = tmp_path / "agentproxy.toml"
    trust.trust(file, ONE)
    assert trust.trusted(file, ONE)
    assert not trust.trusted(file, TWO)
    assert not trust.trusted(tmp_path / "other.toml", ONE)
    trust.trust(file, TWO)
    assert not trust.trusted(file, ONE)


def test_trust_is_taken_back(trust: Trust, tmp_path: Path) -> None:
    file = tmp_path / "agentproxy.toml"
    trust.trust(file, ONE)
    assert trust.revoke(file)
    assert not trust.revoke(file)
    assert not trust.trusted(file, ONE)


def test_it_outlives_the_process_and_follows_links(trust: Trust, tmp_path: Path) -> None:
    (tmp_path / "repository").mkdir()
    (tmp_path / "link").symlink_to("repository")
    trust.trust(tmp_path / "link" / "a.toml", ONE)
    again = Trust(tmp_path / "home" / "trust.json")
    assert again.trusted(tmp_path / "repository" / "a.toml", ONE)


def test_only_the_owner_can_read_the_record(trust: Trust, tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        trust.trust(tmp_path / "a", ONE)
    finally:
        os.umask(before)
    home = tmp_path / "home"
    assert stat.S_IMODE(home.stat().st_mode) == 0o700
    modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in home.iterdir()}
    assert modes == {"trust.json": 0o600, "trust.json.lock": 0o600}


def test_only_a_digest_is_trusted(trust: Trust, tmp_path: Path) -> None:
    for digest in ("", "x" * 64, ONE.upper(), ONE + "\n"):
        with pytest.raises(ValueError, match="sha256"):
            trust.trust(tmp_path / "a", digest)
        assert not trust.trusted(tmp_path / "a", digest)


def test_writers_at_once_lose_nothing(tmp_path: Path) -> None:
    def one(number: int) -> None:
        Trust(tmp_path / "trust.json").trust(tmp_path / str(number), ONE)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(one, range(40)))
    trust = Trust(tmp_path / "trust.json")
    assert all(trust.trusted(tmp_path / str(number), ONE) for number in range(40))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{",
        b"[]",
        b"\xff",
        b'{"version": 2, "files": {}}',
        b'{"version": 1, "files": []}',
        b'{"version": 1, "files": {"a": 1}}',
        b'{"version": 1, "extra": 1}',
        b"[" * 200_000,
        b" " * 5_000_000,
    ],
)
def test_a_broken_record_trusts_nothing_and_is_not_overwritten(tmp_path: Path, data: bytes) -> None:
    file = tmp_path / "trust.json"
    file.write_bytes(data)
    trust = Trust(file)
    for act in (
        lambda: trust.trusted(tmp_path / "a", ONE),
        lambda: trust.trust(tmp_path / "a", ONE),
    ):
        with pytest.raises(ConfigError) as error:
            act()
        assert error.value.cure
    assert file.read_bytes() == data


def test_a_pipe_in_place_of_the_record_is_no_wait(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "trust.json")
    begin = time.process_time()
    with pytest.raises(ConfigError):
        Trust(tmp_path / "trust.json").trusted(tmp_path / "a", ONE)
    assert time.process_time() - begin < 1


def test_a_home_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(TrustError, match="cannot be written"):
        Trust(tmp_path / "file" / "trust.json").trust(tmp_path / "a", ONE)
