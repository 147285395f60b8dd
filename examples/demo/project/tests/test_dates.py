from datetime import date

import pytest
from dates import parse


def test_iso_dates():
    assert parse("2023-07-14") == date(2023, 7, 14)


def test_dotted_dates():
    assert parse("14.7.2023") == date(2023, 7, 14)


def test_the_29th_of_february_in_a_leap_year():
    assert parse("2024-02-29") == date(2024, 2, 29)


@pytest.mark.parametrize("text", ["2023-02-29", "1900-02-29", "2023-13-01", "31.4.2023", "soon"])
def test_what_is_no_date_is_refused_with_the_text(text):
    with pytest.raises(ValueError, match=text):
        parse(text)
