"""What the buttons and forms of Publish do. Publishing twice is the same publication, so a second press changes nothing."""

from pages.parts import farewell, ways, window
from pages.parts.here import me, place
from pages.parts.told import What
from pipeline.errors import NotNow, OutOfDate, StoreError
from pipeline.records import AssetKind
from pipeline.studio import casebook, publishing, restoring, reviews, withdrawing
from pipeline.studio.takedown_copies import Scope

MOST_AT_ONCE = 200
KINDS = {"all": (), "clip": (AssetKind.CLIP,)}


def _search(what: What) -> None:
    ways.go(ways.to("publish", q=what["q"].strip()[:200], show=window.which().value))


def _publish(what: What) -> None:
    publishing.publish(place(), what["case"], what["asset"], reviews.owner_of(place(), what["case"]), me())


def _publish_all(what: What) -> None:
    named = list(zip(what["cases"].split("\n"), what["assets"].split(","), strict=False))[:MOST_AT_ONCE]
    outcomes = publishing.publish_many(place(), named, me())
    failed = [one.error for one in outcomes if one.error]
    if failed:
        done = len(outcomes) - len(failed)
        raise NotNow(f"{done} of {len(outcomes)} were published. The first of the others: {failed[0].say}", next=failed[0].next_on_screen)


def _withdraw(what: What) -> None:
    if what["what"] not in KINDS:
        raise OutOfDate
    receipts = withdrawing.withdraw(place(), what["case"], reviews.owner_of(place(), what["case"]), me(), what["reason"], kinds=KINDS[what["what"]])
    if any(one.outcome != withdrawing.GONE for one in receipts):
        raise StoreError("Guests are shown it no longer, but the store did not let go of every file yet.", next="It is tried again by itself.")


def _restore(what: What) -> None:
    owner = reviews.owner_of(place(), what["case"])
    restoring.restore(place(), what["case"], what["asset"], owner, me())
    publishing.publish(place(), what["case"], what["asset"], owner, me())


def _take_down(what: What) -> None:
    if what["scope"] not in (Scope.CASE, Scope.CUSTOMER):
        raise OutOfDate
    case = casebook.look(place(), what["case"], me()).case
    receipt = farewell.take_down(case, Scope(what["scope"]), what["mark"], what["reason"])
    ways.go(ways.to("publish", case=case.id, receipt=receipt.id))


ACTIONS = {"search": _search, "publish": _publish, "publish-all": _publish_all, "withdraw": _withdraw, "restore": _restore, "take-down": _take_down}
