"""One file looked into: large, with where it comes from, what it led to, what it cost, what was said of it and what can be done."""

from collections.abc import Iterator

from pages.parts import evidence, forms, judging, pieces, sweepline, ways
from pages.parts.here import me
from pages.parts.judging import BANDS, LIMITS, reasons
from pages.parts.markup import Child, Html, tag
from pages.parts.pair import pair
from pages.parts.pieces import button, icon
from pages.parts.standing import OF_A_SWEEP, likeness_in_words, named, not_approving, not_deciding, not_starring, standing
from pipeline.records import STUDIO_SCOPE, Asset, AssetKind, Decision, RunKind, dollars
from pipeline.studio.details import Details, Relative
from pipeline.studio.downloads import WORDS
from pipeline.studio.library import Item

FILMS = (AssetKind.CLIP, AssetKind.RAW_CLIP)


def draw(seen: Details | None, before: str | None, after: str | None, *, close: str, talked: Html | None = None) -> Html:
    """Draw the drawer; `before` and `after` are the addresses of its neighbours, `close` is the wall's, `talked` the way to its comments."""
    id_ = f"drawer-{seen.asset.sha256[:12]}" if seen else "drawer-lost"
    around = tag(
        "nav",
        _step("chevron_left", "Previous file", before),
        _step("chevron_right", "Next file", after),
        _step("close", "Close", close),
        aria_label="Files",
    )
    title = tag("h2", WORDS[seen.asset.kind].capitalize() if seen else "Nothing here", tabindex=-1, data_autofocus=True)
    body = _lost(close) if seen is None else _gone(seen, close, talked) if seen.removed else _whole(seen, talked)
    return tag("aside", tag("div", title, around, class_="drawer-head"), body, class_="card drawer", id=id_, aria_label="Details")


def _step(symbol: str, words: str, to: str | None) -> Html | None:
    return tag("a", icon(symbol), href=to, data_go=True, class_="step", aria_label=words, title=words) if to else None


def _friendly(symbol: str, title: str, words: str, *more: Html) -> Html:
    return tag("div", icon(symbol), tag("h3", title), tag("p", words), *more, class_="friendly")


def _lost(close: str) -> Html:
    words = "There is no such file, or it was kept in another mode."
    return _friendly("hide_image", "This file is not here", words, tag("a", "Back to the library", href=close, data_go=True))


def _gone(seen: Details, close: str, talked: Html | None) -> Html:
    """Say what happened to a file that was removed; what it cost and what was said of it stays."""
    gone = seen.removed
    assert gone is not None, "asked only of what was removed"  # noqa: S101 - for the type checker
    who = f"{gone.person or 'Somebody'} removed it {pieces.ago(gone.at)}, on {evidence.moment(gone.at)}."
    why = tag("p", "Reason: ", tag("span", gone.reason, dir="auto")) if gone.reason else None
    links = tag("p", _case_link(seen), " · ", tag("a", "Back to the library", href=close, data_go=True))
    said = _friendly("delete", f"This {WORDS[seen.asset.kind]} was removed", who, *filter(None, (why, links)))
    return tag("div", said, talked, _line(seen), evidence.judgements(seen), evidence.request(seen), evidence.ledger(seen), class_="stack")


def _whole(seen: Details, talked: Html | None) -> Html:
    return tag(
        "div",
        _large(seen),
        tag("div", tag("p", _case_link(seen), class_="of-case"), talked, class_="of-case-bar"),
        _acts(seen) if seen.item else None,
        _faces(seen),
        _facts(seen),
        _line(seen),
        evidence.files(seen),
        evidence.judgements(seen),
        evidence.request(seen),
        evidence.ledger(seen),
        class_="stack",
    )


def _case_link(seen: Details) -> Html:
    item = seen.item
    if item is None or item.run is None or item.sweep is None:
        return pieces.case_link(seen.case)
    return tag("span", sweepline.link(item.run.sweep, item.sweep), " on ", pieces.case_link(seen.case))


