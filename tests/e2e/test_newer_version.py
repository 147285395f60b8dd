"""A run that a later version of agentproxy wrote, and what this one says of it."""

import sqlite3

from support.front_door import Pa
from support.projects import CHECK, MEND


def test_a_run_of_a_later_version_is_named_with_it_and_not_called_damaged(pa: Pa) -> None:
    assert pa.task("--check", CHECK, worker=MEND).code == 0
    with sqlite3.connect(pa.home / "journal.sqlite3") as connection:
        for kind, field, value in (
            ("segment_started", "product", "9.1.0"),
            ("claim_examined", "moons", "2"),
        ):
            connection.execute(
                f"UPDATE events SET data = json_set(data, '$.{field}', ?) WHERE kind = ?",
                (value, kind),
            )
    shown = pa("show")
    assert shown.code == 6
    assert "was written by agentproxy 9.1.0" in shown.err
    assert "upgrade agentproxy" in shown.err
    assert "Traceback" not in shown.err
