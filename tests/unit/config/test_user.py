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


@pytest.mark.parametrize(
    ("text", "key", "cure"),
    [
        ("worker = 5", "worker", "write it as a table"),
        ("[defaults]\nbudget = nan", "defaults.budget", "write digits, such as"),
        ("[defaults]\nbudget = -1", "defaults.budget", "write a number above 0"),
        ("[defaults]\nmax_rounds = 1001", "defaults.max_rounds", "write at most 1000"),
        ("[defaults]\nmax_rounds = 1.5", "defaults.max_rounds", "write digits, such as 12"),
        ("[defaults]\nsandbox = true", "defaults.sandbox", "write 'auto' or 'plain'"),
        ("[worker.x]\ncommand = true", "worker.x.command", "write it in quotes"),
        ('[worker.x]\ncommand = ""', "worker.x.command", "leave the key out"),
        ('[worker.x]\nhosts = "a:1"', "worker.x.hosts", "write it in brackets"),
        ('[worker."a b!"]', 'worker."a b!"', "begin with a letter"),
        (f'[worker.x]\nmodel = "{"x" * 5000}"', "worker.x.model", "shorten it"),
    ],
)
def test_a_wrong_value_is_named_in_plain_words_with_its_cure(
    text: str, key: str, cure: str
) -> None:
    with pytest.raises(BadFile) as refused:
        load_user(text, source="config.toml")
    assert refused.value.key == key
    assert cure in refused.value.cure
    assert "input should" not in str(refused.value)
