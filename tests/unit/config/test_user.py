"""The user's own file."""

import pytest

from agentproxy.config.mistakes import BadFile
from agentproxy.config.user import load_user, user_file


def test_it_holds_workers_and_defaults() -> None:
    user = load_user(
        '[worker.mine]\ncommand = "mine"\n[defaults]\nworker = "mine"\nmax_time = "2h"', source="x"
    )
    assert user.workers["mine"].command == "mine"
    assert user.defaults.given() == {"worker": "mine", "max_time": 7200.0}


def test_an_empty_one_says_nothing() -> None:
    assert load_user("", source="x").defaults.given() == {}


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("[checks.u]\ncommand = 'x'", "checks"),
        ("[defaults]\nhome = '/x'", "defaults.home"),
        ("[defaults]\nmax_rounds = '3'", "defaults.max_rounds"),
        ("[defaults]\nsandbox = 'off'", "defaults.sandbox"),
        ("worker = 'x'", "worker"),
        ("[worker.x]\nhost = ['a:1']", "worker.x.host"),
    ],
)
def test_a_mistake_names_the_key(text: str, key: str) -> None:
    with pytest.raises(BadFile) as error:
        load_user(text, source="config.toml")
    assert (error.value.source, error.value.key) == ("config.toml", key)


def test_it_lies_in_the_users_configuration_folder() -> None:
    assert user_file().is_absolute()
    assert user_file().parts[-2:] == ("agentproxy", "config.toml")