def _large(seen: Details) -> Html:
    alt = named(seen.asset, seen.case)
    if seen.asset.kind in FILMS:
        return tag("div", pieces.clip(seen.asset, seen.thumbnail, alt, id_=f"film-{seen.asset.sha256[:12]}"), class_="film")
    photo = next((one.asset for one in seen.made_from if one.asset.kind is AssetKind.CROP and one.asset.removed_at is None), None)
    if seen.asset.kind is AssetKind.AVATAR and photo is not None:
        return pair(f"pair-{seen.asset.sha256[:12]}", ("Photo", photo), ("Avatar", seen.asset))
    return tag("div", pieces.picture(seen.asset, alt, whole=True), class_="large")


def _acts(seen: Details) -> Html:
    item = seen.item
    assert item is not None, "asked only of what can be judged"  # noqa: S101 - for the type checker
    own, about = me(), {"scope": seen.asset.scope, "asset": seen.asset.sha256}
    verdicts = tuple(_judging(item, about, shown=seen.is_shown)) if item.run and item.sweep is None else ()
    star = button(
        "Starred" if item.starred else "Star",
        "star",
        symbol="star",
        key="s",
        on="" if item.starred else "yes",
        look="plain starred" if item.starred else "plain",
        off=not_starring(own),
        **about,
    )
    remove = button("Remove", "ask-remove", symbol="delete", look="quiet danger-quiet", off=not_deciding(own), **about)
    off = not_deciding(own) or (OF_A_SWEEP if item.sweep is not None else None)
    why = tag("p", icon("lock"), tag("span", off), class_="why") if off else None
    return tag(
        "div",
        pieces.badge(*standing(item)),
        forms.buttons(*verdicts, star),
        why,
        forms.buttons(_again(item), _publish(seen), remove),
        _reject(item, about),
        class_="verdict",
    )


def _publish(seen: Details) -> Html | None:
    """Lead from what is approved to where it is published."""
    item = seen.item
    if item is None or item.decision is not Decision.APPROVED or item.sweep is not None:
        return None
    words = "Guests see it" if seen.is_shown else "Publish"
    return tag("a", icon("public"), words, href=ways.to("publish", case=item.asset.scope), data_go=True, class_="linklike")


def _judging(item: Item, about: dict[str, str], *, shown: bool) -> Iterator[Html]:
    off = not_deciding(me())
    words = "Use this one" if item.decision is Decision.APPROVED and not item.current else "Approve"
    yield button(words, "decide", symbol="check", look="primary", key="a", decision="approved", off=not_approving(item, me()), **about)
    yield forms.opener("Reject", "reject-this", symbol="thumb_down", off=off, data_key="r")
    if item.decision in (Decision.APPROVED, Decision.REJECTED):
        yield judging.withdraw(item.decision, shown, off, key="w", **about)


def _reject(item: Item, about: dict[str, str]) -> Html | None:
    if item.run is None or item.sweep is not None:
        return None
    boxes = tag("fieldset", tag("legend", "Why?"), *(forms.tick(reason, "reason", reason) for reason in reasons(item.run.kind)))
    words = forms.field("In your words", "note", maxlength=500, placeholder="for whoever looks at this later")
    kept = tag("p", "It stays in the history, and can be approved later.", class_="small")
    decided = {**about, "decision": Decision.REJECTED.value}
    form = forms.form("decide", f"reject-form-{item.asset.sha256[:12]}", boxes, words, forms.buttons(forms.submit("Reject")), **decided)
    return forms.dialog("reject-this", f"Reject this {item.run.kind.value}", form, kept)


def _again(item: Item) -> Html | None:
    if item.run is None or item.case.id == STUDIO_SCOPE:
        return None
    to = ways.to("cases", case=item.case.id, again=item.run.id)
    return tag("a", icon("replay"), "Use these settings again", href=to, data_go=True, class_="linklike")


