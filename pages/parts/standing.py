"""What a file of the library is called, how it stands in words, and why something cannot be done to it."""

from collections.abc import Mapping
from typing import Any

from pages.parts import pieces
from pages.parts.pieces import STANDINGS
from pipeline import assets, cases
from pipeline.records import STUDIO_SCOPE, Asset, AssetKind, Case, Decision, Person, Role
from pipeline.studio.downloads import WORDS
from pipeline.studio.library import Item
from pipeline.studio.place import Place
from pipeline.studio.run_standing import RunStanding, of_file

Badge = tuple[str, str, str]
MAY_NOT = "Your role does not allow deciding."
OF_A_SWEEP = "It is a cell of a sweep, no attempt of the case."
REPLACED = "It was made from a photo or an avatar that was replaced."


def standing(item: Item) -> Badge:
    """Return symbol, words and look of how a file stands."""
    if item.asset.removed_at is not None:
        return "delete", "Removed", "quiet"
    if item.sweep is not None:
        return "grid_view", "Of a sweep", "quiet"
    if item.asset.scope == STUDIO_SCOPE:
        return "photo_library", "Test photo", "quiet"
    if item.asset.kind is AssetKind.PHOTO:
        return ("task_alt", "Current photo", "good") if item.current else STANDINGS[RunStanding.REPLACED]
    return STANDINGS[of_file(item.decision, current=item.current, fitting=item.fitting)]


def named(asset: Asset, case: Case) -> str:
    """Name a file by what it is and whose; a very long name is cut."""
    return f"{WORDS[asset.kind].capitalize()} of {pieces.short(case.name)}"


def named_file(there: Place, scope: str, sha256: str) -> str:
    """Name a file by its case and hash; raises UnknownName."""
    with there.database.reading() as db:
        asset, case = assets.get(db, scope, sha256), cases.look_up(db, scope)
    return named(asset, case) if case else WORDS[asset.kind].capitalize()


def likeness_in_words(likeness: Mapping[str, Any] | None) -> str | None:
    """Say how much an avatar resembles its photo; None for what is no avatar."""
    if likeness is None:
        return None
    band = str(likeness["band"]).replace("_", " ")
    return band if likeness["score"] is None else f"{likeness['score']:.2f} {band}"


def not_deciding(person: Person) -> str | None:
    """Say why this person cannot decide; None when they can."""
    return None if Role.APPROVE in person.roles else MAY_NOT


def not_approving(item: Item, person: Person) -> str | None:
    """Say why this person cannot approve this now; None when they can."""
    if not_deciding(person):
        return MAY_NOT
    if item.sweep is not None:
        return OF_A_SWEEP
    if item.decision is Decision.APPROVED and item.current:
        return "It is approved already."
    return None if item.fitting else REPLACED


def not_starring(person: Person) -> str | None:
    """Say why this person cannot star; None when they can."""
    return None if {Role.MAKE, Role.APPROVE} & person.roles else "Your role does not allow starring."
