"""What is kept for good is not overwritten either, by whichever words another program asks for it."""

import sqlite3

import pytest

from pipeline.database import Database, insert

KEYS = {"closings": "month", "budgets": "id", "extensions": "id", "differences": "id"}
CLOSING = {"at": "", "person": "me", "reason": "", "reconciliation_id": "x", "ours_micro_usd": 0, "error_nano_usd": 5, "entries": 0, "last_entry": 0}
CAP = {"scope_kind": "studio", "scope": "all", "period": "day", "reason": "a fair"}
DIFFERENCE = {"provider": "fal", "cause": "price moved", "day": "2026-10-01", "request_id": "r", "endpoint": "e", "billed_nano_usd": 1, "why": ""}
AMOUNTS = {"ours_micro_usd": 0, "nano_usd": 1, "proposed_micro_usd": 5, "lines": "[]", "found_at": "", "reconciliation_id": "m"}


@pytest.fixture
def kept(database: Database) -> Database:
    """Two closed months, budgets, extensions and differences each; one difference is booked."""
    with database.writing() as tx:
        tx.execute("INSERT INTO bills VALUES ('b', 'fal', 'file', 'bill.csv', 'x', '', '', '', 0, 0, 0, '', '', 'me', 0)")
        tx.execute("INSERT INTO reconciliations VALUES ('m', 'b', 'fal', '', '', '', 'me', 0, 0, 0, 0, 0, '')")
        for number in (1, 2):
            insert(tx, "closings", {"month": f"2026-0{number}", **CLOSING, "last_hash": ""})
            insert(tx, "budgets", {"id": f"b{number}", **CAP, "cap_micro_usd": 5, "hard": 1, "set_by": "me", "set_at": ""})
            insert(tx, "extensions", {"id": f"x{number}", **CAP, "day": "2026-10-01", "micro_usd": 5, "requests": 0, "person": "me", "at": ""})
            state = {"state": "accepted", "entry_id": 7} if number == 1 else {"state": "open"}
            insert(tx, "differences", {"id": number, "key": f"k{number}", **DIFFERENCE, **AMOUNTS, **state})
    return database


def rows(database: Database, table: str) -> list[tuple[object, ...]]:
    with database.reading() as db:
        return [tuple(row) for row in db.execute(f"SELECT * FROM {table} ORDER BY 1")]


def refused(database: Database, table: str, statement: str) -> None:
    before = rows(database, table)
    with pytest.raises(sqlite3.IntegrityError, match=r"cannot|never"), database.writing() as tx:
        tx.execute(statement)
    assert rows(database, table) == before


@pytest.mark.parametrize("table", list(KEYS))
def test_a_row_under_the_same_name_is_refused(kept: Database, table: str) -> None:
    refused(kept, table, f"INSERT OR REPLACE INTO {table} SELECT * FROM {table} LIMIT 1")


@pytest.mark.parametrize("table", [name for name in KEYS if name != "differences"])
def test_a_row_under_the_same_number_is_refused(kept: Database, table: str) -> None:
    with kept.reading() as db:
        names = [row["name"] for row in db.execute(f"PRAGMA table_info({table})")]
    values = ", ".join("'2030-01'" if name == KEYS[table] else name for name in names)
    refused(kept, table, f"INSERT OR REPLACE INTO {table}(rowid, {', '.join(names)}) SELECT rowid, {values} FROM {table} LIMIT 1")


@pytest.mark.parametrize("column", ["{key}", "rowid"])
@pytest.mark.parametrize("table", list(KEYS))
def test_a_row_that_takes_another_s_place_is_refused(kept: Database, table: str, column: str) -> None:
    key = column.format(key=KEYS[table])
    ends = ", ended_at = 'now', ended_by = 'me', end_reason = ''" if table == "budgets" else ""
    smallest, largest = (f"(SELECT {one}({key}) FROM {table})" for one in ("min", "max"))
    refused(kept, table, f"UPDATE OR REPLACE {table} SET {key} = {smallest}{ends} WHERE {key} = {largest}")


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT OR REPLACE INTO differences({names}) SELECT {names} FROM differences WHERE id = 1",
        "INSERT OR REPLACE INTO differences({names}) SELECT {names} FROM differences WHERE id = 2",
        "UPDATE OR REPLACE differences SET entry_id = 7 WHERE id = 2",
    ],
    ids=["booked", "open", "changed"],
)
def test_a_difference_gives_way_to_no_other_of_its_key_or_entry(kept: Database, statement: str) -> None:
    names = ", ".join((*DIFFERENCE, *AMOUNTS, "key", "state", "entry_id"))
    refused(kept, "differences", statement.format(names=names))
