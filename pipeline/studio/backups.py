"""Backups of studio.db: taken while everything runs, opened and proven before they count, and the way back to one."""

import contextlib
import itertools
import os
import shutil
import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from pipeline import ledger, runs
from pipeline.database import BACKUPS, SCHEMA_VERSION, Connection, Database, Row, insert
from pipeline.errors import AlreadyRunning, BackupUnusable, BadOutputFolder, DatabaseDamaged, DiskFull, NotNow, StudioError, UnknownName, WrongMode
from pipeline.ledger.anchor import Anchor, take_anchor
from pipeline.records import Person, Role, now
from pipeline.schema.shape import compare_shape
from pipeline.settings import Settings
from pipeline.studio import switches
from pipeline.studio.anchors import keep_anchor
from pipeline.studio.people import check
from pipeline.studio.place import Place

PAGES_AT_ONCE = 2_048  # 8 MB; between two parts others have their turn
ENDING = ".db"
INSIDE = "Cases, runs, requests, money, approvals, people and settings of sweeps: all of studio.db."
OUTSIDE = "Not in it: media files and what is published, the engine's jobs, the sandbox's own records, keys and settings."
CLOSE = "Close every program that uses this data folder, such as a notebook, Datasette or another command, then restore."
AFTERWARDS = "Requests made after this backup are no longer known here: compare with the provider's bill before anything is bought."


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What a backup holds, as it was proven: ledger lines, what was spent and is held in micro-dollars, runs, and the last line's moment (UTC).

    `anchor` is to be noted outside the data folder.
    """

    lines: int
    charged_micro_usd: int
    held_micro_usd: int
    runs: int
    last_at: str
    anchor: Anchor


@dataclass(frozen=True, kw_only=True)
class Backup:
    """A file that can be restored from; `made_at` is UTC."""

    path: Path
    bytes: int
    made_at: str

    @property
    def name(self) -> str:
        """Its name in the folder of backups."""
        return self.path.name


@dataclass(frozen=True, kw_only=True)
class Restored:
    """What was restored, the name the file before is kept under (empty: there was none), and whether purchases were paused."""

    facts: Facts
    kept_as: str
    paused: bool


def backups(settings: Settings) -> tuple[Backup, ...]:
    """Return the backups in the data folder, the newest first."""
    found = []
    for path in (settings.folder / BACKUPS).glob(f"*{ENDING}"):
        with contextlib.suppress(OSError):
            told = path.stat()
            found.append(Backup(path=path, bytes=told.st_size, made_at=datetime.fromtimestamp(told.st_mtime, UTC).isoformat(timespec="seconds")))
    return tuple(sorted(found, key=lambda one: (one.made_at, one.name), reverse=True))


def back_up(place: Place, by: Person, to: Path | None = None, *, progress: Callable[[float], None] = lambda _: None) -> tuple[Backup, Facts]:
    """Copy studio.db as of one moment while others write, prove the copy, and only then give it its name; return it with what it holds.

    `to` is a file or a folder, the data folder's own `backups` when none is given; `progress` is told the share that is copied, 0 to 1. Raises
    NotAllowed, BadOutputFolder when there is a file of that name or none can be written, DiskFull, DatabaseDamaged, BackupUnusable.
    """
    check(by, Role.ADMIN)
    path = _target(place.settings, to)
    if path.exists():
        raise BadOutputFolder("There is a file by that name already; a backup never writes over one.", next="Choose another name.")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _sweep(path.parent)
        draft = path.with_name(f".{path.name}.{os.getpid()}.tmp")
        try:
            _copy(place.database, draft, progress)
            facts = prove(draft)
            _name(draft, path)
        finally:
            draft.unlink(missing_ok=True)
        told = path.stat()
    except OSError as error:
        raise BadOutputFolder("The backup cannot be written there.") from error
    keep_anchor(place)
    return Backup(path=path, bytes=told.st_size, made_at=now()), facts


def prove(path: Path) -> Facts:
    """Open a copy that nobody writes to and prove it: whole, of this schema, its ledger adding up. Raises BackupUnusable, DatabaseDamaged."""
    with _still(path) as db:
        if db.execute("PRAGMA quick_check(1)").fetchone()[0] != "ok":
            raise DatabaseDamaged("The database is damaged, and so is its copy. The copy was not kept.")
        if db.execute("PRAGMA user_version").fetchone()[0] != SCHEMA_VERSION:
            raise BackupUnusable("The copy is of another version of the studio.")
        if differences := compare_shape(db):
            raise BackupUnusable(
                f"Its tables are not those of the studio: {differences[0]}", next="Choose another backup; `doctor` looks at the present one."
            )
        return _facts(db)


def restore(settings: Settings, named: str, by: Person) -> Restored:
    """Put a backup in the place of studio.db; nothing else may have it open. The backup is proven first, the file before is kept under a dated name.

    A backup of an earlier version is brought up to date on the way. Where runs were under way, purchases are paused: what was bought after the
    backup would be bought again. Raises NotAllowed, UnknownName, BackupUnusable, WrongMode, AlreadyRunning, BadOutputFolder, DiskFull.
    """
    check(by, Role.ADMIN)
    source = _found(settings, named)
    try:
        with tempfile.TemporaryDirectory(dir=settings.folder, prefix="restoring-") as folder:
            fresh, facts = _prepared(settings, source, Path(folder))
            path = settings.folder / "studio.db"
            with _alone(path):
                kept = _set_aside(path)
                os.replace(fresh, path)
    except OSError as error:
        raise BadOutputFolder("The data folder cannot be written to. Nothing was changed.") from error
    place = Place(settings)
    with contextlib.closing(place.database):
        return Restored(facts=facts, kept_as=kept, paused=_told(place, source.name, kept, by))


def _target(settings: Settings, to: Path | None) -> Path:
    name = f"studio-{settings.mode}-{datetime.now(UTC):%Y%m%dT%H%M%S}Z{ENDING}"
    folder = settings.folder / BACKUPS if to is None else to
    return _free(folder, name) if to is None or to.is_dir() else to


def _free(folder: Path, name: str) -> Path:
    """Return a path that is not taken; the second backup within a second has a number behind its time."""
    stem = name.removesuffix(ENDING)
    names = itertools.chain((name,), (f"{stem}-{number}{ENDING}" for number in itertools.count(2)))
    return next(path for path in map(folder.joinpath, names) if not path.exists())


def _sweep(folder: Path) -> None:
    """Remove what a backup left behind that was killed."""
    for path in folder.glob(f".*{ENDING}.*.tmp*"):
        process = path.name.rpartition(".tmp")[0].rpartition(".")[2]
        if process.isdecimal() and not _is_alive(int(process)):
            path.unlink(missing_ok=True)


def _is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:  # somebody else's
        return True
    return True


def _copy(database: Database, draft: Path, progress: Callable[[float], None]) -> None:
    """Copy in parts within one read: it sees the moment it began, begins anew for nobody, and keeps no writer waiting."""
    with database.reading() as source:
        source.execute("BEGIN")
        pages, page_bytes = (int(source.execute(f"PRAGMA {name}").fetchone()[0]) for name in ("page_count", "page_size"))
        if shutil.disk_usage(draft.parent).free < pages * page_bytes:
            raise DiskFull(
                f"A backup needs {pages * page_bytes / 1e6:,.0f} MB, which are not free there.", next="Free some space, or name another disk."
            )
        with contextlib.closing(sqlite3.connect(draft)) as copy:
            source.backup(copy, pages=PAGES_AT_ONCE, sleep=0.001, progress=lambda _, left, whole: progress(1 - left / max(whole, 1)))
    with draft.open("rb") as file:
        os.fsync(file.fileno())


def _name(draft: Path, path: Path) -> None:
    """Give the draft its name unless that is taken by now; in one step, so that half a file never has it."""
    try:
        os.link(draft, path)
    except FileExistsError as error:
        raise BadOutputFolder("There is a file by that name already; a backup never writes over one.", next="Choose another name.") from error
    except OSError:  # a disk that knows no second names, such as many sticks
        draft.rename(path)


def _found(settings: Settings, named: str) -> Path:
    for path in (Path(named), settings.folder / BACKUPS / named, settings.folder / named):
        if path.is_file():
            return path
    known = ", ".join(one.name for one in backups(settings)[:3])
    raise UnknownName("There is no backup by that name.", next=f"The newest are: {known}." if known else "`backup` makes one.")


def _prepared(settings: Settings, source: Path, folder: Path) -> tuple[Path, Facts]:
    """Copy a backup beside the database and open it as the studio would; raises BackupUnusable, WrongMode."""
    fresh = folder / "studio.db"
    with source.open("rb") as file:
        if file.read(16) != b"SQLite format 3\0":
            raise BackupUnusable("This file is no database.")
    if shutil.disk_usage(folder).free < source.stat().st_size:
        raise DiskFull(next="Free some space; the backup is copied first, then put in place.")
    shutil.copyfile(source, fresh)
    try:
        with _still(fresh) as db:
            if not db.execute("SELECT 1 FROM sqlite_master WHERE name = 'entries'").fetchone():
                raise BackupUnusable("This file is no backup of the studio.")
        Database(folder, settings.mode).close()
        facts = prove(fresh)
    except (BackupUnusable, WrongMode):
        raise
    except (StudioError, sqlite3.Error) as error:
        raise BackupUnusable("This backup is damaged or of a newer version of the studio.") from error
    with fresh.open("rb") as file:
        os.fsync(file.fileno())
    return fresh, facts


@contextlib.contextmanager
def _alone(path: Path) -> Iterator[None]:
    """Have the present file to oneself, its log written into it; raises AlreadyRunning where anything else has it open, be it idle.

    Whoever has the file open holds a shared lock on it for as long, which an exclusive one cannot be had beside. A file so damaged that SQLite
    reads nothing of it cannot be locked.
    """
    if not path.exists():
        yield
        return
    with contextlib.closing(sqlite3.connect(path, timeout=0.0, isolation_level=None)) as db:
        try:
            for command in ("PRAGMA locking_mode=EXCLUSIVE", "BEGIN IMMEDIATE", "ROLLBACK", "PRAGMA wal_checkpoint(TRUNCATE)"):
                db.execute(command)
        except sqlite3.Error as error:
            if getattr(error, "sqlite_errorcode", 0) & 0xFF in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
                raise AlreadyRunning("Something has the studio's database open; nothing was changed.", next=CLOSE) from error
        yield


def _set_aside(path: Path) -> str:
    """Keep the present file under a dated name, with its log unless that is empty; there is never a moment without a database."""
    kept = path.with_name(f"studio-before-{datetime.now(UTC):%Y%m%dT%H%M%S%f}Z{ENDING}")
    was_there = path.exists()
    if was_there:
        try:
            os.link(path, kept)
        except OSError:
            shutil.copy2(path, kept)
    path.with_name(f"{path.name}-shm").unlink(missing_ok=True)
    log = path.with_name(f"{path.name}-wal")
    if log.exists() and log.stat().st_size:
        log.rename(kept.with_name(f"{kept.name}-wal"))
    log.unlink(missing_ok=True)
    return kept.name if was_there else ""


def _told(place: Place, name: str, kept: str, by: Person) -> bool:
    """Write down who restored what, and pause purchases where runs were under way; return whether they are paused."""
    with place.database.writing() as tx:
        insert(tx, "audit_log", {"at": now(), "person": by.name, "action": "restore", "subject": name, "detail": f'{{"kept_as": "{kept}"}}'})
        live = runs.any_live(tx)
    if live:
        with contextlib.suppress(NotNow):
            switches.pause(place, by, "Restored from a backup: compare with the provider's bill, then resume.")
    return live


@contextlib.contextmanager
def _still(path: Path) -> Iterator[Connection]:
    """Give a connection to a file that nobody writes to; nothing is written beside it. Raises DatabaseDamaged."""
    try:
        with contextlib.closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro&immutable=1", uri=True)) as db:
            db.row_factory = Row
            yield db
    except sqlite3.DatabaseError as error:
        raise DatabaseDamaged("The file is damaged.") from error


def _facts(db: Connection) -> Facts:
    wrong = ledger.proof(db)
    if wrong:
        raise BackupUnusable(f"Its ledger does not add up: {wrong[0]}", next="Nothing was changed. `doctor` says how the present one stands.")
    sums = ledger.totals(db)
    row = db.execute("SELECT (SELECT count(*) FROM entries), (SELECT count(*) FROM runs), (SELECT max(at) FROM entries)").fetchone()
    money = {"charged_micro_usd": sums.charged_micro_usd, "held_micro_usd": sums.held_micro_usd}
    return Facts(lines=row[0], runs=row[1], last_at=row[2] or "", anchor=take_anchor(db), **money)
