"""Two pictures compared: one over the other with a slider, or side by side with one zoom for both."""

from pages.parts import pieces
from pages.parts.markup import Html, tag
from pipeline.records import Asset

VIEWS = (("slider", "Slider"), ("beside", "Side by side"))


def pair(id_: str, left: tuple[str, Asset], right: tuple[str, Asset], *, first: str = "slider", right_id: str | None = None) -> Html:
    """Compare two named pictures; `first` is the view one sees first, `right_id` names the right one in it."""
    group = f"{id_}-view"
    switches = [_switch(group, name, words, name == first) for name, words in VIEWS]
    zoom = tag(
        "button", pieces.icon("zoom_in"), type="button", class_="quiet", data_zoom_by=True, aria_label="Zoom in", title="Zoom (or double-click)"
    )
    bar = tag("div", tag("div", *switches, class_="choices plain", role="radiogroup", aria_label="How to compare"), zoom, class_="pair-bar")
    return tag("div", bar, _slider(left, right, right_id), _beside(left, right), class_="pair", id=id_, data_zoom=True)


def _switch(group: str, name: str, words: str, chosen: bool) -> Html:
    return tag("label", tag("input", type="radio", name=group, value=name, checked=chosen, class_=f"view-{name}"), words)


def _slider(left: tuple[str, Asset], right: tuple[str, Asset], right_id: str | None) -> Html:
    under = tag("span", pieces.picture(left[1], left[0], lazy=True), class_="layer")
    over = tag("span", pieces.picture(right[1], right[0], id_=right_id, lazy=True), class_="layer over")
    label = f"Before and after: how much of the {left[0].lower()} is shown, in percent"
    handle = tag("input", type="range", min=0, max=100, value=50, aria_label=label, data_slides=True)
    names = (tag("span", left[0], class_="name left", aria_hidden="true"), tag("span", right[0], class_="name right", aria_hidden="true"))
    return tag("div", under, over, handle, *names, class_="slid zoomed", data_slid=True)


def _beside(left: tuple[str, Asset], right: tuple[str, Asset]) -> Html:
    return tag("div", *(_figure(name, asset) for name, asset in (left, right)), class_="beside")


def _figure(name: str, asset: Asset) -> Html:
    return tag("figure", tag("div", pieces.picture(asset, name, lazy=True), class_="zoomed"), tag("figcaption", name))
