"""Numbers on the command line: the digits 0 to 9, and nothing that only a program would write."""

import click
import pytest

from agentproxy.cli.options import Dollars, Duration, WholeNumber

ODD = [
    "1_0",
    "\u0663",
    "\uff11\uff10",
    "1e3",
    "+5",
    "-5",
    "0x10",
    "nan",
    "inf",
    " 5",
    "5 ",
    "5\n",
    "",
]
ODD_MINUTES = [f"{odd}m" for odd in ODD if odd != "5 "]
TYPES = {"--max-rounds": WholeNumber(1, 1000), "--budget": Dollars(), "--max-time": Duration()}


@pytest.mark.parametrize("value", [*ODD, "0", "9" * 5000])
@pytest.mark.parametrize("option", TYPES)
def test_odd_spellings_of_numbers_are_refused(option: str, value: str) -> None:
    with pytest.raises(click.BadParameter):
        TYPES[option].convert(value, None, None)


@pytest.mark.parametrize(
    "value", [f"{odd}m" for odd in ODD if odd != "5 "] + ["1h30m", "5M", "366d", "m", "5  m"]
)
def test_odd_durations_are_refused(value: str) -> None:
    with pytest.raises(click.BadParameter):
        Duration().convert(value, None, None)


def test_plain_numbers_are_taken() -> None:
    assert WholeNumber(1, 1000).convert("12", None, None) == 12
    assert [Dollars().convert(text, None, None) for text in ("2", "$2.50", ".5")] == [2.0, 2.5, 0.5]
    durations = [Duration().convert(text, None, None) for text in ("90", "90s", "1.5m", "2h", "1d")]
    assert durations == [90.0, 90.0, 90.0, 7200.0, 86400.0]
