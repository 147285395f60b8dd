"""The tables of the journal's file, and how a file of an earlier version comes to have them."""

import sqlite3

SCHEMA_VERSION = 2

# Events lie in the order in which they came, and the index of a run's events follows by hundreds:
# were each event put into it at once, a hundred runs that write together would change a hundred of
# its pages with every commit. Until then an event is in `tail`, which is short enough to be read
# through. Of one run, whatever is in the tail is newer than whatever is in the index.
_TABLES = """
CREATE TABLE runs (
    number INTEGER PRIMARY KEY,
    run TEXT NOT NULL UNIQUE,
    generation INTEGER NOT NULL,
    pid INTEGER NOT NULL,
    started INTEGER NOT NULL,
    machine TEXT NOT NULL
);
CREATE TABLE inbox (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    run INTEGER NOT NULL REFERENCES runs (number),
    time REAL NOT NULL,
    data TEXT NOT NULL
);
CREATE INDEX inbox_by_run ON inbox (run, id);
"""
_EVENTS = """
CREATE TABLE events (
    number INTEGER PRIMARY KEY,
    run INTEGER NOT NULL REFERENCES runs (number),
    seq INTEGER NOT NULL,
    time REAL NOT NULL,
    actor TEXT NOT NULL,
    kind TEXT NOT NULL,
    version INTEGER NOT NULL,
    data TEXT NOT NULL,
    cause TEXT NOT NULL
);
CREATE TABLE event_index (
    run INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    event INTEGER NOT NULL REFERENCES events (number),
    PRIMARY KEY (run, seq)
) WITHOUT ROWID;
CREATE TABLE indexed (upto INTEGER NOT NULL);
INSERT INTO indexed VALUES (0);
CREATE VIEW tail AS SELECT * FROM events WHERE number > (SELECT upto FROM indexed);
CREATE VIEW tail_ends AS
SELECT run, min(number) AS first, max(number) AS last, max(seq) AS top FROM tail GROUP BY run;
"""
# Version 1 kept (run, seq) in an index of the table itself.
_FROM_1 = """
ALTER TABLE events RENAME TO events_1;
{events}
INSERT INTO events (run, seq, time, actor, kind, version, data, cause)
SELECT run, seq, time, actor, kind, version, data, cause FROM events_1 ORDER BY events_1.rowid;
DROP TABLE events_1;
"""
# Of the runs that a JSON list names: where they stand, in the columns of `runs`, and LAST_SEQ.
NAMED_RUNS = """
runs LEFT JOIN tail_ends ON tail_ends.run = number
WHERE runs.run IN (SELECT value FROM json_each(?))
"""
LAST_SEQ = "coalesce(top, (SELECT max(seq) FROM event_index WHERE event_index.run = number))"
_INDEX_TAIL = (
    "INSERT INTO event_index SELECT run, seq, number FROM tail ORDER BY run, seq",
    "UPDATE indexed SET upto = (SELECT coalesce(max(number), 0) FROM events)",
)


def make_tables(connection: sqlite3.Connection, *, version: int) -> None:
    """Bring a file of `version` (0: an empty one) to ours, within the transaction that is open."""
    script = _FROM_1.format(events=_EVENTS) if version else _TABLES + _EVENTS
    for statement in script.split(";\n"):
        connection.execute(statement)
    if version:
        index_tail(connection)
    connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")


def index_tail(connection: sqlite3.Connection) -> None:
    """Put every event into the index, within the transaction that is open."""
    for statement in _INDEX_TAIL:
        connection.execute(statement)
