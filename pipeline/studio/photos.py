"""A photo comes in: checked, turned upright, cropped so that every face stays whole, kept, with friendly advice. Nothing is spent."""

import hashlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from pipeline import assets, cases
from pipeline.errors import BadParameter
from pipeline.identifiers import tidy_id
from pipeline.media.faces import faces_in, turn_with_faces
from pipeline.media.photos import Advice, Photo, advise, pixels_of, read_photo, square_crop
from pipeline.records import STUDIO_SCOPE, Asset, AssetKind, Case, Person, Plan, Role
from pipeline.studio import withdrawing
from pipeline.studio.people import check
from pipeline.studio.place import Place

REPLACED = "the photo was replaced"


@dataclass(frozen=True, kw_only=True)
class Intake:
    """A photo fit for the studio: as kept, as sent to a model, how many faces, and remarks that do not block.

    `turn` is by how many degrees clockwise it would have to be turned for a face to be found, where there is none; `turned` by how many it was.
    """

    photo: Photo
    crop: Photo
    faces: int
    advice: tuple[Advice, ...]
    name: str
    turn: int = 0
    turned: int = 0


def take_in(data: bytes, name: str, *, turn: int = 0) -> Intake:
    """Check and prepare a photo without keeping it, turned clockwise by 0, 90, 180 or 270 degrees if that is asked.

    Raises PhotoUnreadable, PhotoTooSmall, PhotoTooLarge.
    """
    photo = read_photo(data, name, turn=turn)
    pixels = pixels_of(photo)
    faces = faces_in(pixels)
    crop, remarks = square_crop(photo, faces, pixels), advise(photo, faces, pixels)
    better = 0 if faces or turn else turn_with_faces(pixels)
    return Intake(photo=photo, crop=crop, faces=len(faces), advice=remarks, name=name, turn=better, turned=turn)


def open_case(place: Place, case_id: str, owner: str, by: Person, *, name: str = "", plan: Plan = Plan.PREMIUM) -> Case:
    """Return the case of this owner, creating it when the id is new: ids are kept in their canonical form, whatever was pasted with them.

    Raises NotAllowed, BadParameter for an id that has no canonical form, WrongOwner when it belongs to somebody else.
    """
    check(by, Role.MAKE)
    if tidy_id(case_id) == STUDIO_SCOPE:
        raise BadParameter(f"The id {STUDIO_SCOPE!r} is the studio's own.", next="Give the case another id.")
    with place.database.writing() as tx:
        if cases.look_up(tx, case_id) is not None:
            return cases.get(tx, case_id, owner)
        return cases.create(tx, case_id=case_id, owner=owner, name=name or tidy_id(case_id), plan=plan, by=by)


def warn_of_look_alikes(place: Place, case: Case) -> str:
    """Say which cases have an id that looks like this one's at a glance; empty when none does."""
    with place.database.reading() as db:
        alike = cases.look_alikes(db, case.id)
    if not alike:
        return ""
    named = ", ".join(f"“{other.id}” ({other.name}, owner {other.owner})" for other in alike[:3])
    return f"The id “{case.id}” looks like that of another case: {named}. Make sure that this is the right one."


def put_photo(place: Place, case_id: str, owner: str, intake: Intake, by: Person, *, replace: bool = False) -> Case:
    """Keep a photo and make it the case's, with how many faces it shows and the advice about it as facts of the photo.

    What guests see of an older photo is withdrawn with it. Raises NotAllowed, WrongOwner, NotPremium, TakenDown for a photo that was taken down,
    and NotNow when another photo is there and `replace` was not said.
    """
    check(by, Role.MAKE)
    with place.database.reading() as db:
        case = cases.get(db, case_id, owner)
        case_id = case.id
        cases.check_premium(case)
        cases.check_photo(case, hashlib.sha256(intake.photo.data).hexdigest(), replace=replace)
        assets.check_wanted(db, case_id, [hashlib.sha256(one.data).hexdigest() for one in (intake.photo, intake.crop)])
    facts = {"faces": intake.faces, "advice": [asdict(remark) for remark in intake.advice], "note": intake.photo.note}
    photo = assets.put(place.store, intake.photo.data, _asset(case_id, AssetKind.PHOTO, intake.photo, facts=facts))
    crop = assets.put(place.store, intake.crop.data, _asset(case_id, AssetKind.CROP, intake.crop, parents=(photo.sha256,)))
    with assets.unless_taken_down(place.database, place.store, photo, crop), place.database.writing() as tx:
        assets.record(tx, photo)
        assets.record(tx, crop)
        changed = cases.put_photo(tx, case, photo=photo.sha256, crop=crop.sha256, replace=replace, by=by)
        going = withdrawing.end(tx, changed, by, REPLACED) if changed.photo_version != case.photo_version else ()
    if going:
        withdrawing.clear_after(place, case_id)
    return changed


def _asset(scope: str, kind: AssetKind, photo: Photo, parents: tuple[str, ...] = (), facts: Mapping[str, Any] | None = None) -> Asset:
    width_px, height_px = photo.width_px, photo.height_px
    return Asset(scope=scope, kind=kind, media_type=photo.media_type, width_px=width_px, height_px=height_px, parents=parents, facts=facts or {})
