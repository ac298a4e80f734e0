"""The hero of an invitation: the markup a developer pastes, and the script published beside the media that brings it to life."""

import hashlib
from dataclasses import dataclass
from functools import cache
from html import escape
from pathlib import Path

_SCRIPT = Path(__file__).with_name("hero.js")
_COVER = "display:block;width:100%;height:auto;object-fit:cover"
_Attributes = dict[str, str | int | bool | None]
_EMPTY = "background:linear-gradient(160deg,#efe7de,#cdbab2)"


@dataclass(frozen=True, kw_only=True)
class Hero:
    """Where the pictures of one invitation are, None for what there is not; width and height are those of the box they fill."""

    alt: str
    clip: str | None = None
    poster: str | None = None
    avatar: str | None = None
    photo: str | None = None
    width_px: int = 720
    height_px: int = 720

    @property
    def first_picture(self) -> str | None:
        """The picture a guest sees before any script has run: the clip's poster, else the avatar, else the photo."""
        return (self.poster if self.clip else None) or self.avatar or self.photo


def snippet(hero: Hero, script_address: str, *, styled: bool = True) -> str:
    """Return what a developer pastes where the hero stands; without its script it is a still picture.

    Its style attributes keep the place free before the picture arrives. A page whose content security policy forbids them takes
    `styled=False` and gives `.living-portrait img` the same in its own style sheet: a block of full width, in the box's proportion.
    """
    inside = [part for part in (_picture(hero, styled=styled), _video(hero, styled=styled)) if part]
    figure = _tag("figure", **{"class": "living-portrait"}, data_living_portrait=True, **_told(hero), **_frame(hero, styled=styled))
    script = _tag("script", src=script_address, **{"async": True}) + "</script>"
    return "\n".join([figure, *(f"  {part}" for part in inside), "</figure>", script]) + "\n"


def head(hero: Hero) -> str:
    """Return the line for the head of the page that fetches the first picture at once; empty when there is no picture."""
    if not hero.first_picture:
        return ""
    return _tag("link", rel="preload", **{"as": "image"}, href=hero.first_picture, fetchpriority="high") + "\n"


@cache
def script() -> bytes:
    """Return the script as it is published, at most 6,000 bytes of UTF-8."""
    return _SCRIPT.read_bytes()


def script_key() -> str:
    """Return the name under which the script is published: other bytes have another name.

    >>> script_key().startswith("scripts/living-portrait-") and script_key().endswith(".js")
    True
    """
    return f"scripts/living-portrait-{hashlib.sha256(script()).hexdigest()[:12]}.js"


def _told(hero: Hero) -> dict[str, str | None]:
    labels = {"data_play": "Play", "data_pause": "Pause"} if hero.clip else {}
    return {"data_clip": hero.clip, "data_avatar": hero.avatar, "data_photo": hero.photo, **labels}


def _frame(hero: Hero, *, styled: bool) -> dict[str, str | None]:
    """A hero without any picture still has its place, its colour and its words."""
    if hero.first_picture:
        return {"style": "margin:0" if styled else None}
    style = f"margin:0;aspect-ratio:{hero.width_px}/{hero.height_px};{_EMPTY}"
    words: dict[str, str | None] = {} if hero.clip else {"role": "img", "aria_label": hero.alt}
    return {**words, "style": style if styled else None}


def _picture(hero: Hero, *, styled: bool) -> str:
    if not hero.first_picture:
        return ""
    style = f"{_COVER};aspect-ratio:{hero.width_px}/{hero.height_px}" if styled else None
    return _tag("img", src=hero.first_picture, alt=hero.alt, width=hero.width_px, height=hero.height_px, fetchpriority="high", style=style)


def _video(hero: Hero, *, styled: bool) -> str:
    """The clip's place: it names no address to load, so that nothing is fetched before the script has looked at connection and wishes."""
    if not hero.clip:
        return ""
    plays: _Attributes = {"muted": True, "loop": True, "playsinline": True, "preload": "metadata", "x5_video_player_type": "h5"}
    box: _Attributes = {"poster": hero.poster, "width": hero.width_px, "height": hero.height_px}
    words: _Attributes = {"aria_hidden": "true"} if hero.first_picture else {"aria_label": hero.alt}
    return _tag("video", **plays, **box, **words, hidden=True, style="display:none" if styled else None) + "</video>"


def _tag(name: str, **attributes: str | int | bool | None) -> str:
    """Return an opening tag; None leaves an attribute out, True writes it without a value, and every value is escaped."""
    given = ((key.replace("_", "-"), value) for key, value in attributes.items() if value is not None)
    written = (key if value is True else f'{key}="{escape(str(value))}"' for key, value in given)
    return f"<{' '.join([name, *written])}>"
