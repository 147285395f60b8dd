"""The tables of the journal file, and the index of its events."""

import sqlite3

from agentproxy.journal.record import CHANGES_NOTHING

APPLICATION_ID = 0x70614A31  # "paJ1" in the header of the file: it is a journal of ours
SCHEMA_VERSION = 2

# Events are stored in the order of arrival. The index of a run's events follows in batches: with an
# immediate index, a hundred runs that write together would change a hundred of its pages in every
# commit. Until then an event is in `tail`, which is short enough for a full scan. Events of a run
# in the tail are newer than those in the index (decision 13). A released run has a NULL holder.
_TABLES = f"""
CREATE TABLE runs (
    number INTEGER PRIMARY KEY,
    run TEXT NOT NULL UNIQUE,
    generation INTEGER NOT NULL,
    pid INTEGER,
    started INTEGER,
    machine TEXT,
    slot INTEGER,
    repository TEXT NOT NULL,
    face TEXT NOT NULL DEFAULT 'supervised'
);
CREATE INDEX runs_by_repository ON runs (repository, number);
CREATE INDEX runs_by_face ON runs (face, number);
CREATE TABLE inbox (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    run INTEGER NOT NULL REFERENCES runs (number),
    time REAL NOT NULL,
    data TEXT NOT NULL
);
CREATE INDEX inbox_by_run ON inbox (run, id);
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
SELECT run, min(number) AS first, max(seq) AS top,
    max(CASE WHEN kind <> '{CHANGES_NOTHING}' THEN number END) AS last
FROM tail GROUP BY run;
"""
# What brings a file of an earlier version to the next one.
_STEPS = {
    1: (
        "ALTER TABLE runs ADD COLUMN face TEXT NOT NULL DEFAULT 'supervised'",
        "CREATE INDEX runs_by_face ON runs (face, number)",
    )
}
# Rows of `runs` for the runs in a JSON list, with their `tail_ends`.
NAMED_RUNS = """
runs LEFT JOIN tail_ends ON tail_ends.run = number
WHERE runs.run IN (SELECT value FROM json_each(?))
"""
LAST_SEQ = "coalesce(top, (SELECT max(seq) FROM event_index WHERE event_index.run = number))"
_INDEX_TAIL = (
    "INSERT INTO event_index SELECT run, seq, number FROM tail ORDER BY run, seq",
    "UPDATE indexed SET upto = (SELECT coalesce(max(number), 0) FROM events)",
)


def make_tables(connection: sqlite3.Connection) -> None:
    """Creates the tables in an empty file, within the open transaction."""
    for statement in _TABLES.split(";\n"):
        connection.execute(statement)
    connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")


def upgrade_tables(connection: sqlite3.Connection, version: int) -> None:
    """Brings the tables of an earlier version to the present one, within the open transaction."""
    for earlier in range(version, SCHEMA_VERSION):
        for statement in _STEPS[earlier]:
            connection.execute(statement)
    connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")


def index_tail(connection: sqlite3.Connection) -> None:
    """Moves the tail into the index, within the open transaction."""
    for statement in _INDEX_TAIL:
        connection.execute(statement)