def _faces(seen: Details) -> Html | None:
    if not seen.faces or seen.item is None or seen.item.likeness is None:
        return None
    rows = [_face(number, dict(face)) for number, face in enumerate(seen.faces, 1)]
    meaning = BANDS.get(str(seen.item.likeness["band"]))
    words = tag("p", meaning, class_="small") if meaning else None
    more = tag("details", tag("summary", "What these numbers mean"), tag("p", LIMITS, class_="small"))
    return tag("section", tag("h3", "Likeness"), tag("ul", *rows, class_="faces", role="list"), words, more)


def _face(number: int, face: dict[str, object]) -> Html:
    distance, band = face["distance"], str(face["band"])
    name = tag("span", f"Face {number}")
    if not isinstance(distance, float):
        return tag("li", name, tag("span", f"Not measurable: {str(face['reason']).rstrip('.').lower()}.", class_="small"))
    score = min(max(1 - distance, 0.0), 1.0)
    values = {"aria_valuemin": 0, "aria_valuemax": 1, "aria_valuenow": round(score, 2)}
    bar = tag(
        "div", tag("i", style=f"--done:{round(100 * score)}%"), class_=f"bar {band}", role="meter", aria_label=f"Likeness of face {number}", **values
    )
    return tag("li", name, bar, tag("span", f"{score:.2f} {band.replace('_', ' ')}"))


def _facts(seen: Details) -> Html:
    rows = [tag("div", tag("dt", name), tag("dd", words, dir="auto")) for name, words in _told(seen) if words]
    return tag("section", tag("h3", "Facts"), tag("dl", *rows, class_="facts-list"))


def _told(seen: Details) -> Iterator[tuple[str, Child]]:
    asset, item = seen.asset, seen.item
    length = f"{asset.seconds:.1f} s · " if asset.seconds is not None else ""
    yield "File", f"{length}{asset.width_px} × {asset.height_px} px · {evidence.size(asset.bytes)}"
    yield "Made", evidence.moment(asset.created_at)
    yield "By", (item.person or "") if item else ""
    run = item.run if item else None
    if item is not None and run is not None:
        yield "Model", str(item.settings.get("model", ""))
        yield "Style" if run.kind is RunKind.AVATAR else "Motion", pieces.style_of(run)
        yield "Settings", ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in item.settings.get("parameters", {}).items())
        yield "Prompt", str(item.settings.get("prompt", ""))
        yield "Seed", str(seen.request.seed) if seen.request and seen.request.seed is not None else ""
        yield "Likeness", likeness_in_words(item.likeness)
        yield "Cost", dollars(item.cost_micro_usd)
        yield "Re-used", f"{item.reuses} times, free" if item.reuses > 1 else "once, free" if item.reuses else ""
    if seen.star is not None:
        yield "Starred", f"by {seen.star.person}, {pieces.ago(seen.star.at)}"


def _line(seen: Details) -> Html:
    """Draw the line from the photo to this file, and what was made of it."""
    before = [_relative(one) for one in seen.made_from]
    here = tag("li", _still(seen.asset, seen.thumbnail, current=True), class_="here", aria_current="true")
    of_it = [_relative(one) for one in seen.made_of_it]
    made = tag("div", tag("h3", "Made from it"), tag("ul", *of_it, class_="line-of", role="list")) if of_it else None
    return tag("section", tag("h3", "Where it comes from"), tag("ol", *before, here, class_="line-of come", role="list"), made)


def _relative(one: Relative) -> Html:
    to = ways.to("library", scope=one.asset.scope, asset=one.asset.sha256)
    return tag("li", tag("a", _still(one.asset, one.thumbnail, current=one.current), href=to, data_go=True))


def _still(asset: Asset, thumbnail: Asset | None, *, current: bool) -> Html:
    gone = asset.removed_at is not None
    shown = pieces.picture(thumbnail, "", lazy=True) if thumbnail else icon("delete" if gone else "movie")
    words = WORDS[asset.kind].capitalize()
    return tag(
        "span",
        tag("span", shown, class_="thumb"),
        tag("span", words, ", removed" if gone else "", class_="small"),
        class_="kin current" if current else "kin",
    )
