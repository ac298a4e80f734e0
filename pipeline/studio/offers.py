"""What can be asked for now, with which models, at what price, and if not, why: all that a button needs to know before it is pressed."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pipeline import turns
from pipeline.cases import check_premium
from pipeline.catalog import Job, Model, Quote
from pipeline.catalog.models import Parameter
from pipeline.database import Connection
from pipeline.errors import BadPrompt, CannotPrice, NotNow, StudioError
from pipeline.records import Case, Person, Role, RunKind
from pipeline.studio import presets, room
from pipeline.studio.people import check
from pipeline.studio.place import Place
from pipeline.studio.portraits import FEATURE, check_limits, price_avatar, price_clip, source_of
from pipeline.studio.presets import Preset
from pipeline.studio.room import Room
from pipeline.studio.sweeplines import name_of
from pipeline.workflows.wishes import AVATAR_MODEL, CLIP_MODEL, AvatarWish, ClipWish

ANYBODY = Person(name="")
JOBS = {RunKind.AVATAR: Job.AVATAR, RunKind.CLIP: Job.CLIP}
USUAL = {RunKind.AVATAR: AVATAR_MODEL, RunKind.CLIP: CLIP_MODEL}


@dataclass(frozen=True, kw_only=True)
class ModelOffer:
    """A model that can make it: its price with its defaults, the price of each resolution it offers, and its settings with their limits.

    `room` is what budgets say to its cheapest way: why it cannot be paid for now, where another model might.
    """

    name: str
    title: str
    price: Quote
    by_resolution: Mapping[str, int]
    takes_seed: bool
    parameters: Mapping[str, Parameter]
    clip_seconds: int | None
    note: str
    room: Room

    @property
    def why(self) -> str | None:
        """Why no budget leaves room for it now; None when there is room."""
        return self.room.why

    @property
    def micro_usd(self) -> int:
        """The price with the model's defaults, in micro-dollars."""
        return self.price.micro_usd


@dataclass(frozen=True, kw_only=True)
class Offer:
    """An avatar or a clip that could be asked for: why not now (None when it can be), what to do about that, and the models, the usual one first.

    The usual one is the preset's; `preset` is None while none is set or it cannot be used, which `troubles` then says. `preset_sweep` is what
    people call the sweep it came from.
    """

    kind: RunKind
    why: str | None
    remedy: str
    models: tuple[ModelOffer, ...]
    preset: Preset | None
    preset_sweep: str | None
    troubles: tuple[str, ...]


def offer(place: Place, db: Connection, case: Case, kind: RunKind, by: Person = ANYBODY) -> Offer:
    """Return what can be asked for now, without writing anything; without a person, roles and personal limits are left out."""
    refusal = _refusal(place, db, case, kind, by)
    fitting = [model for model in place.catalogue.models.values() if model.job is JOBS[kind]]
    priced = [_model(place, db, case, kind, model, by) for model in fitting]
    preset = _preset(place, db, kind)
    usual = preset["preset"].settings["model"] if preset["preset"] else USUAL[kind]
    models = sorted((one for one in priced if one is not None), key=lambda one: (one.name != usual, one.micro_usd, one.name))
    if refusal is None and models and all(one.why for one in models):
        return Offer(kind=kind, why=models[0].why, remedy=models[0].room.remedy, models=tuple(models), **preset)
    return Offer(kind=kind, why=refusal.say if refusal else None, remedy=refusal.next if refusal else "", models=tuple(models), **preset)


def why_not(place: Place, db: Connection, case: Case, kind: RunKind, by: Person = ANYBODY) -> str | None:
    """Return the sentence that says why such a thing cannot be asked for now; None when it can."""
    return offer(place, db, case, kind, by).why


def _preset(place: Place, db: Connection, kind: RunKind) -> dict[str, Any]:
    """Return what the offer says of the preset."""
    found = presets.current(db, kind)
    if found is None:
        return {"preset": None, "preset_sweep": None, "troubles": ()}
    sweep = name_of(db, found.sweep) if found.sweep else None
    return {"preset": presets.usable(place, db, kind), "preset_sweep": sweep, "troubles": presets.troubles(place, found)}


def _refusal(place: Place, db: Connection, case: Case, kind: RunKind, by: Person) -> StudioError | None:
    try:
        check(by, Role.MAKE)
        check_premium(case)
        source_of(db, case, kind)
        check_limits(place, db, case, by)
        _check_pause(db)
    except StudioError as error:
        return error
    return None


def _check_pause(db: Connection) -> None:
    if pause := turns.pause_of(db):
        raise NotNow(f"{pause.words}.", next="Wait until they go on, or ask whoever paused them.")


def _model(place: Place, db: Connection, case: Case, kind: RunKind, model: Model, by: Person) -> ModelOffer | None:
    try:
        price = _price(place, db, case, kind, model)
        resolution = model.parameters.get("resolution")
        choices = [str(choice) for choice in resolution.choices] if resolution else []
        by_resolution = {choice: _price(place, db, case, kind, model, choice).micro_usd for choice in choices}
    except (CannotPrice, BadPrompt):
        return None
    return ModelOffer(
        name=model.name,
        title=model.title,
        price=price,
        by_resolution=by_resolution,
        takes_seed=model.takes_seed,
        parameters=model.parameters,
        clip_seconds=model.clip_seconds,
        note=model.note,
        room=room.look(place, db, min([price.micro_usd, *by_resolution.values()]), by, feature=FEATURE, case_id=case.id),
    )


def _price(place: Place, db: Connection, case: Case, kind: RunKind, model: Model, resolution: str | None = None) -> Quote:
    try:
        source = source_of(db, case, kind)
        size = {"width_px": source.width_px or 1024, "height_px": source.height_px or 1024}
    except NotNow:
        size = {"width_px": 1024, "height_px": 1024}
    if kind is RunKind.AVATAR:
        return price_avatar(place, AvatarWish(model=model.name), **size)
    return price_clip(place, ClipWish(model=model.name, resolution=resolution), **size)
