"""Ask for an avatar or a clip. One transaction checks everything, takes the attempt's place, holds the money and writes the order down."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pipeline import assets, cases, runs
from pipeline.buying import Wanted, plan, price_of
from pipeline.catalog import Quote
from pipeline.database import Connection
from pipeline.errors import KeyRefused, NotNow
from pipeline.ledger import check_room
from pipeline.records import Asset, AssetKind, Case, Person, Reuse, Run, RunKind
from pipeline.studio.place import Place
from pipeline.workflows.wishes import AvatarWish, ClipWish, Resolved, resolve_avatar, resolve_clip, wanted

FEATURE = "portrait"


@dataclass(frozen=True, kw_only=True)
class Asked:
    """The run that now exists, whether this call made it, what it may cost, and remarks that do not block."""

    run: Run
    new: bool
    price: Quote
    warnings: tuple[str, ...]


def ask_avatar(place: Place, case_id: str, owner: str, wish: AvatarWish, by: Person, *, run_id: str) -> Asked:
    """Ask for an avatar of the case's photo; the same `run_id` with the same wish is the same run.

    Raises WrongOwner, NotPremium, NotNow (no photo), AttemptsUsed, BudgetReached, TooManyRequests, and what the wish itself is refused for.
    """
    resolved = _keep_seed(place, run_id, resolve_avatar(place.catalogue, place.styles, wish), given=wish.seed)
    return _ask(place, case_id, owner, RunKind.AVATAR, resolved, by, run_id, parent_run=None)


def ask_clip(place: Place, case_id: str, owner: str, wish: ClipWish, by: Person, *, run_id: str, parent_run: str | None = None) -> Asked:
    """Ask for a clip of the case's approved avatar, in full size; raises NotNow while none is approved, else like `ask_avatar`."""
    resolved = _keep_seed(place, run_id, resolve_clip(place.catalogue, place.styles, wish), given=wish.seed)
    return _ask(place, case_id, owner, RunKind.CLIP, resolved, by, run_id, parent_run=parent_run)


def price_avatar(place: Place, wish: AvatarWish, *, width_px: int = 1024, height_px: int = 1024) -> Quote:
    """Return what an avatar would cost for a crop of this size; nothing is spent."""
    resolved = resolve_avatar(place.catalogue, place.styles, wish)
    return price_of(wanted(place.catalogue, RunKind.AVATAR, resolved.settings, _blank(width_px, height_px)))


def price_clip(place: Place, wish: ClipWish, *, width_px: int = 1024, height_px: int = 1024) -> Quote:
    """Return what a clip would cost; nothing is spent."""
    resolved = resolve_clip(place.catalogue, place.styles, wish)
    return price_of(wanted(place.catalogue, RunKind.CLIP, resolved.settings, _blank(width_px, height_px)))


def check_affordable(place: Place, prices: Sequence[Quote], by: Person) -> None:
    """Raise BudgetReached if these prices together would pass a cap now, KeyRefused without a key; before anything is stored; asking checks again."""
    _check_key(place)
    with place.database.reading() as db:
        check_room(db, sum(price.micro_usd for price in prices), place.caps, person=by.name, feature=FEATURE)


def next_take(place: Place, case_id: str, avatar: str) -> int:
    """Return the number of the next take of an avatar's clip, for models that have no seed."""
    with place.database.reading() as db:
        made = [run.settings.get("take", 1) for run in runs.newest(db, 1000, case_id=case_id) if run.kind is RunKind.CLIP and run.source == avatar]
    return max(made, default=0) + 1


def check_current(place: Place, case_id: str, owner: str, avatar: str) -> None:
    """Raise NotNow unless this avatar is the case's approved one, WrongOwner when the case is somebody else's."""
    with place.database.reading() as db:
        case = cases.get(db, case_id, owner)
    if case.avatar != avatar:
        raise NotNow("This avatar is not the case's approved one.", next=f"Approve it first: `approve {avatar[:12]}`.")


def request_of(place: Place, tx: Connection, run: Run, *, reuse: Reuse = Reuse.ALLOW) -> Wanted:
    """Return what a run asks of a model."""
    return wanted(place.catalogue, run.kind, run.settings, assets.get(tx, run.case_id, run.source), reuse=reuse)


def check_limits(place: Place, tx: Connection, case: Case, by: Person) -> None:
    """Raise NotPremium, KeyRefused, TooManyRequests or AttemptsUsed unless one more request may be paid for; what is owned needs none of it."""
    _check_key(place)
    cases.check_premium(case)
    runs.check_pace(tx, by, FEATURE, place.pace(by))
    cases.take_place(tx, case.id, place.settings.attempts)


def _check_key(place: Place) -> None:
    if not place.settings.is_sandbox and not place.settings.fal_key:
        raise KeyRefused("No key of fal is set, so nothing can be bought.", next="Set FAL_KEY and start again, or use STUDIO_MODE=sandbox.")


def _ask(place: Place, case_id: str, owner: str, kind: RunKind, resolved: Resolved, by: Person, run_id: str, *, parent_run: str | None) -> Asked:
    with place.database.writing() as tx:
        case = cases.get(tx, case_id, owner)
        cases.check_premium(case)
        source = _source(tx, case, kind)
        run, new = runs.ask(
            tx,
            run_id=run_id,
            kind=kind,
            case_id=case.id,
            person=by,
            feature=FEATURE,
            settings=resolved.settings,
            source=source.sha256,
            photo_version=case.photo_version,
            parent_run=parent_run,
        )
        want = wanted(place.catalogue, kind, run.settings, source)
        if new:
            plan(tx, run, want, place.caps, before_holding=lambda: check_limits(place, tx, case, by))
    return Asked(run=run, new=new, price=price_of(want), warnings=resolved.warnings)


def _source(tx: Connection, case: Case, kind: RunKind) -> Asset:
    if kind is RunKind.AVATAR:
        if case.crop is None:
            raise NotNow("This case has no photo yet.", next="Upload a hero photo first.")
        return assets.get(tx, case.id, case.crop)
    if case.avatar is None:
        raise NotNow("This case has no approved avatar yet.", next="Approve an avatar first, then animate it.")
    return assets.get(tx, case.id, case.avatar)


def _keep_seed(place: Place, run_id: str, resolved: Resolved, *, given: int | None) -> Resolved:
    """A repeated request without a seed must not draw another one: it would no longer be the same request."""
    if given is not None or resolved.settings["seed"] is None:
        return resolved
    with place.database.reading() as db:
        existing = db.execute("SELECT json_extract(settings, '$.seed') AS seed FROM runs WHERE id = ?", (run_id,)).fetchone()
    settings: Mapping[str, Any] = {**resolved.settings, "seed": existing["seed"]} if existing else resolved.settings
    return Resolved(settings=settings, warnings=resolved.warnings)


def _blank(width_px: int, height_px: int) -> Asset:
    return Asset(scope="", kind=AssetKind.CROP, media_type="image/jpeg", sha256="0" * 64, width_px=width_px, height_px=height_px)
