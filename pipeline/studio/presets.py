"""Presets: the settings that support begins with, of which sweep and cell they came, who set them and when. Appended, never overwritten."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from datetime import UTC, datetime
from typing import Any

from pipeline.catalog import quote
from pipeline.database import Connection, Row, insert
from pipeline.errors import BadParameter, NotNow, OutOfDate, StudioError
from pipeline.prompts.styles import find_style
from pipeline.records import Person, Role, RunKind, dollars, moment, now
from pipeline.studio.people import check
from pipeline.studio.place import Place
from pipeline.workflows.wishes import AvatarWish, ClipWish, Resolved, resolve_avatar, resolve_clip

LONGEST_NOTE = 1000
FREE = "free"
LONGEST_VERSION = 9
BUILT_IN = "The built-in settings are used."
PRICED_PX = 1024
NAMES = {
    RunKind.AVATAR: ("style", "prompt", "model", "strength", "steps", "guidance"),
    RunKind.CLIP: ("motion", "prompt", "model", "resolution", "steps", "guidance"),
}
WISHES: Mapping[RunKind, type[AvatarWish] | type[ClipWish]] = {RunKind.AVATAR: AvatarWish, RunKind.CLIP: ClipWish}


@dataclass(frozen=True, kw_only=True)
class Preset:
    """Settings for support: for avatars style (`free` with words of one's own in `prompt`), model, strength, steps and guidance; for clips motion,
    prompt, model, resolution, steps and guidance. What a model has not got is missing.

    `evidence` is what spoke for them, as far as known: likeness (0 to 1), mean_stars, votes, rank in words, cost_micro_usd. `at` is UTC.
    """

    id: int
    kind: RunKind
    settings: Mapping[str, Any]
    sweep: str | None
    run_id: str | None
    evidence: Mapping[str, Any] = field(default_factory=dict)
    note: str
    person: str
    at: str

    @property
    def is_built_in(self) -> bool:
        """True for the row that says that the built-in settings are used: it keeps none of its own."""
        return not self.settings


def make(
    place: Place,
    kind: RunKind,
    settings: Mapping[str, Any],
    by: Person,
    *,
    sweep: str | None = None,
    run_id: str | None = None,
    evidence: Mapping[str, Any] | None = None,
    note: str = "",
) -> Preset:
    """Set the settings that support begins with from now on; pressed again for the same ones, it is the preset that stands.

    It takes the role `admin`, as it changes what everybody makes and pays by default. Raises NotAllowed, BadParameter for a setting that
    presets of this kind do not have or an overlong note, and what settings are refused for that cannot be bought now.
    """
    check(by, Role.ADMIN)
    if unknown := sorted(settings.keys() - set(NAMES[kind])):
        raise BadParameter(f"A preset of {kind.value}s has no setting named {unknown[0]}.", next=f"It has: {', '.join(NAMES[kind])}.")
    if len(note) > LONGEST_NOTE:
        raise BadParameter(f"A note has at most {LONGEST_NOTE:,} characters.", next="Write it shorter.")
    kept = _kept(_resolved(place, kind, settings), kind)
    with place.database.writing() as tx:
        now_set = newest(tx, kind)
        if now_set is not None and (now_set.settings, now_set.sweep, now_set.run_id) == (kept, sweep, run_id):
            return now_set
        return _append(tx, kind, kept, by, sweep=sweep, run_id=run_id, evidence=evidence or {}, note=note.strip())


def current(where: Place | Connection, kind: RunKind) -> Preset | None:
    """Return the preset that is set, whether or not it can be used now; None before the first one and where the built-in settings were chosen."""
    found = newest(where, kind)
    return found if found is not None and not found.is_built_in else None


def newest(where: Place | Connection, kind: RunKind) -> Preset | None:
    """Return what was chosen last, the built-in settings included; None before the first time."""
    if isinstance(where, Place):
        with where.database.reading() as db:
            return newest(db, kind)
    row = where.execute("SELECT * FROM presets WHERE kind = ? ORDER BY id DESC LIMIT 1", (kind.value,)).fetchone()
    return _preset(row) if row else None


def history(place: Place, kind: RunKind, limit: int = 20) -> tuple[Preset, ...]:
    """Return the presets that were set, the one that is set now first."""
    with place.database.reading() as db:
        rows = db.execute("SELECT * FROM presets WHERE kind = ? ORDER BY id DESC LIMIT ?", (kind.value, limit))
        return tuple(_preset(row) for row in rows)


def go_back(place: Place, kind: RunKind, by: Person, *, leaving: int) -> Preset:
    """Set again, as a copy, what was set before the preset that the screen showed as `leaving`; pressed twice, it goes back once.

    Raises NotAllowed, NotNow when there was none before, and OutOfDate when somebody set another one meanwhile.
    """
    check(by, Role.ADMIN)
    with place.database.writing() as tx:
        rows = tx.execute("SELECT * FROM presets WHERE kind = ? AND id <= ? ORDER BY id DESC LIMIT 2", (kind.value, leaving)).fetchall()
        left, before = ([*(_preset(row) for row in rows), None, None])[:2]
        if left is None or left.id != leaving:
            raise OutOfDate
        if before is None:
            raise NotNow("There was no preset before this one.", next="Set another one from a sweep.")
        return _gone_back(tx, left, before, by)


def use_built_in(place: Place, kind: RunKind, by: Person) -> Preset | None:
    """Let support begin with the built-in settings from now on, by a new row; None where they are used already. Raises NotAllowed."""
    check(by, Role.ADMIN)
    with place.database.writing() as tx:
        if current(tx, kind) is None:
            return None
        return _append(tx, kind, {}, by, sweep=None, run_id=None, evidence={}, note=BUILT_IN)


def before(db: Connection, preset: Preset) -> Preset | None:
    """Return what was chosen before a preset, the built-in settings included; None when it was the first."""
    row = db.execute("SELECT * FROM presets WHERE kind = ? AND id < ? ORDER BY id DESC LIMIT 1", (preset.kind.value, preset.id)).fetchone()
    return _preset(row) if row else None


def set_again(tx: Connection, preset: Preset | None, kind: RunKind, by: Person) -> Preset:
    """Set a preset again as a copy, the built-in settings for None, within a change that has begun."""
    if preset is None or preset.is_built_in:
        return _append(tx, kind, {}, by, sweep=None, run_id=None, evidence={}, note=BUILT_IN)
    kept = {name: value for name, value in asdict(preset).items() if name in ("sweep", "run_id", "evidence")}
    return _append(tx, kind, preset.settings, by, **kept, note=f"Undone: preset {preset.id}, set by {preset.person}, is used again.")


def wish(place: Place, kind: RunKind) -> AvatarWish | ClipWish:
    """Return the wish that support begins with: the preset's, or the built-in one while none is set or it cannot be used."""
    with place.database.reading() as db:
        found = usable(place, db, kind)
    return wish_of(found) if found else WISHES[kind]()


def avatar_wish(place: Place) -> AvatarWish:
    """Return the avatar that support begins with."""
    found = wish(place, RunKind.AVATAR)
    assert isinstance(found, AvatarWish)  # noqa: S101 - for the type checker
    return found


def clip_wish(place: Place) -> ClipWish:
    """Return the clip that support begins with."""
    found = wish(place, RunKind.CLIP)
    assert isinstance(found, ClipWish)  # noqa: S101 - for the type checker
    return found


def usable(place: Place, db: Connection, kind: RunKind) -> Preset | None:
    """Return the preset that is set if it can be bought now, within a read that has begun."""
    found = current(db, kind)
    return found if found is not None and _refusal(place, found) is None else None


def wish_of(preset: Preset) -> AvatarWish | ClipWish:
    """Return the wish of a preset; its seed is left to chance."""
    return _wish(preset.kind, preset.settings)


def settings_of(preset: Preset) -> dict[str, Any]:
    """Return a preset as a run's settings are kept: model, style or motion, prompt, parameters."""
    style = "style" if preset.kind is RunKind.AVATAR else "motion"
    words = {"model": preset.settings["model"], "style": preset.settings.get(style, FREE), "prompt": preset.settings.get("prompt") or ""}
    return {**words, "parameters": {name: value for name, value in preset.settings.items() if name not in (style, "prompt", "model")}}


def troubles(place: Place, preset: Preset) -> tuple[str, ...]:
    """Say what is no longer as it was when a preset was set, in plain sentences; nothing when all is well.

    Prices are those of a picture of 1024 × 1024 px, from the catalogue's dated prices of both days.
    """
    refusal = _refusal(place, preset)
    why = [] if refusal is None else [f"{refusal.say} So this preset is not used now: the built-in settings are."]
    return (*why, *_newer_style(place, preset), *_moved_price(place, preset))


def price_then_and_now(place: Place, preset: Preset) -> tuple[int, int] | None:
    """Return what one picture or clip cost on the day the preset was set and costs today, in micro-dollars; None where either is not known."""
    try:
        resolved = _resolved(place, preset.kind, preset.settings)
        model = place.catalogue.find(resolved.settings["model"])
        given = {parameter.field: resolved.settings["parameters"][name] for name, parameter in model.parameters.items()}
        days = (moment(preset.at).date(), datetime.now(UTC).date())
        then, today = (quote(model, {**model.fixed, **given}, width_px=PRICED_PX, height_px=PRICED_PX, on=day).micro_usd for day in days)
    except StudioError:
        return None
    return then, today


def _refusal(place: Place, preset: Preset) -> StudioError | None:
    """Return why a preset cannot be bought now: its model or style is gone, or a setting lies outside the model's limits."""
    try:
        _resolved(place, preset.kind, preset.settings)
    except StudioError as error:
        return error
    return None


def _newer_style(place: Place, preset: Preset) -> tuple[str, ...]:
    name, _, version = str(_style_of(preset)).partition("@")
    purpose = "avatar" if preset.kind is RunKind.AVATAR else "motion"
    try:
        newest = find_style(place.styles, name, purpose)
    except StudioError:
        return ()
    if not version.isdecimal() or len(version) > LONGEST_VERSION or newest.version <= int(version):
        return ()
    return (f"The style {newest.title} has a newer version: {newest.version} instead of {version}.",)


def _moved_price(place: Place, preset: Preset) -> tuple[str, ...]:
    found = price_then_and_now(place, preset)
    if found is None or found[0] == found[1]:
        return ()
    what = "picture" if preset.kind is RunKind.AVATAR else "clip"
    return (f"Its price has moved: a {what} costs {dollars(found[1])} instead of {dollars(found[0])}.",)


def _style_of(preset: Preset) -> str:
    return str(preset.settings.get("style" if preset.kind is RunKind.AVATAR else "motion", FREE))


def _resolved(place: Place, kind: RunKind, settings: Mapping[str, Any]) -> Resolved:
    """Decide every value; the seed stands for any."""
    found = _wish(kind, settings)
    if isinstance(found, AvatarWish):
        return resolve_avatar(place.catalogue, place.styles, found)
    return resolve_clip(place.catalogue, place.styles, found)


def _wish(kind: RunKind, settings: Mapping[str, Any]) -> AvatarWish | ClipWish:
    known = {one.name for one in fields(WISHES[kind])}
    given = {name: value for name, value in settings.items() if name in known and value is not None}
    style = "style" if kind is RunKind.AVATAR else "motion"
    if given.get(style) == FREE:
        given = {**given, style: getattr(WISHES[kind], style), "prompt": given.get("prompt", "")}
    elif style in given:
        given.pop("prompt", None)
    return WISHES[kind](**given)


def _kept(resolved: Resolved, kind: RunKind) -> dict[str, Any]:
    """Write every value down, so that a preset means the same after a default has changed."""
    whole = resolved.settings
    style = "style" if kind is RunKind.AVATAR else "motion"
    words = {style: whole["style"], "prompt": whole["prompt"] if whole["style"] == FREE else None, "model": whole["model"]}
    return {**words, **{name: value for name, value in whole["parameters"].items() if name in NAMES[kind]}}


def _gone_back(tx: Connection, left: Preset, before: Preset, by: Person) -> Preset:
    set_now = newest(tx, left.kind)
    assert set_now is not None  # noqa: S101 - `left` is one
    told = f"Returned to preset {before.id}, set by {before.person}."
    if set_now.id == left.id:
        kept = {name: value for name, value in asdict(before).items() if name in ("sweep", "run_id", "evidence")}
        return _append(tx, left.kind, before.settings, by, **kept, note=told)
    after = tx.execute("SELECT id FROM presets WHERE kind = ? AND id > ? ORDER BY id LIMIT 1", (left.kind.value, left.id)).fetchone()
    if after["id"] != set_now.id or (set_now.settings, set_now.note, set_now.person) != (before.settings, told, by.name):
        raise OutOfDate("Another preset was set meanwhile.", next="Look at it first.")
    return set_now


def _append(
    tx: Connection,
    kind: RunKind,
    settings: Mapping[str, Any],
    by: Person,
    *,
    sweep: str | None,
    run_id: str | None,
    evidence: Mapping[str, Any],
    note: str,
) -> Preset:
    row = {"kind": kind.value, "settings": json.dumps(dict(settings)), "sweep": sweep, "run_id": run_id, "evidence": json.dumps(dict(evidence))}
    insert(tx, "presets", {**row, "note": note, "person": by.name, "at": now()})
    return _preset(tx.execute("SELECT * FROM presets WHERE id = last_insert_rowid()").fetchone())


def _preset(row: Row) -> Preset:
    values = {one.name: row[one.name] for one in fields(Preset)}
    return Preset(**{**values, "kind": RunKind(row["kind"]), "settings": json.loads(row["settings"]), "evidence": json.loads(row["evidence"])})
