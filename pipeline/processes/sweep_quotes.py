"""What an order for a sweep would cost, before anything of it is kept: its photos are read, its plan is laid out and priced, and that is all."""

import hashlib
import json
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pipeline import assets, cases
from pipeline.errors import BadParameter, BadPhoto, BudgetReached, NotNow, PhotoUnreadable, StudioError
from pipeline.ledger.reports import balance
from pipeline.records import STUDIO_SCOPE, Asset, AssetKind, Person, RunKind, dollars, now
from pipeline.records import Plan as Tier
from pipeline.storage.keys import key_for
from pipeline.studio import looks, requests, sweep_prices, sweeps, testphotos
from pipeline.studio.photos import Intake, take_in
from pipeline.studio.place import Place
from pipeline.studio.sweep_prices import Priced
from pipeline.sweeps.orders import Order, in_words
from pipeline.sweeps.plans import TITLES, Axis, Plan, Problem, read_plan
from pipeline.sweeps.remarks import USUAL_CELLS
from pipeline.wording import counted

LARGEST_FILE_BYTES = 200_000_000
MOST_USD = 1_000_000_000


@dataclass(frozen=True, kw_only=True)
class Quoted:
    """An order with what it would cost now; nothing of it is kept yet, neither its photos (`photos`, by their names in the plan) nor its plan.

    `version` is that of the sweep of this name as it is kept, 0 where there is none; `asked` are the runs it has already, `spent_micro_usd`
    is what they cost or hold.
    """

    sweep_id: str
    name: str
    version: int
    photos: Mapping[str, Intake]
    priced: Priced
    problems: tuple[Problem, ...]
    asked: frozenset[str]
    spent_micro_usd: int

    @property
    def plan(self) -> Plan:
        """What is to be compared."""
        return self.priced.plan

    @property
    def owned(self) -> int:
        """How many cells cost nothing: they were asked for before, are owned, or show what another cell of the plan shows."""
        return self.priced.cells - self.priced.to_buy

    @property
    def runs(self) -> tuple[str, ...]:
        """The run of every cell; cells that ask for the very same have the same one."""
        return tuple(f"{self.sweep_id}-{cell.key}" for cell in (self.priced.layout.cells if self.priced.layout else ()))


def quote(place: Place, order: Order, by: Person, *, folders: Sequence[Path]) -> Quoted:
    """Price an order without keeping anything; photos are looked for in these folders. The same name from the same person is the same sweep.

    Raises PhotoUnreadable, PhotoTooSmall, PhotoTooLarge, UnknownName for a run, BadParameter for what cannot be laid out at all, and NotNow
    where somebody else has changed the sweep of this name to something else.
    """
    photos = _take_in(order, folders) if order.kind is RunKind.AVATAR else {}
    sources = {source: identity for identity, (source, _) in photos.items()} if photos else _avatars(place, order.sources)
    written = [(Axis.PHOTO.value, "\n".join(sources.values())), *order.written]
    draft = read_plan(order.kind, written, "\n".join(_skip(line, sources) for line in order.skips))
    return _quoted(place, order, draft.plan, (*order.problems, *draft.problems), {key: intake for key, (_, intake) in photos.items()}, by)


def ceiling_of(usd: float) -> int:
    """Return a ceiling in micro-dollars; raises BadParameter for what is no amount of money."""
    if not 0 <= usd < MOST_USD:
        raise BadParameter(f"A ceiling is an amount in dollars, such as 3.00, not {usd}.", next="Say how much the sweep may cost at most.")
    return round(usd * 1_000_000)


def refusal(quoted: Quoted, *, ceiling_micro_usd: int | None, keep_rest: bool = False, large: bool = False) -> StudioError | None:
    """Return why this would not be bought, as an error that can be raised; None where nothing is in the way."""
    lost = [problem for problem in quoted.problems if problem.axis is not None and problem.axis not in quoted.plan.axes]
    if lost or (quoted.problems and not keep_rest):
        rest = "" if lost else " or keep the rest (--keep-rest, keep_rest=True)"
        return BadParameter(in_words(lost or quoted.problems), next=f"Correct it{rest}.")
    if not quoted.priced.cells:
        return BadParameter("This plan has no cell that could be made.", next="Leave out fewer combinations.")
    if quoted.priced.to_buy > USUAL_CELLS and not large:
        many = f"{counted(quoted.priced.to_buy, 'picture')} are more than the usual {USUAL_CELLS}."
        return BadParameter(many, next="Say that so many are wanted (--large, large=True), or make the plan smaller.")
    return _beyond_budget(quoted, ceiling_micro_usd)


def _take_in(order: Order, folders: Sequence[Path]) -> dict[str, tuple[str, Intake]]:
    """Read every photo: by its name in the plan, as it was written and as the studio would keep it."""
    found: dict[str, tuple[str, Intake]] = {}
    for written in order.sources:
        intake = _read(written, folders)
        found.setdefault(f"{STUDIO_SCOPE}/{hashlib.sha256(intake.crop.data).hexdigest()}", (written, intake))
    return found


