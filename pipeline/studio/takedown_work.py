"""Carrying out a take-down: copy by copy, each line of the receipt as soon as it is true. It may be cut short anywhere and begun again."""

import contextlib
from collections.abc import Callable, Iterable, Mapping
from typing import Final

from pipeline import cases, runs
from pipeline.database import Connection, Row, insert, update
from pipeline.errors import NotStored, StoreError, StoreRefused, StudioError
from pipeline.providers.files import RESULT_SECONDS
from pipeline.providers.port import Forgotten
from pipeline.publishing.purge import CLEARED, REFUSED, purge
from pipeline.records import now, seconds_since
from pipeline.studio import removal, withdrawing
from pipeline.studio.place import Place
from pipeline.studio.takedown_copies import PAYLOADS, Copy, Outcome, Scope, Subject, Where, reach
from pipeline.studio.takedown_strays import strays

CDN_SECONDS: Final = 86_400.0  # how long a CDN that refuses is asked again
ROUNDS: Final = 3
STAYS: Final = "The store still holds it after it was removed."
AT_WORK: Final = "it is being stopped; should a result still arrive, it is not kept"
NO_SCOPE: Final = "the key may not remove what the provider keeps: it needs the scope ADMIN"
NOT_HELD: Final = "the provider no longer had it"
OVERDUE: Final = "the provider did not remove it within a week; it was asked to let the files go by themselves after that time"
Done = tuple[Outcome, str]


def carry_out(place: Place, takedown: str) -> bool:
    """Remove every copy of a take-down that still waits and tell whether it has ended; what refuses now waits for the next call.

    What work in progress left behind meanwhile is looked for when all else is done, and removed as well. Raises UnknownName.
    """
    with place.database.reading() as db:
        scopes = reach(place, db, _subject(db, takedown)).scopes
    for _ in range(ROUNDS):
        _clear(place, scopes)
        for row in _waiting(place, takedown):
            _told(place, row, *_removed(place, row))
            place.points.reach("take-down-copy")
        if _waiting(place, takedown):
            return False
        try:
            if not _found_more(place, takedown):
                place.points.reach("take-down-gone")
                return _ended(place, takedown)
        except StoreError:
            return False  # a store that cannot be looked through may hold more
    return False


def _clear(place: Place, scopes: Iterable[str]) -> None:
    """Let the usual ways do what they can: they keep the histories of publications and files right."""
    for scope in scopes:
        with contextlib.suppress(StudioError):
            withdrawing.clear_after(place, scope)
    with contextlib.suppress(StudioError):
        removal.sweep_removed(place)


def _waiting(place: Place, takedown: str) -> list[Row]:
    """The copies that are still to go; the CDN comes last, as it would fetch again what the store still had."""
    query = """SELECT c.*, t.asked_at FROM takedown_copies c JOIN takedowns t ON t.id = c.takedown
        WHERE c.takedown = ? AND c.outcome = 'waiting' ORDER BY c.place = 'CDN', c.number"""
    with place.database.reading() as db:
        return db.execute(query, (takedown,)).fetchall()


def _removed(place: Place, row: Row) -> Done:
    """Remove one copy and prove that it is gone; what fails now waits, and says why."""
    try:
        return REMOVERS[Where(row["place"])](place, row)
    except StudioError as error:
        return Outcome.WAITING, error.say


def _from_public(place: Place, row: Row) -> Done:
    store, _, key = row["address"].partition("/")
    place.storefront_of(store).hide(key)
    return Outcome.REMOVED, ""


def _from_private(place: Place, row: Row) -> Done:
    place.store.delete(row["address"])
    try:
        place.store.head(row["address"])
    except NotStored:
        return Outcome.REMOVED, ""
    raise StoreRefused(STAYS)


def _from_folder(place: Place, row: Row) -> Done:
    path = place.settings.folder / row["address"]
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        raise StoreRefused("The file could not be removed.") from error
    return Outcome.REMOVED, ""


