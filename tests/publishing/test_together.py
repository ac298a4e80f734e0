"""Changes of several threads share a transaction: each is on the disk when it returns, and none fails because of another."""

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from pipeline.database import Connection, Database
from pipeline.errors import DatabaseBusy, NotNow
from pipeline.publishing.together import Together


class Counting(Database):
    """A database that counts its transactions."""

    transactions = 0

    def writing(self, **how):  # type: ignore[no-untyped-def]
        self.transactions += 1
        return super().writing(**how)


@pytest.fixture
def database(tmp_path: Path) -> Counting:
    return Counting(tmp_path, "sandbox", busy_seconds=0.2)


def names(database: Database) -> set[str]:
    with database.reading() as db:
        return {row["name"] for row in db.execute("SELECT name FROM about WHERE value = 'x'")}


def adds(name: str, error: Exception | None = None):  # type: ignore[no-untyped-def]
    def make(tx: Connection) -> str:
        tx.execute("INSERT INTO about(name, value) VALUES (?, 'x')", (name,))
        if error:
            raise error
        return name

    return make


def test_one_change_is_written_and_returned(database: Counting) -> None:
    assert Together(database).change(adds("a")) == "a"
    assert (names(database), database.transactions) == ({"a"}, 1)


@pytest.mark.parametrize("together_at_a_time", [1, 6])
def test_many_at_once_are_all_written_and_share_transactions(database: Counting, together_at_a_time: int) -> None:
    together, begin = Together(database), threading.Barrier(12)

    def one(number: int) -> str:
        begin.wait()
        return together.change(adds(f"n{number}"))

    with together.gathering(together_at_a_time), ThreadPoolExecutor(12) as pool:
        assert list(pool.map(one, range(12))) == [f"n{number}" for number in range(12)]
    assert names(database) == {f"n{number}" for number in range(12)}
    assert database.transactions <= (12 if together_at_a_time == 1 else 6)


@pytest.mark.parametrize("error", [NotNow("refused"), ValueError("broken")])
def test_a_change_that_fails_takes_back_its_own_lines_only(database: Counting, error: Exception) -> None:
    together, begin = Together(database), threading.Barrier(6)

    def one(number: int) -> str:
        begin.wait()
        try:
            return together.change(adds(f"n{number}", error if number == 3 else None))
        except type(error) as found:
            return str(found)

    with together.gathering(6), ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(one, range(6)))
    assert answers == ["n0", "n1", "n2", str(error), "n4", "n5"]
    assert names(database) == {"n0", "n1", "n2", "n4", "n5"}


def test_a_busy_database_is_everybodys_answer_and_the_next_change_works(database: Counting) -> None:
    together = Together(database)
    other = Database(database.folder, "sandbox")
    with other.writing(), pytest.raises(DatabaseBusy):
        together.change(adds("a"))
    assert together.change(adds("b")) == "b"
    assert names(database) == {"b"}


def test_two_who_gather_at_once_do_not_end_each_others_connection(database: Counting) -> None:
    together = Together(database)
    with together.gathering(2):
        with together.gathering(2):
            together.change(adds("a"))
        together.change(adds("b"))
    together.change(adds("c"))
    assert names(database) == {"a", "b", "c"}