def _read(written: str, folders: Sequence[Path]) -> Intake:
    try:
        path = next(path for path in (folder / Path(written).expanduser() for folder in folders) if path.is_file())
        if path.stat().st_size > LARGEST_FILE_BYTES:
            raise PhotoUnreadable(f"{written!r} is far too large for a photo.", next="Use a photo of at most 25 MB.")
        return take_in(path.read_bytes(), path.name)
    except BadPhoto as error:
        raise type(error)(f"{written!r}: {error.say}", next=error.next) from error
    except (OSError, ValueError, RuntimeError, StopIteration) as error:
        where = "Its path counts from the plan file or from the working folder."
        raise PhotoUnreadable(f"There is no readable photo {written!r}.", next=where) from error


def _avatars(place: Place, written: Sequence[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for run_id in written:
        run = requests.find_run(place, run_id)
        with place.database.reading() as db:
            made = [asset for asset in looks.files_of(db, run) if asset.kind is AssetKind.AVATAR and asset.removed_at is None]
        if not made:
            raise NotNow(f"Run {run.id} has made no avatar that could be animated.", next="Name the run of a finished avatar.")
        found[run_id] = f"{made[0].scope}/{made[0].sha256}"
    return found


def _skip(line: str, sources: Mapping[str, str]) -> str:
    """Put the photo that a combination names by its path or its name as the plan names it."""
    called = {name: key for written, key in sources.items() for name in (written, Path(written).name, Path(written).stem)}
    return re.sub(r"\bphoto=(\S+)", lambda found: f"photo={called.get(found[1], found[1])}", line)


def _quoted(place: Place, order: Order, plan: Plan, problems: tuple[Problem, ...], intakes: Mapping[str, Intake], by: Person) -> Quoted:
    named = order.name or json.dumps(plan.as_json(), sort_keys=True)
    sweep_id = "s" + hashlib.sha256(json.dumps([order.kind.value, named, by.name]).encode()).hexdigest()[:19]
    with place.database.reading() as db:
        kept = sweeps.get(db, sweep_id) if db.execute("SELECT 1 FROM sweeps WHERE id = ?", (sweep_id,)).fetchone() else None
        known = testphotos.find(db, order.kind, intakes)
        asked = sweep_prices.asked_for(db, sweep_id)
        money = balance(db, "sweep", sweep_id, "ever")
    if kept and kept.plan != plan and kept.changed_by != by.name:
        raise NotNow(f"{kept.changed_by} has changed the sweep {kept.name!r} meanwhile.", next="Give yours another name.")
    photos = {key: intake for key, intake in intakes.items() if key not in known}
    priced = _priced(place, plan, photos, by, sweep_id)
    return Quoted(
        sweep_id=sweep_id,
        name=order.name or " × ".join(TITLES[axis] for axis, values in plan.axes.items() if len(values) > 1) or "One picture",
        version=kept.version if kept else 0,
        photos=photos,
        priced=priced,
        problems=(*problems, *priced.problems),
        asked=asked,
        spent_micro_usd=money.held_micro_usd + money.charged_micro_usd,
    )


def _priced(place: Place, plan: Plan, photos: Mapping[str, Intake], by: Person, sweep_id: str) -> Priced:
    """Price a plan as if its new photos were kept: they are written down for as long as that takes, and then taken back."""
    if not photos:
        return sweep_prices.price(place, plan, by, sweep_id=sweep_id)
    with place.database.writing() as tx:
        if cases.look_up(tx, STUDIO_SCOPE) is None:
            cases.create(tx, case_id=STUDIO_SCOPE, owner=STUDIO_SCOPE, name=STUDIO_SCOPE, plan=Tier.PREMIUM, by=by)
        for intake in photos.values():
            assets.record(tx, _draft(intake))
        priced = sweep_prices.price_within(place, tx, plan, by, sweep_id=sweep_id)
        tx.rollback()
    return priced


def _draft(intake: Intake) -> Asset:
    crop, sha256 = intake.crop, hashlib.sha256(intake.crop.data).hexdigest()
    return Asset(
        scope=STUDIO_SCOPE,
        kind=AssetKind.CROP,
        media_type=crop.media_type,
        sha256=sha256,
        key=key_for(STUDIO_SCOPE, AssetKind.CROP.value, sha256, crop.media_type),
        width_px=crop.width_px,
        height_px=crop.height_px,
        facts={"faces": intake.faces, "name": _plain_name(intake.name)},
        created_at=now(),
    )


def _plain_name(file_name: str) -> str:
    stem = os.fsencode(Path(file_name).stem).decode(errors="replace")
    return " ".join("".join(letter for letter in stem if letter.isprintable()).split())[: testphotos.LONGEST_NAME] or "Photo"


def _beyond_budget(quoted: Quoted, ceiling_micro_usd: int | None) -> StudioError | None:
    if not set(quoted.runs) - quoted.asked:
        return None
    price, spent = quoted.priced.micro_usd, quoted.spent_micro_usd
    if ceiling_micro_usd is not None and spent + price > ceiling_micro_usd:
        before = f" after the {dollars(spent)} it has cost" if spent else ""
        above = f"This costs {dollars(price)}{before}, which is above the ceiling of {dollars(ceiling_micro_usd)}."
        return BudgetReached(above, next="Raise the ceiling or make the plan smaller.")
    room = quoted.priced.room
    return BudgetReached(room.why, next=room.remedy) if room.why else None
