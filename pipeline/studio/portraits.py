"""Ask for an avatar or a clip. One transaction checks everything, takes the attempt's place, holds the money and writes the order down."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from pipeline import assets, cases, runs
from pipeline.buying import Wanted, plan, price_of
from pipeline.catalog import Quote
from pipeline.database import Connection
from pipeline.errors import KeyRefused, KeyReused, NotNow, OutOfDate
from pipeline.ledger import check_room
from pipeline.records import Asset, AssetKind, Case, Person, Reuse, Role, Run, RunKind
from pipeline.studio.people import check
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

    Raises NotAllowed, WrongOwner, NotPremium, NotNow (no photo), AttemptsUsed, BudgetReached, TooManyRequests, and what the wish itself is
    refused for.
    """
    check(by, Role.MAKE)
    return _ask(place, case_id, owner, _avatar_order(place, wish, run_id), by)


def ask_clip(place: Place, case_id: str, owner: str, wish: ClipWish, by: Person, *, run_id: str, parent_run: str | None = None) -> Asked:
    """Ask for a clip of the case's approved avatar, in full size; raises NotNow while none is approved, else like `ask_avatar`."""
    check(by, Role.MAKE)
    return _ask(place, case_id, owner, _clip_order(place, wish, run_id, parent_run), by)


def ask_next_avatar(place: Place, case_id: str, owner: str, wish: AvatarWish, by: Person, number: int) -> Asked:
    """Ask for the case's avatar of this number, as the screen showed it: two clicks, two tabs or a repeated form are one run.

    Raises KeyReused when somebody used the number for another wish meanwhile, OutOfDate for a number that is not the next, else like `ask_avatar`.
    """
    check(by, Role.MAKE)
    order = _avatar_order(place, wish, run_id_of(case_id, RunKind.AVATAR, number))
    return _ask_next(place, case_id, owner, order, by, number)


def ask_next_clip(place: Place, case_id: str, owner: str, avatar_sha: str, wish: ClipWish, by: Person, number: int) -> Asked:
    """Ask for the case's clip of this number, of the avatar that the screen showed; a model without seed makes the avatar's next take.

    Raises like `ask_next_avatar`, and NotNow when the avatar is no longer the case's approved one.
    """
    check(by, Role.MAKE)
    order = _clip_order(place, wish, run_id_of(case_id, RunKind.CLIP, number), None)
    return _ask_next(place, case_id, owner, replace(order, avatar=avatar_sha, next_take=True), by, number)


def run_id_of(case_id: str, kind: RunKind, number: int) -> str:
    """Return the id of a case's avatar or clip by its number, counted from 1; raises OutOfDate for a number no screen shows.

    >>> run_id_of("A-1042", RunKind.AVATAR, 3)
    'A-1042-avatar-003'
    """
    if not 1 <= number <= 9999:
        raise OutOfDate
    return f"{case_id}-{kind.value}-{number:03d}"


def next_number(db: Connection, case_id: str, kind: RunKind) -> int:
    """Return the number by which a case's next avatar or clip is asked for, counted from 1; cells of sweeps are none of them."""
    asked = db.execute("SELECT count(*) AS n FROM runs WHERE case_id = ? AND kind = ? AND sweep IS NULL", (case_id, kind.value))
    return int(asked.fetchone()["n"]) + 1


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
    check_key(place)
    with place.database.reading() as db:
        check_room(db, sum(price.micro_usd for price in prices), place.caps, person=by.name, feature=FEATURE, requests=len(prices))


def next_take(place: Place, case_id: str, avatar: str) -> int:
    """Return the number of the next take of an avatar's clip, for models that have no seed."""
    with place.database.reading() as db:
        return _next_take(db, case_id, avatar)


def check_current(place: Place, case_id: str, owner: str, avatar: str) -> None:
    """Raise NotNow unless this avatar is the case's approved one, WrongOwner when the case is somebody else's."""
    with place.database.reading() as db:
        case = cases.get(db, case_id, owner)
    if case.avatar != avatar:
        raise NotNow("This avatar is not the case's approved one.", next=f"Approve it first: `approve {avatar[:12]}`.", screen="Approve it first.")


def request_of(place: Place, tx: Connection, run: Run, *, reuse: Reuse = Reuse.ALLOW) -> Wanted:
    """Return what a run asks of a model."""
    return wanted(place.catalogue, run.kind, run.settings, assets.get(tx, run.case_id, run.source), reuse=reuse)


def source_of(db: Connection, case: Case, kind: RunKind) -> Asset:
    """Return what an avatar or a clip of this case is made from: the photo's crop, the approved avatar; raises NotNow while there is none."""
    if kind is RunKind.AVATAR:
        if case.crop is None:
            raise NotNow("This case has no photo yet.", next="Upload a hero photo first.")
        return assets.get(db, case.id, case.crop)
    if case.avatar is None:
        raise NotNow("This case has no approved avatar yet.", next="Approve an avatar first, then animate it.")
    return assets.get(db, case.id, case.avatar)


