"""What support writes to the customer: ready to copy, in plain text, saying only what is true of the case now."""

import unicodedata
from dataclasses import dataclass

from pipeline import cases, runs
from pipeline.database import Connection
from pipeline.errors import Fault, UnknownName
from pipeline.publishing import publications
from pipeline.publishing.reach import is_public_address
from pipeline.records import AssetKind, Case, Plan, Run, RunKind, RunState
from pipeline.studio.place import Place

LONGEST_GREETING = 80
LINK = "[The link joins here after publishing.]"
CLOSED_LINK = "[The link joins here once customers can open it.]"
PHOTO_RULES = (
    "facing the camera or turned a little",
    "in good light and sharp",
    "close enough that the faces fill about a third of the picture",
    "without sunglasses",
)


@dataclass(frozen=True, kw_only=True)
class Reply:
    """A letter to the customer. While it needs a link that is not there or that customers cannot open, `why_not` says so and `remedy` what to do."""

    text: str
    why_not: str = ""
    remedy: str = ""

    @property
    def ready(self) -> bool:
        """True when it can be sent as it is."""
        return not self.why_not


@dataclass(frozen=True, kw_only=True)
class _Link:
    """The address a letter names, else a note in square brackets, with why and what to do."""

    words: str
    why_not: str = ""
    remedy: str = ""


NOT_PUBLISHED = _Link(words=LINK, why_not="There is no link yet: guests do not see what is approved.", remedy="Publish it first.")
OF_SANDBOX = _Link(
    words=CLOSED_LINK, why_not="The link leads to a stand-in of the sandbox, which no customer should see.", remedy="Make the portrait in live mode."
)
NOT_OPEN = _Link(
    words=CLOSED_LINK,
    why_not="Customers cannot open the link: its address leads to this computer or this network only.",
    remedy="An engineer sets the studio’s public address (STUDIO_PUBLIC_URL) or a public store (STUDIO_STORE); the link follows by itself.",
)


def reply(place: Place, case_id: str) -> Reply:
    """Return what to write to the customer of a case now; raises UnknownName when there is no such case."""
    with place.database.reading() as db:
        db.execute("BEGIN")
        case = cases.look_up(db, case_id)
        if case is None:
            raise UnknownName("There is no such case.", next="Search for it by name, case id or owner id.")
        return write(place, db, case)


def write(place: Place, db: Connection, case: Case) -> Reply:
    """Return what to write about a case within a read that has begun."""
    asked = runs.newest(db, 50, case_id=case.id, cells=False)
    link = _link(place, db, case)
    body = _body(case, link.words, next((run for run in asked if run.photo_version == case.photo_version), None))
    text = "\n\n".join((_greeting(case), body, "With kind regards"))
    return Reply(text=text, why_not=link.why_not, remedy=link.remedy) if link.words in body else Reply(text=text)


def _greeting(case: Case) -> str:
    """Greet by the case's name, cut where people would stop reading; a case that is only an id has no name."""
    name = " ".join("".join(letter for letter in case.name if unicodedata.category(letter) != "Cc" or letter.isspace()).split())
    if not name or case.name == case.id:
        return "Hello,"
    return f"Hello {name if len(name) <= LONGEST_GREETING else name[:LONGEST_GREETING].rstrip() + '…'},"


def _link(place: Place, db: Connection, case: Case) -> _Link:
    """Return where customers see what is approved now, or why they do not."""
    live = publications.live(db, case.id)
    shown = live.get(AssetKind.CLIP) if case.clip else live.get(AssetKind.AVATAR)
    if shown is None or shown.asset not in (case.clip, case.avatar):
        return NOT_PUBLISHED
    if place.settings.is_sandbox:
        return OF_SANDBOX
    return _Link(words=shown.url) if is_public_address(shown.url) else NOT_OPEN


def _body(case: Case, link: str, newest: Run | None) -> str:
    if case.plan is not Plan.PREMIUM:
        return "Living portraits are part of the premium plan. As soon as your invitation is upgraded, we will gladly make yours."
    if case.clip is not None:
        return (
            f"Your living portrait is ready: we turned your photo into an animated portrait that moves softly in a loop. You can see it here:\n{link}"
        )
    if case.photo is None:
        return f"For your living portrait we need a photo of you. {_wanted()}"
    if newest is not None and _needs_another_photo(newest):
        return f"Unfortunately no portrait could be made from this photo. Could you send us another one? {_wanted()}"
    if case.avatar is not None:
        moving = newest is not None and newest.kind is RunKind.CLIP and not newest.ended
        more = "It is being brought to life now, and we will write again when it moves." if moving else "If you like it, we will bring it to life."
        return f"Your portrait is ready: we turned your photo into an illustration that is still you. You can see it here:\n{link}\n\n{more}"
    return "Thank you for your photo. We are working on your portrait and will write again as soon as it is ready."


def _wanted() -> str:
    return "A photo that works well shows everybody:\n" + "\n".join(f"- {rule}" for rule in PHOTO_RULES)


def _needs_another_photo(run: Run) -> bool:
    """Tell whether the newest attempt failed because of what the customer sent."""
    return run.kind is RunKind.AVATAR and run.state is RunState.FAILED and run.error is not None and run.error["fault"] == Fault.YOURS
