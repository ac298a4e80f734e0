"""What publications leave behind: objects that nobody is to see any more, and wishes that a crash cut short."""

import contextlib
import hashlib

from pipeline import cases
from pipeline.errors import NotStored, StoreError, StudioError
from pipeline.publishing import publications
from pipeline.publishing.publications import Publication, State
from pipeline.publishing.purge import REFUSED, purge
from pipeline.publishing.storefront import Storefront
from pipeline.publishing.turns import turn
from pipeline.records import Person, now, seconds_since
from pipeline.studio.place import Place

PURGE_SECONDS = 86_400.0  # so long the CDN is asked again where it refused


def clear(place: Place, case_id: str) -> int:
    """Remove the objects of a case's ended publications and return how many are left because the store refused; call it within the case's turn."""
    with place.database.reading() as db:
        ending = [one for one in publications.unfinished(db, case_id) if one.state is State.ENDING]
    return sum(not _cleared(place, one) for one in ending)


def finish(place: Place) -> int:
    """Bring to its end what a crash or a refusing store cut short, and return how many cases and take-downs that were; for the worker.

    What was being published is published if it may still be, else refused; take-downs go on.
    """
    from pipeline.studio import takedown  # that file uses this one

    with place.database.reading() as db:
        waiting = {one.case_id: one for one in publications.unfinished(db)}
    for case_id in waiting:
        begun: list[Publication] = []
        with contextlib.suppress(StudioError), turn(place.settings.folder, case_id):
            clear(place, case_id)
            begun = _begun(place, case_id)
        for one in begun:
            _again(place, one)
    return len(waiting) + takedown.resume(place)


def _begun(place: Place, case_id: str) -> list[Publication]:
    with place.database.reading() as db:
        return [one for one in publications.unfinished(db, case_id) if one.state is State.PUBLISHING]


def _again(place: Place, publication: Publication) -> None:
    from pipeline.studio import publishing  # that file uses this one

    by = Person(name=publication.person)
    with place.database.reading() as db:
        case = cases.look_up(db, publication.case_id)
    try:
        if case is not None:
            publishing.publish(place, case.id, publication.asset, case.owner, by)
    except StoreError:
        return  # the store, or whoever else publishes for this case: it is tried again
    except StudioError as error:
        with place.database.writing() as tx:
            if publications.get(tx, publication.id).state is State.PUBLISHING:
                publications.refuse(tx, publication, error, by)


def _cleared(place: Place, publication: Publication) -> bool:
    try:
        front = place.storefront_of(publication.store)
        with place.database.reading() as db:
            needed = publications.is_needed(db, publication.store, publication.key)
        if not needed and _is_ours(front, publication):
            front.hide(publication.key)
    except NotStored:
        needed = False
    except StudioError:
        return False
    cleared = "" if needed else purge(place.settings, [publication.url], store=publication.store)
    if cleared == REFUSED and seconds_since(publication.ended_at or now()) < PURGE_SECONDS:
        return False
    with place.database.writing() as tx:
        publications.ended(tx, publication, cleared)
    return True


def _is_ours(front: Storefront, publication: Publication) -> bool:
    """What was proven is ours whatever it holds by now; a key of which that was never known may hold somebody else's bytes, which stay."""
    return publication.verified_at is not None or hashlib.sha256(front.store.fetch(publication.key).data).hexdigest() == publication.sha256
