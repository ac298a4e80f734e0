"""studio.db: one place to connect, one write lock, and the history of its schema as appended functions."""

import contextlib
import os
import sqlite3
import threading
import weakref
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, TypeVar

from filelock import FileLock

from pipeline.errors import BadParameter, DatabaseBusy, DatabaseDamaged, DatabaseReadOnly, DiskFull, PlaceError, StudioError, WrongMode
from pipeline.records import now

Row = sqlite3.Row
Connection = sqlite3.Connection
C = TypeVar("C", bound=sqlite3.Connection)
BUSY_SECONDS = 30.0
BACKUPS = "backups"
KEPT_READERS = 8
OTHERS = 0o077  # the rights of every other account
SCHEMA_VERSION = 21


class _Reader(sqlite3.Connection):
    """A connection that can end all its statements: one left half read would show its next user the records of then."""

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self._cursors: weakref.WeakSet[sqlite3.Cursor] = weakref.WeakSet()

    def cursor(self, factory: Any = sqlite3.Cursor) -> Any:
        """Give a cursor that is known to its connection."""
        cursor = super().cursor(factory)
        self._cursors.add(cursor)
        return cursor

    def execute(self, sql: str, parameters: Any = (), /) -> sqlite3.Cursor:
        """Execute on a cursor that is known; sqlite3's own would make one past `cursor`."""
        cursor: sqlite3.Cursor = self.cursor().execute(sql, parameters)
        return cursor

    def end_reading(self) -> None:
        """Close every cursor that is still known, and the transaction that a reader began."""
        for cursor in list(self._cursors):
            cursor.close()
        if self.in_transaction:
            self.rollback()
        super().execute("PRAGMA shrink_memory")  # the next read takes its pages from the file: one that was damaged meanwhile is noticed


