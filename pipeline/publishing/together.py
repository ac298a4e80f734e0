"""Changes of several threads in one transaction: a disk takes as long to be sure of one change as of ten."""

import contextlib
import threading
from collections.abc import Callable, Iterator
from typing import Any, Generic, TypeVar, cast

from pipeline.database import Connection, Database
from pipeline.errors import StudioError

T = TypeVar("T")
MOMENT_SECONDS = 0.01


class _Change(Generic[T]):
    """One thread's change, and what came of it."""

    def __init__(self, make: Callable[[Connection], T]) -> None:
        self.make = make
        self.done = False
        self.value: T | None = None
        self.error: BaseException | None = None

    def within(self, tx: Connection) -> None:
        """Make the change; one that is refused takes back its own lines only."""
        tx.execute("SAVEPOINT one_change")
        self.error = None
        try:
            self.value = self.make(tx)
        except StudioError as error:
            self.error = error
            tx.execute("ROLLBACK TO one_change")
        tx.execute("RELEASE one_change")


class Together:
    """Writes what threads want to change; whoever comes while a transaction is under way shares the next one with all who wait."""

    def __init__(self, database: Database) -> None:
        """Write to this database."""
        self._database = database
        self._arrived, self._turn = threading.Condition(), threading.Lock()
        self._waiting: list[_Change[Any]] = []
        self._enough = 1
        self._connection: Connection | None = None

    @contextlib.contextmanager
    def gathering(self, enough: int) -> Iterator[None]:
        """While many publish, let a transaction wait a moment until so many changes have come to share it, and keep one connection for all."""
        with self._database.kept() as connection:
            self._enough, self._connection = enough, connection
            try:
                yield
            finally:
                with self._turn:
                    if self._connection is connection:
                        self._enough, self._connection = 1, None

    def change(self, make: Callable[[Connection], T]) -> T:
        """Make a change and return its value once it is on the disk; raises what it raised, and DatabaseBusy.

        It may be made twice, so it must do nothing but read and write rows.
        """
        mine = _Change(make)
        with self._arrived:
            self._waiting.append(mine)
            self._arrived.notify_all()
        with self._turn:
            if not mine.done:
                self._write(self._gathered())
        if mine.error is not None:
            raise mine.error
        return cast(T, mine.value)

    def _gathered(self) -> list[_Change[Any]]:
        with self._arrived:
            self._arrived.wait_for(lambda: len(self._waiting) >= self._enough, timeout=MOMENT_SECONDS)
            these, self._waiting = self._waiting, []
            return these

    def _write(self, these: list[_Change[Any]]) -> None:
        try:
            with self._database.writing(on=self._connection) as tx:
                for one in these:
                    one.within(tx)
        except BaseException as error:
            if len(these) > 1 and isinstance(error, Exception):
                for one in these:  # nobody's change fails because of somebody else's
                    self._write([one])
                return
            for one in these:
                one.error = error
        for one in these:
            one.done = True
