"""What the buttons and forms of the library do. Each names its file and what it should be, so pressing it twice is the same wish."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from urllib.parse import unquote

from pages.parts import bulk, filterbar, toasts, ways
from pages.parts.bulk import Going, Outcome
from pages.parts.comments import acts
from pages.parts.here import me, place
from pages.parts.standing import named_file
from pages.parts.told import What, decision_of, why_of
from pipeline import assets
from pipeline.errors import NotAllowed, NotNow, OutOfDate, StudioError
from pipeline.records import Asset, AssetKind, Decision, Role, new_id
from pipeline.studio import people, removal, reviews, stars
from pipeline.studio.filters import SHOWN
from pipeline.studio.many import Done
from pipeline.studio.removal import Dependents
from pipeline.wording import counted

Named = tuple[str, str]
MOST_AT_ONCE = 200


def _filter(what: What) -> None:
    ways.go(filterbar.read(what))


def _decide(what: What) -> None:
    reviews.owner_of(place(), what["scope"])
    toasts.decide(_asset(what["scope"], what["asset"]), decision_of(what), why_of(what))


def _star(what: What) -> None:
    if what["on"]:
        stars.star(place(), what["scope"], what["asset"], me())
    else:
        stars.unstar(place(), what["scope"], what["asset"], me())


def _ask_remove(what: What) -> None:
    _show_going([(what["scope"], what["asset"])])


def _bulk(what: What) -> None:
    chosen = list(_chosen(what["pick"]))
    if not chosen:
        raise NotNow("Nothing is selected.", next="Tick what this is about.")
    if len(chosen) > MOST_AT_ONCE:
        raise NotNow(f"At most {MOST_AT_ONCE} files go at once.", next="Select fewer.")
    BULK.get(what["bulk"], _out_of_date)(chosen, what)


def _approve_all(chosen: list[Named], _: What) -> None:
    # Of several avatars of a case the last one is in use afterwards: that shall be the newest.
    oldest_first = sorted(chosen, key=lambda one: _made_at(*one))
    _say("approved", toasts.decide_many(oldest_first, Decision.APPROVED))


def _reject_all(chosen: list[Named], what: What) -> None:
    _say("rejected", toasts.decide_many(chosen, Decision.REJECTED, why_of(what)))


def _star_all(chosen: list[Named], _: What) -> None:
    _say("starred", tuple(_tried(lambda at: stars.star(place(), *at, me()), one) for one in chosen))


def _publish_all(chosen: list[Named], _: What) -> None:
    _say("to be published", toasts.publish_many(chosen))


def _out_of_date(chosen: list[Named], _: What) -> None:
    raise NotNow(f"What to do with {counted(len(chosen), 'file')} was not said.", next=OutOfDate.next)


def _show_going(chosen: list[Named]) -> None:
    """Find out what would go with these, and show it; of several, those that cannot go are named."""
    people.check(me(), Role.APPROVE)
    found: list[tuple[Asset, Dependents]] = []
    if len(chosen) == 1:
        found.append(_with_dependents(chosen[0]))
    else:
        done = [_tried(lambda at: found.append(_with_dependents(at)), one) for one in chosen]
        if any(not one.ok for one in done):
            bulk.say(_outcome("can be removed", done))
    if found:
        bulk.show_going(Going(id=new_id("going-"), chosen=tuple(found)))


def _with_dependents(at: Named) -> tuple[Asset, Dependents]:
    return _asset(*at), removal.dependents(place(), *at)


def _remove(what: What) -> None:
    going = bulk.shown_going()
    if going is None or going.id != what["going"]:
        raise NotNow("What would go was not shown in this window.", next="Look at it first, then remove it.")
    # A photo first, then avatars, then clips: what goes with one that went before is not looked for again.
    chosen = sorted(going.chosen, key=lambda one: SHOWN_FIRST.get(one[0].kind, len(SHOWN)))
    if len(chosen) == 1:
        _remove_one(*chosen[0], what["reason"])
    else:
        marks = {(asset.scope, asset.sha256): whole for asset, whole in chosen}
        done = tuple(_tried(lambda at: _remove_one(_asset(*at), marks[at], what["reason"]), one) for one in marks)
        _say("removed", done)
    bulk.keep()


def _remove_one(asset: Asset, shown: Dependents, reason: str) -> None:
    removal.remove(place(), asset.scope, asset.sha256, shown.case.owner, me(), reason, expected=shown.mark)


def _tried(act: Callable[[Named], object], one: Named) -> Done:
    """Do something with one file; what cannot be done says why, and the others go on."""
    try:
        act(one)
    except NotAllowed:
        raise
    except StudioError as error:
        return Done(scope=one[0], sha256=one[1], why=error.say, next=error.next_on_screen)
    return Done(scope=one[0], sha256=one[1])


def _say(done_in_words: str, done: Sequence[Done]) -> None:
    bulk.say(_outcome(done_in_words, done))
    bulk.begin_anew()


def _outcome(done_in_words: str, done: Sequence[Done]) -> Outcome:
    missed = tuple((_name(one), one) for one in done if not one.ok)
    files = counted(len(done), "file")
    return Outcome(words=f"{f'{len(done) - len(missed)} of ' if missed else ''}{files} {done_in_words}.", misses=missed)


def _name(one: Done) -> str:
    try:
        return named_file(place(), one.scope, one.sha256)
    except StudioError:
        return "A file that is not here"


def _chosen(picks: str) -> Iterable[Named]:
    """Yield what was ticked: the hash and the case's name, written so that neither holds a comma."""
    for pick in dict.fromkeys(picks.split(",")):
        sha256, slash, scope = pick.partition("/")
        if slash:
            yield unquote(scope), sha256


def _asset(scope: str, sha256: str) -> Asset:
    with place().database.reading() as db:
        return assets.get(db, scope, sha256)


def _made_at(scope: str, sha256: str) -> str:
    try:
        return _asset(scope, sha256).created_at
    except StudioError:
        return ""


SHOWN_FIRST = {AssetKind.PHOTO: 0, AssetKind.AVATAR: 1, AssetKind.CLIP: 2}
BULK: Mapping[str, Callable[[list[Named], What], None]] = {
    "approve": _approve_all,
    "reject": _reject_all,
    "star": _star_all,
    "publish": _publish_all,
    "remove": lambda chosen, _: _show_going(chosen),
}
ACTIONS: Mapping[str, Callable[[What], object]] = {
    **acts.ACTIONS,
    "filter": _filter,
    "decide": _decide,
    "star": _star,
    "ask-remove": _ask_remove,
    "bulk": _bulk,
    "remove": _remove,
    "keep": lambda _: bulk.keep(),
    "forget": lambda _: bulk.forget(),
}
