"""Which failures of a model are tried again, and which words a turn ends with."""

from collections.abc import Generator

import pytest
from support.answers import Reply
from support.chats import Served, kinds, serving, text_of


@pytest.fixture(scope="module")
def hasty(tmp_path_factory: pytest.TempPathFactory) -> Generator[Served]:
    """A server that tries three times more, as by default, and hardly waits between."""
    with serving(
        tmp_path_factory.mktemp("hasty"), LLM_RETRY_BASE_DELAY="0", LLM_RETRY_MAX_DELAY="0"
    ) as server:
        yield server


@pytest.mark.parametrize("status", [429, 500, 502, 503, 529])
def test_what_may_pass_is_tried_three_times_more(hasty: Served, status: int) -> None:
    word = f"It passes {status}"
    hasty.script(word, *[Reply(status=status)] * 3, Reply(text=("at last",)))
    with hasty.talk(hasty.new()) as talk:
        came = talk.ask(word)
    assert (text_of(came), "error" in kinds(came)) == ("at last", False)
    word = f"It stays {status}"
    hasty.script(word, *[Reply(status=status)] * 5)
    with hasty.talk(hasty.new()) as talk:
        assert kinds(talk.ask(word))[-2:] == ["error", "done"]
    assert len(hasty.scripts.asked[word]) == 4


@pytest.mark.parametrize("status", [400, 401, 403, 404, 413, 422])
def test_what_stays_wrong_is_asked_once(hasty: Served, status: int) -> None:
    word = f"It is wrong {status}"
    hasty.script(word, Reply(status=status), Reply(text=("never",)))
    with hasty.talk(hasty.new()) as talk:
        assert kinds(talk.ask(word))[-2:] == ["error", "done"]
    assert len(hasty.scripts.asked[word]) == 1