def _from_edge(place: Place, row: Row) -> Done:
    """A CDN that refuses is asked again for a day; then the file goes when its time at the edge is over."""
    said = purge(place.settings, [row["address"]], store="r2")
    if said == CLEARED:
        with place.database.writing() as tx:
            tx.execute("UPDATE publications SET cleared = ? WHERE url = ? AND removed_at IS NOT NULL", (CLEARED, row["address"]))
        return Outcome.REMOVED, ""
    return (Outcome.WAITING if said == REFUSED and seconds_since(row["asked_at"]) < CDN_SECONDS else Outcome.STUCK), said


def _from_provider(place: Place, row: Row) -> Done:
    """A provider that does not do it is asked again until it lets the files go by itself."""
    try:
        return FORGOTTEN[place.forget(row["address"].removesuffix(PAYLOADS))]
    except StudioError:
        if seconds_since(row["asked_at"]) < RESULT_SECONDS:
            raise
        return Outcome.STUCK, OVERDUE


FORGOTTEN: Final[Mapping[Forgotten, Done]] = {
    Forgotten.REMOVED: (Outcome.REMOVED, ""),
    Forgotten.ABSENT: (Outcome.REMOVED, NOT_HELD),
    Forgotten.NOT_ALLOWED: (Outcome.STUCK, NO_SCOPE),
}


def _from_work(place: Place, row: Row) -> Done:
    with place.database.reading() as db:
        ended = runs.get(db, row["address"]).ended
    return (Outcome.REMOVED, "it was stopped") if ended else (Outcome.WAITING, AT_WORK)


REMOVERS: Final[Mapping[Where, Callable[[Place, Row], Done]]] = {
    Where.PUBLIC: _from_public,
    Where.PRIVATE: _from_private,
    Where.DISK: _from_folder,
    Where.SANDBOX: _from_folder,
    Where.CDN: _from_edge,
    Where.PROVIDER: _from_provider,
    Where.WORK: _from_work,
}


def _told(place: Place, row: Row, outcome: Outcome, why: str) -> None:
    at = None if outcome is Outcome.WAITING else now()
    with place.database.writing() as tx:
        update(tx, "takedown_copies", {"takedown": row["takedown"], "number": row["number"]}, {"outcome": outcome.value, "why": why, "at": at})


def _found_more(place: Place, takedown: str) -> bool:
    """Add what has come to light since: uploads, results and files of work that was in progress; what is back again waits again."""
    with place.database.reading() as db:
        subject = _subject(db, takedown)
        found = reach(place, db, subject)
    copies = [*found.copies, *strays(place, subject, found)]
    with place.database.writing() as tx:
        rows = tx.execute("SELECT place, address, number, outcome FROM takedown_copies WHERE takedown = ?", (takedown,)).fetchall()
        known = {(row["place"], row["address"]): row for row in rows}
        fresh = [one for one in copies if (one.where.value, one.address) not in known]
        for number, one in enumerate(fresh, len(rows) + 1):
            insert(tx, "takedown_copies", one.row(takedown, number, now()))
        back = [row for one in copies if (row := known.get((one.where.value, one.address))) is not None and _is_back(one, row)]
        for row in back:
            update(tx, "takedown_copies", {"takedown": takedown, "number": row["number"]}, {"outcome": Outcome.WAITING.value, "at": None})
    return bool(fresh or back)


def _is_back(one: Copy, row: Row) -> bool:
    return one.outcome is Outcome.WAITING and one.where is not Where.CDN and row["outcome"] == Outcome.REMOVED


def _subject(db: Connection, takedown: str) -> Subject:
    row = db.execute("SELECT scope, subject FROM takedowns WHERE id = ?", (takedown,)).fetchone()
    if row["scope"] == Scope.CUSTOMER:
        return Subject(owner=row["subject"])
    case_id, sha256 = (row["subject"], "") if row["scope"] == Scope.CASE else row["subject"].rsplit("/", 1)
    case = cases.look_up(db, case_id)
    return Subject(owner=case.owner if case else "", case_id=case_id, sha256=sha256)


def _ended(place: Place, takedown: str) -> bool:
    with place.database.writing() as tx:
        update(tx, "takedowns", {"id": takedown, "ended_at": None}, {"ended_at": now()})
    return True
