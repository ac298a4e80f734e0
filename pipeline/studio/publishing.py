"""Publishing: the approved bytes go to the public store, are read back, and only then count. One wish for a case at a time.

Each step says what remains true if the power goes off right after it; `publish_cleanup.finish` brings to its end what was begun.
"""

import threading
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from pipeline import assets, cases
from pipeline.database import Connection
from pipeline.errors import NotNow, NotStored, StudioError
from pipeline.guest.hero import script, script_key
from pipeline.publishing import items, publications
from pipeline.publishing.addresses import public_key
from pipeline.publishing.items import Item, judged
from pipeline.publishing.publications import Publication, State
from pipeline.publishing.storefront import Storefront
from pipeline.publishing.turns import turn
from pipeline.records import Asset, AssetKind, Decision, Person, Role
from pipeline.studio import publish_cleanup
from pipeline.studio.people import check
from pipeline.studio.place import Place

AT_ONCE = 8
# While eight are at the store, others wait for the disk to be sure of their rows.
HANDS = 3 * AT_ONCE
ACTION = "publish"
Within = Callable[[Connection], None]
_at_the_store = threading.BoundedSemaphore(AT_ONCE)


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What became of one of many that were to be published: its publications, or why there are none."""

    scope: str
    asset: str
    publications: tuple[Publication, ...] = ()
    error: StudioError | None = None


@dataclass(frozen=True, kw_only=True)
class Planned:
    """One file that publishing would put out: whether guests see it already, and the address of what it would replace."""

    kind: AssetKind
    key: str
    url: str
    sha256: str
    bytes: int
    is_live: bool
    replaces: str | None

    @property
    def words(self) -> str:
        """Say it in one line."""
        instead = f", instead of {self.replaces}" if self.replaces else ""
        return f"{self.kind.value:7} {self.url}{' (published already)' if self.is_live else instead}"

    def document(self) -> dict[str, object]:
        """Return it as `kind, key, url, sha256, bytes, is_live, replaces`."""
        return {**vars(self), "kind": self.kind.value}


def plan(place: Place, scope: str, sha256: str, owner: str, by: Person) -> tuple[Planned, ...]:
    """Return what publishing an avatar or clip would put out, without doing it; raises as `publish` does before anything is put."""
    check(by, Role.PUBLISH)
    front = place.storefront
    with place.database.reading() as db:
        case = cases.get(db, scope, owner)
        wanted = items.of_approved(db, case, judged(db, assets.get(db, scope, sha256)))
        live = publications.live(db, scope)
    return tuple(_planned(front, item, live.get(item.kind)) for item in wanted)


def _planned(front: Storefront, item: Item, now: Publication | None) -> Planned:
    key = front.key(public_key(item.kind, item.file.scope, item.file.sha256, item.file.media_type))
    is_live = now is not None and (now.key, now.store) == (key, front.name)
    replaces = None if now is None or is_live else now.url
    file = item.file
    return Planned(kind=item.kind, key=key, url=front.url(key), sha256=file.sha256, bytes=file.bytes, is_live=is_live, replaces=replaces)


def is_approved(db: Connection, asset: Asset) -> bool:
    """Tell whether an avatar or clip, named by itself or by what guests would see of it, is approved, within a read that has begun."""
    about = judged(db, asset)
    return cases.decision_of(db, about.scope, about.sha256) is Decision.APPROVED


def publish(place: Place, scope: str, sha256: str, owner: str, by: Person, *, within: Within = lambda _: None) -> tuple[Publication, ...]:
    """Publish an approved avatar, or a clip with its poster and its avatar, and return what guests see of it now.

    The bytes are put under their hash, read back and compared before they count; the same again is the same publication. A clip of another
    avatar leaves with that avatar. Raises NotAllowed, WrongOwner, UnknownName, NotNow for what is not approved, NotStored for a file that is
    missing or altered, KeyTaken, StoreRefused; whatever is raised, guests see what they saw before. `within` is done in the transaction that
    begins it, so that what it raises keeps it from beginning.
    """
    check(by, Role.PUBLISH)
    with turn(place.settings.folder, scope):
        # 1. Written down as begun. If we die here, the next publication of the case or the worker begins again.
        wanted = place.together.change(lambda tx: _begin(tx, place.storefront, scope, sha256, owner, by, within))
        place.points.reach("publish-begun")
        # 2. In the store and read back. If we die here, nobody has been told of it.
        try:
            _show(place, place.storefront, wanted)
            place.points.reach("publish-shown")
            # 3. Live, and what it replaces out of sight. If we die here, only old objects are left to remove.
            live, replaced = place.together.change(lambda tx: _prove(tx, scope, owner, wanted, by))
            place.points.reach("publish-live")
        except StudioError as error:
            _give_up(place, wanted, by, error)
            publish_cleanup.clear(place, scope)
            raise
        # 4. What was replaced is removed, with what an earlier withdrawal may have left.
        if replaced:
            publish_cleanup.clear(place, scope)
        return live


def publish_case(place: Place, case_id: str, owner: str, by: Person) -> tuple[Publication, ...]:
    """Publish what is current in a case: its clip with its avatar, or the avatar alone; raises as `publish`, NotNow while nothing is approved."""
    with place.database.reading() as db:
        case = cases.get(db, case_id, owner)
    current = case.clip or case.avatar
    if current is None:
        raise NotNow("Nothing of this case is approved yet.", next="Approve an avatar first.")
    return publish(place, case_id, current, owner, by)


def publish_many(
    place: Place, wanted: Sequence[tuple[str, str]], by: Person, told: Callable[[Outcome], None] = lambda _: None
) -> tuple[Outcome, ...]:
    """Publish several assets, each as (case, hash), eight at a time; one that fails stops no other. Raises NotAllowed."""
    check(by, Role.PUBLISH)

    with place.database.reading() as db:
        found = {scope: cases.look_up(db, scope) for scope, _ in wanted}
    owners = {scope: case.owner for scope, case in found.items() if case is not None}

    def one(named: tuple[str, str]) -> Outcome:
        outcome = _outcome(place, *named, owners.get(named[0], ""), by)
        told(outcome)
        return outcome

    with place.together.gathering(AT_ONCE), ThreadPoolExecutor(HANDS) as pool:
        return tuple(pool.map(one, wanted))


def _outcome(place: Place, scope: str, sha256: str, owner: str, by: Person) -> Outcome:
    try:
        return Outcome(scope=scope, asset=sha256, publications=publish(place, scope, sha256, owner, by))
    except StudioError as error:
        return Outcome(scope=scope, asset=sha256, error=error)


def _begin(tx: Connection, front: Storefront, scope: str, sha256: str, owner: str, by: Person, within: Within) -> list[tuple[Publication, Item]]:
    within(tx)
    case = cases.get(tx, scope, owner)
    begun = []
    for item in items.of_approved(tx, case, judged(tx, assets.get(tx, scope, sha256))):
        key = front.key(public_key(item.kind, scope, item.file.sha256, item.file.media_type))
        begun.append((publications.begin(tx, case, item, front.name, key, front.url(key), by), item))
    return begun


def _show(place: Place, front: Storefront, wanted: Iterable[tuple[Publication, Item]]) -> None:
    show_script(front)
    for publication, item in wanted:
        if publication.state is State.PUBLISHING:
            data = _approved_bytes(place, item)
            with _at_the_store:
                front.show(publication.key, data, publication.media_type)


def show_script(front: Storefront) -> None:
    """Put the one script that shows heroes beside the media and read it back; older ones stay, as pages that name them do."""
    key = front.key(script_key())
    if key not in front.seen:
        front.show(key, script(), "text/javascript")
        front.seen.add(key)


def _approved_bytes(place: Place, item: Item) -> bytes:
    try:
        return assets.read(place.store, item.file)
    except NotStored as error:
        raise NotStored(
            f"The approved {item.kind.value} is missing or was altered since it was approved; it is not published.",
            next="Restore it: it is made again from what was bought.",
        ) from error


def _prove(tx: Connection, scope: str, owner: str, wanted: Sequence[tuple[Publication, Item]], by: Person) -> tuple[tuple[Publication, ...], bool]:
    """Make what was shown live; returned with whether objects are left to remove."""
    case = cases.get(tx, scope, owner)
    for _, item in wanted:
        items.check_approved(tx, assets.get(tx, scope, item.approved.sha256))
    fresh = [publication for publication, _ in wanted if publication.state is State.PUBLISHING]
    live = tuple(publications.prove(tx, one, by) if one in fresh else publications.get(tx, one.id) for one, _ in wanted)
    _let_go_of_other_clips(tx, scope, live, by)
    if fresh:
        told = [{"kind": one.kind.value, "sha256": one.sha256} for one in fresh]
        cases.note(tx, case, ACTION, by, files=told, asset=wanted[-1][1].approved.sha256)
    return live, bool(publications.unfinished(tx, scope))


def _let_go_of_other_clips(tx: Connection, scope: str, shown: Sequence[Publication], by: Person) -> None:
    """A clip shows its avatar: one of another avatar than guests see now is withdrawn, and one that is no longer its case's."""
    now_live = publications.live(tx, scope)
    clip, avatar = now_live.get(AssetKind.CLIP), now_live.get(AssetKind.AVATAR)
    if clip is None or avatar is None or clip.id in {one.id for one in shown}:
        return
    query = "SELECT 1 FROM outputs o JOIN runs r ON r.id = o.run_id WHERE o.asset = ? AND r.case_id = ? AND r.source = ?"
    case = cases.look_up(tx, scope)
    if case is None or case.clip != clip.asset or tx.execute(query, (clip.asset, scope, avatar.asset)).fetchone() is None:
        for one in (clip, now_live.get(AssetKind.POSTER)):
            if one is not None:
                publications.end(tx, one, State.REPLACED, by, "")


def _give_up(place: Place, wanted: Sequence[tuple[Publication, Item]], by: Person, error: StudioError) -> None:
    """Leave what guests saw as it was; what was put for this already is removed as replaced things are."""
    with place.database.writing() as tx:
        for publication, _ in wanted:
            if publication.state is State.PUBLISHING:
                publications.refuse(tx, publication, error, by)
