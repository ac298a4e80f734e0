"""The sample portrait: the shipped photo, a case of its own, and ids that follow from what there is.

Whoever sees the same screen asks by the same id, so neither a second click nor a second tab buys again.
"""

from pipeline.records import Case, Person, Role
from pipeline.settings import SHIPPED
from pipeline.studio import photos, presets
from pipeline.studio.people import check
from pipeline.studio.place import Place
from pipeline.studio.portraits import Asked, ask_next_avatar

PHOTO = SHIPPED / "samples" / "astronaut.jpg"
NAME = "Sample portrait"
PREFIX = "sample-"


def ask_sample(place: Place, number: int, by: Person) -> Asked:
    """Open the sample's case of this number, counted from 1, and ask for its first avatar; raises like `ask_next_avatar`."""
    check(by, Role.MAKE)
    case_id = f"{PREFIX}{number:04d}"
    intake = photos.take_in(PHOTO.read_bytes(), PHOTO.name)
    with place.database.reading() as db:
        known = db.execute("SELECT owner FROM cases WHERE id = ?", (case_id,)).fetchone()
    case = photos.open_case(place, case_id, known["owner"] if known else by.name, by, name=NAME)
    return ask_again(place, photos.put_photo(place, case.id, case.owner, intake, by), 1, by)


def ask_again(place: Place, case: Case, number: int, by: Person) -> Asked:
    """Ask for the avatar of this number in a sample's case, as support begins and with a new seed; raises like `ask_next_avatar`."""
    return ask_next_avatar(place, case.id, case.owner, presets.avatar_wish(place), by, number)