def check_limits(place: Place, tx: Connection, case: Case, by: Person) -> None:
    """Raise NotPremium, KeyRefused, TooManyRequests or AttemptsUsed unless one more request may be paid for; what is owned needs none of it."""
    check_key(place)
    cases.check_premium(case)
    runs.check_pace(tx, by, FEATURE, place.pace(by))
    cases.take_place(tx, case.id, place.settings.attempts)


def check_key(place: Place) -> None:
    """Raise KeyRefused in live mode without a key: nothing could be bought."""
    if not place.settings.is_sandbox and not place.settings.fal_key:
        raise KeyRefused("No key of fal is set, so nothing can be bought.", next="Set FAL_KEY and start again, or use STUDIO_MODE=sandbox.")


def _next_take(db: Connection, case_id: str, avatar: str) -> int:
    query = """SELECT max(json_extract(settings, '$.take')) AS take FROM runs
        WHERE case_id = ? AND kind = 'clip' AND source = ? AND sweep IS NULL"""
    return int(db.execute(query, (case_id, avatar)).fetchone()["take"] or 0) + 1


@dataclass(frozen=True, kw_only=True)
class _Order:
    """What is asked for; `seedless` was asked for without a seed, `avatar` must be the approved one, `next_take` counts on."""

    kind: RunKind
    run_id: str
    resolved: Resolved
    seedless: bool
    parent_run: str | None = None
    avatar: str | None = None
    next_take: bool = False


def _avatar_order(place: Place, wish: AvatarWish, run_id: str) -> _Order:
    resolved = resolve_avatar(place.catalogue, place.styles, wish)
    return _Order(kind=RunKind.AVATAR, run_id=run_id, resolved=resolved, seedless=wish.seed is None)


def _clip_order(place: Place, wish: ClipWish, run_id: str, parent_run: str | None) -> _Order:
    resolved = resolve_clip(place.catalogue, place.styles, wish)
    return _Order(kind=RunKind.CLIP, run_id=run_id, resolved=resolved, seedless=wish.seed is None, parent_run=parent_run)


def _ask_next(place: Place, case_id: str, owner: str, order: _Order, by: Person, number: int) -> Asked:
    def first(tx: Connection) -> None:
        if number > next_number(tx, case_id, order.kind):
            raise OutOfDate

    try:
        return _ask(place, case_id, owner, order, by, first)
    except KeyReused as error:
        raise KeyReused(
            f"Somebody asked for another {order.kind.value} of this case meanwhile.",
            next="Look at theirs first, then ask again if it is still wanted.",
        ) from error


def _ask(place: Place, case_id: str, owner: str, order: _Order, by: Person, first: Callable[[Connection], None] = lambda _: None) -> Asked:
    with place.database.writing() as tx:
        case = cases.get(tx, case_id, owner)
        cases.check_premium(case)
        source = source_of(tx, case, order.kind)
        if order.avatar not in (None, case.avatar):
            raise NotNow("Another avatar was approved meanwhile.", next="Look at it first, then animate it.")
        first(tx)
        run, new = runs.ask(
            tx,
            run_id=order.run_id,
            kind=order.kind,
            case_id=case.id,
            person=by,
            feature=FEATURE,
            settings=_settings(place, tx, order, source),
            source=source.sha256,
            photo_version=case.photo_version,
            parent_run=order.parent_run or (_maker(tx, source) if order.kind is RunKind.CLIP else None),
        )
        want = wanted(place.catalogue, order.kind, run.settings, source)
        if new:
            plan(tx, run, want, place.caps, before_holding=lambda: check_limits(place, tx, case, by))
    return Asked(run=run, new=new, price=price_of(want), warnings=order.resolved.warnings)


def _settings(place: Place, tx: Connection, order: _Order, source: Asset) -> Mapping[str, Any]:
    """Return the settings to keep: a repeated request draws no other seed and counts no further take, or it would no longer be the same one."""
    settings = order.resolved.settings
    row = tx.execute("SELECT settings FROM runs WHERE id = ?", (order.run_id,)).fetchone()
    kept = json.loads(row["settings"]) if row else None
    if order.seedless and settings["seed"] is not None and kept:
        settings = {**settings, "seed": kept["seed"]}
    if order.next_take and not place.catalogue.find(settings["model"]).takes_seed:
        settings = {**settings, "take": kept["take"] if kept else _next_take(tx, source.scope, source.sha256)}
    return settings


def _maker(tx: Connection, avatar: Asset) -> str | None:
    """Return the newest attempt that shows an avatar."""
    query = """SELECT o.run_id FROM outputs o JOIN runs r ON r.id = o.run_id
        WHERE o.asset = ? AND r.case_id = ? AND r.sweep IS NULL ORDER BY r.asked_at DESC LIMIT 1"""
    row = tx.execute(query, (avatar.sha256, avatar.scope)).fetchone()
    return str(row["run_id"]) if row else None


def _blank(width_px: int, height_px: int) -> Asset:
    return Asset(scope="", kind=AssetKind.CROP, media_type="image/jpeg", sha256="0" * 64, width_px=width_px, height_px=height_px)
