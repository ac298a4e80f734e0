"""The guest preview: a phone and a wide screen with the real markup and script, and switches for what guests may be in."""

from dataclasses import replace
from urllib.parse import urlencode

import streamlit as st
from anyio.to_thread import run_sync
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from pages.parts import daylinks, pieces, ways
from pages.parts.here import place
from pages.parts.markup import Html, tag
from pages.parts.pieces import icon
from pipeline.errors import AccessError, StudioError
from pipeline.guest.hero import Hero, script_key
from pipeline.guest.preview import Conditions, Connection, page, verdict
from pipeline.records import AssetKind, Person, Role
from pipeline.studio import shopwindow
from pipeline.studio.shopwindow import Showcase

POLICY = (
    "default-src 'none'; script-src 'self' 'unsafe-inline'; style-src 'unsafe-inline';"
    " img-src 'self' data: https: http:; media-src 'self' data: https: http:; frame-ancestors 'self'"
)
HEADERS = {"cache-control": "no-store", "content-security-policy": POLICY, "referrer-policy": "no-referrer", "x-content-type-options": "nosniff"}
LOOKING = Person(name="the guest preview", roles=frozenset({Role.VIEW}))
SWITCHES = {
    "calm": ("reduced_motion", "Less motion"),
    "refused": ("autoplay_refused", "Autoplay refused"),
    "noclip": ("clip_missing", "Clip missing"),
    "noavatar": ("avatar_missing", "Avatar missing"),
    "nophoto": ("photo_missing", "Photo missing"),
    "below": ("off_screen", "Off screen"),
}
CONNECTIONS = {Connection.FAST: "Fast", Connection.THREE_G: "3G", Connection.NONE: "None"}


def section(seen: Showcase) -> Html:
    """Draw the preview with its switches, and say what the guest gets and why."""
    asked = st.query_params.to_dict()
    conditions = conditions_of(asked)
    wide = asked.get("wide") == "1"
    token = daylinks.sign("guest", seen.line.case.id)
    mark = "".join(one.sha256[:8] for one in seen.line.live.values())
    query = urlencode({**{name: asked[name] for name in (*SWITCHES, "net") if name in asked}, "of": mark or "approved"})
    frame = tag(
        "iframe", src=f"/guest/{token}?{query}", title="Guest preview", loading="lazy", sandbox="allow-scripts allow-same-origin", id="guest-frame"
    )
    note = None if seen.line.live else tag("p", icon("info"), tag("span", "Not published yet: this is how guests would see it."), class_="advice")
    said = tag("p", verdict(hero_of(seen), conditions), role="status", class_="verdict-line")
    device = tag("div", frame, class_="device wide" if wide else "device phone")
    return tag("section", tag("h2", "Guest preview"), _switches(seen, conditions, wide), note, said, device, class_="card stack tight", id="preview")


def conditions_of(asked: dict[str, str]) -> Conditions:
    """Return the conditions that an address names."""
    known = Connection(asked["net"]) if asked.get("net") in set(Connection) else Connection.FAST
    return replace(Conditions(connection=known), **{name: asked.get(short) == "1" for short, (name, _) in SWITCHES.items()})


async def guest(request: Request) -> Response:
    """Answer with the preview of a case for the bearer of a signed link, 403 for a link that is not valid, 404 for a case that is gone."""
    try:
        (case_id,) = daylinks.read("guest", request.path_params["token"])
        seen = await run_sync(lambda: shopwindow.look(place(), case_id, LOOKING))
    except (AccessError, ValueError):
        return Response(status_code=403)
    except StudioError:
        return Response(status_code=404)
    shown = page(hero_of(seen), conditions_of(dict(request.query_params)), f"/p/{script_key()}")
    return HTMLResponse(shown, headers=HEADERS)


def hero_of(seen: Showcase) -> Hero:
    """Return what the preview shows: what guests see now, else what is approved, by signed links."""
    photo = pieces.address(seen.photo) if seen.photo else None
    live = live_hero(seen)
    if live is not None:
        return replace(_near(live), photo=photo)
    shown = {
        "clip": pieces.address(seen.clip) if seen.clip else None,
        "poster": pieces.address(seen.poster) if seen.clip and seen.poster else None,
        "avatar": pieces.address(seen.avatar) if seen.avatar else None,
    }
    size = seen.clip or seen.avatar
    return Hero(
        alt=seen.line.case.name,
        photo=photo,
        width_px=size.width_px or 720 if size else 720,
        height_px=size.height_px or 720 if size else 720,
        **shown,
    )


def live_hero(seen: Showcase) -> Hero | None:
    """Return what guests see by its public addresses; None while nothing is published. The photo is the invitation's own, so it is not named."""
    live = seen.line.live
    if not live:
        return None
    size = live.get(AssetKind.CLIP) or live[next(iter(live))]
    urls = {kind: one.url for kind, one in live.items()}
    return Hero(
        alt=seen.line.case.name,
        clip=urls.get(AssetKind.CLIP),
        poster=urls.get(AssetKind.POSTER),
        avatar=urls.get(AssetKind.AVATAR),
        width_px=size.width_px or 720,
        height_px=size.height_px or 720,
    )


def script_address(seen: Showcase) -> str:
    """Return where the one script lies beside what is published."""
    one = next(iter(seen.line.live.values()))
    return f"{one.url.removesuffix('/' + one.key)}/{place().storefront.prefix}{script_key()}"


def _near(shown: Hero) -> Hero:
    """Read the studio's own public files from where this page comes from, whatever name the studio has outside."""
    address = place().storefront.address
    if place().settings.store != "folder":
        return shown
    near = {
        name: value.replace(address, "/p", 1) if value else None
        for name, value in (("clip", shown.clip), ("poster", shown.poster), ("avatar", shown.avatar))
    }
    return replace(shown, **near)


def _switches(seen: Showcase, conditions: Conditions, wide: bool) -> Html:
    asked = {name: value for name, value in st.query_params.to_dict().items() if name in (*SWITCHES, "net", "wide")}

    def switch(words: str, on: bool, **change: str | None) -> Html:
        query = {**asked, **change, "case": seen.line.case.id}
        return tag("a", words, href=ways.to("publish", **query), data_go=True, role="button", aria_pressed="true" if on else "false", class_="switch")

    nets = [switch(words, conditions.connection is one, net=None if one is Connection.FAST else one.value) for one, words in CONNECTIONS.items()]
    others = [
        switch(words, getattr(conditions, name), **{short: None if getattr(conditions, name) else "1"}) for short, (name, words) in SWITCHES.items()
    ]
    screens = [switch("Phone", not wide, wide=None), switch("Wide", wide, wide="1")]

    def group(name: str, chips: list[Html]) -> Html:
        return tag("div", tag("span", name, class_="small"), *chips, role="group", aria_label=name, class_="switch-row")

    return tag("div", group("Screen", screens), group("Connection", nets), group("What if", others), class_="switches")
