"""Every part checked; each failure comes with its remedy. Nothing is spent."""

import shutil
from collections.abc import Callable
from dataclasses import dataclass

from pipeline import runs
from pipeline.catalog import load_catalogue
from pipeline.errors import DatabaseDamaged, StudioError
from pipeline.media import ffmpeg
from pipeline.prompts import load_styles
from pipeline.records import Person, now
from pipeline.schema.shape import compare_shape
from pipeline.settings import SHIPPED, Settings
from pipeline.wording import counted

ROOM_BYTES = 1_000_000_000
NAMED = 5


@dataclass(frozen=True, kw_only=True)
class Finding:
    """What was found of one part; `remedy` is empty while all is well."""

    part: str
    ok: bool
    say: str
    remedy: str = ""


def examine(settings: Settings) -> list[Finding]:
    """Check every part and return what was found, in the order in which things depend on each other."""
    parts: tuple[tuple[str, Callable[[Settings], str]], ...] = (
        ("settings", _settings),
        ("disk", _disk),
        ("database", _database),
        ("ledger", _ledger),
        ("requests", _requests),
        ("models", lambda _: f"{len(load_catalogue(SHIPPED / 'models').models)} models, every one priced"),
        ("prompts", lambda _: f"{len(load_styles(SHIPPED / 'prompts'))} templates"),
        ("ffmpeg", lambda s: f"version {ffmpeg.version(s.ffmpeg)}"),
        ("pictures", _pictures),
        ("likeness", _likeness),
        ("store", _store),
        ("worker", _worker),
        ("provider", _provider),
    )
    return [_examine(part, check, settings) for part, check in parts]


def _examine(part: str, check: Callable[[Settings], str], settings: Settings) -> Finding:
    try:
        return Finding(part=part, ok=True, say=check(settings))
    except StudioError as error:
        return Finding(part=part, ok=False, say=error.say, remedy=error.next)
    except Exception as error:  # a check that breaks is a finding, not the end of the examination
        return Finding(
            part=part,
            ok=False,
            say=f"The check itself broke ({type(error).__name__}).",
            remedy="Run `make setup` again; the requirements may be incomplete.",
        )


def _settings(settings: Settings) -> str:
    if not settings.is_sandbox and not settings.fal_key:
        raise StudioError("Live mode has no key for fal.", next="Set FAL_KEY, or STUDIO_MODE=sandbox.")
    return f"{settings.mode} mode"


def _disk(settings: Settings) -> str:
    settings.folder.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(settings.folder).free
    if free < ROOM_BYTES:
        raise StudioError(f"Only {free / 1e9:.1f} GB are free.", next="Free some space; clips and pictures need it.")
    return f"{free / 1e9:.0f} GB free"


def _database(settings: Settings) -> str:
    from pipeline.studio.place import Place

    place = Place(settings)
    with place.database.reading() as db:  # a check of a large file takes seconds, in which others want to write
        sound = db.execute("PRAGMA quick_check").fetchone()[0]
        count = db.execute("SELECT count(*) FROM runs").fetchone()[0]
        differences = compare_shape(db) if sound == "ok" else []
    if sound != "ok":
        raise DatabaseDamaged(next=place.database.way_back())
    if differences:
        raise StudioError(f"The database is not as this version makes it: {differences[0]}", next="Find out who changed it, and restore a backup.")
    with place.database.writing() as tx:
        tx.execute("INSERT INTO about(name, value) VALUES ('written_by_doctor', ?) ON CONFLICT(name) DO UPDATE SET value = excluded.value", (now(),))
    return f"{counted(count, 'run')}; it can be written"


def _requests(settings: Settings) -> str:
    """Name requests that are open at the provider while nobody drives them to their end."""
    from pipeline.studio.place import Place

    with Place(settings).database.reading() as db:
        left = runs.undriven(db)
        undecided = db.execute("SELECT count(*) FROM calls WHERE needs_decision = 1").fetchone()[0]
    if left:
        names = ", ".join(run.id for run in left[:NAMED])
        say = f"Requests that nobody drives are open at the provider; their runs have ended: {names}."
        raise StudioError(say, next="A worker takes them up within seconds: start the studio, or `python -m pipeline worker`.")
    return f"every open request is driven; {undecided} wait for a decision"


def _ledger(settings: Settings) -> str:
    from pipeline.studio import anchors
    from pipeline.studio.place import Place

    place = Place(settings)
    found = anchors.verify(place, (), Person(name=settings.person))
    if found.wrong:
        raise StudioError(found.wrong[0], next="Stop buying and restore studio.db from a backup: money cannot be proven.")
    anchors.keep_anchor(place)
    return f"{counted(found.anchor.lines, 'line')}; chain unbroken, every sum equals its rows; anchor {found.anchor}"


def _pictures(_: Settings) -> str:
    """Have the sample photo decoded as every upload is; raises MediaError where the helper does not start."""
    from pipeline.media.stills import check_still

    check_still((SHIPPED / "samples" / "astronaut.jpg").read_bytes())
    return "decoded in a process of their own"


def _likeness(_: Settings) -> str:
    from pipeline.media.likeness import LikenessMeter
    from pipeline.media.models import model_hash

    LikenessMeter()
    return f"models loaded ({model_hash()[:8]})"


def _store(settings: Settings) -> str:
    """Try both: where unpublished media is kept, and where guests read from."""
    from pipeline.publishing.proving import exercise
    from pipeline.studio.place import open_store, open_storefront

    open_store(settings).check()
    front = open_storefront(settings)
    exercise(front)
    where = f"bucket {settings.r2_private_bucket_name}" if settings.r2_private_bucket_name else "folder"
    return f"private media in the {where}, published in {front.name}: wrote, read in parts and removed test objects; guests read from {front.address}"


def _worker(settings: Settings) -> str:
    from pipeline.processes.claims import holder_of

    holder = holder_of(settings.folder, "worker")
    return f"running (process {holder.pid})" if holder else "not running; it starts with the studio or the next command"


def _provider(settings: Settings) -> str:
    from pipeline.processes.claims import holder_of
    from pipeline.processes.worker import provider

    if settings.is_sandbox and holder_of(settings.folder, "sandbox") is None:
        return "sandbox not running; it starts with the studio or the next command"
    with provider(settings) as fal:
        fal.ping()
    return "the sandbox answers" if settings.is_sandbox else "fal answers and takes our key"
