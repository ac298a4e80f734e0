"""A light look at every part: cheap enough to repeat every second. `doctor` is the thorough one."""

import shutil
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from pipeline.errors import DiskFull, PlaceError, StudioError, WorkerAbsent
from pipeline.ledger import watch
from pipeline.ledger.watch import Proven
from pipeline.processes.claims import holder_of
from pipeline.studio.place import Place, objects_folder
from pipeline.wording import counted

ROOM_BYTES = 500_000_000


@dataclass(frozen=True, kw_only=True)
class Part:
    """How one part is; `remedy` is empty while it is well."""

    name: str
    title: str
    ok: bool
    say: str
    remedy: str = ""


def examine(place: Place) -> list[Part]:
    """Look at worker, provider, store and ledger; takes a few milliseconds and no network."""
    provider = ("sandbox", "Sandbox", _sandbox) if place.settings.is_sandbox else ("fal", "fal", _fal)
    looks: tuple[tuple[str, str, Callable[[Place], str]], ...] = (
        ("worker", "Worker", _worker),
        provider,
        ("store", "Store", _store),
        ("ledger", "Ledger", _ledger),
    )
    return [_part(name, title, look, place) for name, title, look in looks]


def _part(name: str, title: str, look: Callable[[Place], str], place: Place) -> Part:
    try:
        return Part(name=name, title=title, ok=True, say=look(place))
    except StudioError as error:
        return Part(name=name, title=title, ok=False, say=error.say, remedy=error.next)
    except (OSError, sqlite3.Error):
        return Part(name=name, title=title, ok=False, say="It cannot be looked at.", remedy="Check every part below, or run `doctor`.")


def _worker(place: Place) -> str:
    if holder_of(place.settings.folder, "worker") is None:
        raise WorkerAbsent("Not running.", next="It starts again by itself; nothing is lost meanwhile.")
    return "running"


def _sandbox(place: Place) -> str:
    if holder_of(place.settings.folder, "sandbox") is None:
        raise PlaceError("Not running.", next="It starts again by itself; work waits for it.")
    return "running, free of charge"


def _fal(place: Place) -> str:
    if not place.settings.fal_key:
        raise PlaceError("No key is set.", next="Set FAL_KEY and start again, or use STUDIO_MODE=sandbox.")
    return "key set"


def _store(place: Place) -> str:
    place.storefront  # noqa: B018 - opening it checks that its settings are complete
    if place.settings.r2_private_bucket_name:
        place.store  # noqa: B018
        return "Cloudflare R2"
    folder = objects_folder(place.settings)
    free = shutil.disk_usage(folder if folder.exists() else place.settings.folder).free
    if free < ROOM_BYTES:
        raise DiskFull(f"Only {free / 1e6:.0f} MB are free.")
    return f"{free / 1e9:.0f} GB free"


def _ledger(place: Place) -> str:
    path = place.database.path
    with place.database.reading() as db:
        db.execute("BEGIN")
        proven = watch.extend(db, _proven.get(path, Proven()))
    if proven is None:
        raise PlaceError("A balance differs from its lines.", next="Stop buying and check every part below.")
    _proven[path] = proven
    return f"{counted(proven.lines, 'line')}, sums agree"


_proven: dict[Path, Proven] = {}
