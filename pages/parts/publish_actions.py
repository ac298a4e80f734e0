"""What the buttons and forms of Publish do. Publishing twice is the same publication, so a second press changes nothing."""

from pages.parts import farewell, toasts, ways, window
from pages.parts.here import me, place
from pages.parts.told import What
from pipeline.errors import NotNow, OutOfDate
from pipeline.records import AssetKind
from pipeline.studio import casebook, restoring, reviews
from pipeline.studio.takedown_copies import Scope

MOST_AT_ONCE = 200
KINDS: dict[str, tuple[AssetKind, ...]] = {"all": (), "clip": (AssetKind.CLIP,)}


def _search(what: What) -> None:
    ways.go(ways.to("publish", q=what["q"].strip()[:200], show=window.which().value))


def _publish(what: What) -> None:
    toasts.publish(what["case"], what["asset"])


def _publish_all(what: What) -> None:
    named = list(zip(what["cases"].split("\n"), what["assets"].split(","), strict=False))[:MOST_AT_ONCE]
    done = toasts.publish_many(named)
    failed = [one for one in done if not one.ok]
    if failed:
        raise NotNow(f"{len(done) - len(failed)} of {len(done)} are to be published. The first of the others: {failed[0].why}", next=failed[0].next)


def _withdraw(what: What) -> None:
    if what["what"] not in KINDS:
        raise OutOfDate
    toasts.unpublish(what["case"], what["reason"], KINDS[what["what"]])


def _restore(what: What) -> None:
    restoring.restore(place(), what["case"], what["asset"], reviews.owner_of(place(), what["case"]), me())
    toasts.publish(what["case"], what["asset"])


def _take_down(what: What) -> None:
    if what["scope"] not in (Scope.CASE, Scope.CUSTOMER):
        raise OutOfDate
    case = casebook.look(place(), what["case"], me()).case
    receipt = farewell.take_down(case, Scope(what["scope"]), what["mark"], what["reason"])
    ways.go(ways.to("publish", case=case.id, receipt=receipt.id))


ACTIONS = {"search": _search, "publish": _publish, "publish-all": _publish_all, "withdraw": _withdraw, "restore": _restore, "take-down": _take_down}