class Database:
    """The studio's records in one SQLite file (WAL, sync FULL); a few connections are kept for reading, all writes share one.

    A fresh connection reads the whole schema with its triggers at its first statement, which is more work than most reads themselves.
    Writers queue on a lock inside the process before they take SQLite's: its own waiting sleeps between tries, which under fifty
    threads costs most of the time. They share a connection because a fresh one reads the whole schema and compiles the ledger's
    triggers anew, which takes several times as long as the write.
    """

    def __init__(self, folder: Path, mode: str, *, busy_seconds: float = BUSY_SECONDS) -> None:
        """Open or create `folder/studio.db`.

        Raises WrongMode if it was made in another mode, DatabaseDamaged, DatabaseReadOnly, PlaceError if folder or file cannot be used.
        """
        self.folder, self.mode, self.busy_seconds = folder, mode, busy_seconds
        self.path = folder / "studio.db"
        self._turn, self._looking = threading.Lock(), threading.Lock()
        self._pen: Connection | None = None
        self._closed = False
        self._readers: list[_Reader] = []  # last in, first out: the most recently used has its pages and statements at hand
        try:
            folder.mkdir(parents=True, exist_ok=True)
            keep_private(folder)
            with self._plain_words():
                self._anchor: Connection = self._connect()  # a last close would checkpoint and delete the WAL at every call
                with _closed_if_it_fails(self._anchor):
                    self._prepare()
        except OSError as error:
            raise PlaceError("The data folder cannot be written to.", next="Set STUDIO_DATA to a folder you can write to.") from error
        except sqlite3.DatabaseError as error:
            raise PlaceError("The studio's database cannot be opened.", next=self.way_back()) from error

    @contextlib.contextmanager
    def reading(self) -> Iterator[Connection]:
        """Give a connection for looking; it cannot change anything, and neither it nor its cursors are of use afterwards."""
        with self._plain_words():
            reader = self._take_reader()
            try:
                yield reader
            except BaseException:
                reader.close()  # whatever broke off in the middle may have left a statement or a transaction behind
                raise
            self._keep_reader(reader)

    def _take_reader(self) -> "_Reader":
        with contextlib.suppress(IndexError):
            return self._readers.pop()
        reader = self._connect(_Reader)
        with _closed_if_it_fails(reader):
            reader.execute("PRAGMA query_only=ON")
        return reader

    def _keep_reader(self, reader: "_Reader") -> None:
        reader.end_reading()
        if self._closed or len(self._readers) >= KEPT_READERS:
            reader.close()
        else:
            self._readers.append(reader)

    @contextlib.contextmanager
    def kept(self) -> Iterator[Connection]:
        """Give a connection for many writes on end, one after the other: a fresh one reads the whole schema before its first line."""
        connection: Connection
        with self._plain_words(), contextlib.closing(self._connect()) as connection:
            yield connection

    @contextlib.contextmanager
    def writing(self, *, relaxed: bool = False, on: Connection | None = None, patience_seconds: float | None = None) -> Iterator[Connection]:
        """Give the only writing connection, inside one transaction that holds the write lock from its first line; raises DatabaseBusy.

        A relaxed write is not forced to the disk by itself: only for what a power cut may take back, such as the words of a stage. `on` is a
        kept connection to write on instead of the one all writes share. `patience_seconds` is how long to wait for other writers, the
        setting's BUSY_SECONDS if None.
        """
        patience = self.busy_seconds if patience_seconds is None else patience_seconds
        if not self._turn.acquire(timeout=patience):
            raise DatabaseBusy
        try:
            with self._plain_words(), self._begun(on, "NORMAL" if relaxed else "FULL", patience) as connection:
                yield connection
        finally:
            self._turn.release()

    @contextlib.contextmanager
    def _begun(self, on: Connection | None, synchronous: str, patience: float) -> Iterator[Connection]:
        connection = on or self._shared_pen(synchronous, patience)
        if on:
            _begin(on, synchronous, patience)
        try:
            yield connection
            connection.commit()
        except BaseException:
            connection.rollback()
            raise

    def _shared_pen(self, synchronous: str, patience: float) -> Connection:
        """Return the connection all writes share, begun; a fresh one where somebody still reads on it, as that one is bound to an older state."""
        if self._pen is None:
            self._pen = self._connect()
        try:
            _begin(self._pen, synchronous, patience)
        except sqlite3.Error as error:
            self._put_down()
            if getattr(error, "sqlite_errorcode", None) != sqlite3.SQLITE_BUSY_SNAPSHOT:
                raise
            self._pen = self._connect()
            _begin(self._pen, synchronous, patience)
        return self._pen

    def _put_down(self) -> None:
        if self._pen is not None:
            self._pen.close()
        self._pen = None

    def version(self) -> int:
        """Return a number that differs whenever anything was committed since, by this process or another."""
        with self._looking, self._plain_words():
            return int(self._anchor.execute("PRAGMA data_version").fetchone()[0])

    def close(self) -> None:
        """Let go of the file."""
        self._closed = True
        self._put_down()
        while self._readers:
            self._readers.pop().close()
        self._anchor.close()

    def _connect(self, factory: type[C] = Connection) -> C:  # type: ignore[assignment]
        connection = sqlite3.connect(self.path, timeout=self.busy_seconds, isolation_level=None, check_same_thread=False, factory=factory)
        connection.row_factory = Row
        with _closed_if_it_fails(connection):
            connection.execute("PRAGMA synchronous=FULL")
            connection.execute("PRAGMA foreign_keys=ON")
        return connection

    def _prepare(self) -> None:
        version = self._anchor.execute("PRAGMA user_version").fetchone()[0]
        if version != SCHEMA_VERSION:
            self._check_ours(version)
            from pipeline.schema import migrate  # sqlite-utils imports pandas: half a second that only a new file has to pay

            with FileLock(self.folder / "schema.lock"):
                self._anchor.execute("PRAGMA journal_mode=WAL")
                migrate(self._anchor)
                self._anchor.execute("INSERT OR IGNORE INTO about(name, value) VALUES ('mode', ?), ('made_at', ?)", (self.mode, now()))
                self._anchor.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")  # last: from now on nobody looks into the lock
        made_for = self._anchor.execute("SELECT value FROM about WHERE name = 'mode'").fetchone()["value"]
        if made_for != self.mode:
            raise WrongMode(f"This data folder was made in {made_for} mode and is not opened in {self.mode} mode.")

    def _check_ours(self, version: int) -> None:
        """Leave alone what another program made, or a newer studio."""
        if version > SCHEMA_VERSION:
            raise PlaceError("The studio's database was made by a newer version of the studio. Nothing was changed.", next="Update the studio.")
        tables = {row["name"] for row in self._anchor.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        if tables and not tables & {"about", "_sqlite_migrations"}:
            raise DatabaseDamaged("The file studio.db is another program's database. Nothing was written to it.", next=self.way_back())

    @contextlib.contextmanager
    def _plain_words(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.DatabaseError as error:
            said = self._in_words(getattr(error, "sqlite_errorcode", 0) & 0xFF)
            if said is None:
                raise
            raise said from error
        except UnicodeEncodeError as error:
            raise BadParameter("This text holds half a character, which cannot be kept.", next="Write it again.") from error

    def _in_words(self, code: int) -> StudioError | None:
        if code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
            return DatabaseDamaged(next=self.way_back())
        kinds = {sqlite3.SQLITE_BUSY: DatabaseBusy, sqlite3.SQLITE_LOCKED: DatabaseBusy, sqlite3.SQLITE_FULL: DiskFull}
        kind = {**kinds, sqlite3.SQLITE_READONLY: DatabaseReadOnly}.get(code)
        return kind() if kind else None

    def way_back(self) -> str:
        """Return what to do about a database that cannot be used, naming the newest backup of the data folder."""
        newest = max((self.folder / BACKUPS).glob("*.db"), key=lambda path: path.stat().st_mtime, default=None)
        if newest:
            name = newest.name
            return f"Stop the studio, then restore the newest backup, {name}. The command is `python -m pipeline restore {name}`."
        return "There is no backup in the data folder. Keep the file as it is and ask an engineer, or set another STUDIO_DATA to begin anew."


def keep_private(folder: Path) -> None:
    """Close a data folder to other accounts of this machine; one that was open has everything in it closed first, once.

    What cannot be changed, as it belongs to another account, stays as it is. Windows keeps rights of its own and is left alone.
    """
    if os.name != "posix" or not folder.stat().st_mode & OTHERS:
        return
    with contextlib.suppress(PermissionError):
        for path in folder.rglob("*"):
            if not path.is_symlink() and (mode := path.stat().st_mode) & OTHERS:
                path.chmod(mode & 0o777 & ~OTHERS)
        folder.chmod(0o700)


@contextlib.contextmanager
def _closed_if_it_fails(connection: Connection) -> Iterator[None]:
    """Keep no file open that cannot be used: who restores a backup must have it alone."""
    try:
        yield
    except BaseException:
        connection.close()
        raise


def _begin(connection: Connection, synchronous: str, patience_seconds: float) -> None:
    connection.execute(f"PRAGMA busy_timeout={round(patience_seconds * 1000)}")
    connection.execute(f"PRAGMA synchronous={synchronous}")
    connection.execute("BEGIN IMMEDIATE")


def insert(tx: Connection, table: str, row: Mapping[str, Any]) -> None:
    """Insert one row; table and column names come from our code only, values are bound."""
    names = ", ".join(row)
    places = ", ".join("?" * len(row))
    tx.execute(f"INSERT INTO {table} ({names}) VALUES ({places})", tuple(row.values()))  # noqa: S608


def update(tx: Connection, table: str, key: Mapping[str, Any], changes: Mapping[str, Any]) -> bool:
    """Change the row whose columns equal `key`; return whether there was one."""
    sets = ", ".join(f"{name} = ?" for name in changes)
    where = " AND ".join(f"{name} IS ?" for name in key)
    done = tx.execute(f"UPDATE {table} SET {sets} WHERE {where}", (*changes.values(), *key.values()))  # noqa: S608
    return done.rowcount > 0
