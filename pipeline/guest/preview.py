"""The guest preview: a page that shows a hero under chosen conditions with the real script, and a sentence on what the guest then gets."""

import json
from dataclasses import dataclass, replace
from enum import StrEnum

from pipeline.guest.hero import Hero, head, snippet

# An address from which nothing arrives, and at which nobody is asked.
_DEAD = "data:,"
_NAMES = {"poster": "the poster", "avatar": "the avatar", "photo": "the photo"}
_PLACEHOLDER = "a quiet placeholder"


class Connection(StrEnum):
    """How the guest is connected; with none at all, nothing but the page itself is there."""

    FAST = "fast"
    THREE_G = "3g"
    NONE = "none"


@dataclass(frozen=True, kw_only=True)
class Conditions:
    """The switches of the preview; as they stand here, all is well."""

    connection: Connection = Connection.FAST
    reduced_motion: bool = False
    autoplay_refused: bool = False
    clip_missing: bool = False
    avatar_missing: bool = False
    photo_missing: bool = False
    off_screen: bool = False


def page(hero: Hero, conditions: Conditions, script_address: str) -> str:
    """Return an HTML page with the snippet as it is pasted and the real script; it fills a window or frame of any size.

    What is missing gets a dead address. The browser is told of connection, wish for less motion and refusal to play before the script
    runs. The page has one script, one style and style attributes of its own, which its content security policy has to allow.
    """
    reached = _reached(hero, conditions)
    told = {
        "type": "3g" if conditions.connection is Connection.THREE_G else "4g",
        "calm": conditions.reduced_motion,
        "refuse": conditions.autoplay_refused,
    }
    return _PAGE % {
        "head": head(reached),
        "proportion": f"{hero.width_px / hero.height_px:.4f}",
        "told": json.dumps(told),
        "spacer": _SPACER if conditions.off_screen else "",
        "snippet": snippet(reached, script_address),
    }


def verdict(hero: Hero, conditions: Conditions) -> str:
    """Return one sentence: what the guest gets, and why.

    >>> hero = Hero(alt="Ana and Ben", clip="c.mp4", poster="p.webp", avatar="a.webp", photo="o.webp")
    >>> verdict(hero, Conditions(connection=Connection.THREE_G))
    'The avatar with a slow zoom: on a 3G connection no clip is loaded.'
    """
    reason = _no_clip(hero, conditions)
    said = _still(hero, conditions, reason) if reason else _clip(hero, conditions)
    said = f"nothing plays off screen; scrolled to, {said}" if conditions.off_screen else said
    return f"{said[0].upper()}{said[1:]}."


def _reached(hero: Hero, conditions: Conditions) -> Hero:
    """Return the hero with a dead address for what does not arrive; a poster goes with its clip."""

    def reached(address: str | None, missing: bool) -> str | None:
        return _DEAD if address and (missing or conditions.connection is Connection.NONE) else address

    return replace(
        hero,
        clip=reached(hero.clip, conditions.clip_missing),
        poster=reached(hero.poster, conditions.clip_missing),
        avatar=reached(hero.avatar, conditions.avatar_missing),
        photo=reached(hero.photo, conditions.photo_missing),
    )


def _no_clip(hero: Hero, conditions: Conditions) -> str | None:
    """Return why no clip is shown, None when one is."""
    reasons = {
        "without a connection nothing arrives": conditions.connection is Connection.NONE,
        "there is no clip": not hero.clip,
        "the guest asked for less motion": conditions.reduced_motion,
        "on a 3G connection no clip is loaded": conditions.connection is Connection.THREE_G,
        "the clip is missing": conditions.clip_missing,
    }
    return next((words for words, holds in reasons.items() if holds), None)


def _clip(hero: Hero, conditions: Conditions) -> str:
    under = _first(hero, conditions, ("poster", "avatar", "photo"))
    picture = _NAMES.get(under, _PLACEHOLDER)
    if conditions.autoplay_refused:
        return f"{picture} with a play button: the browser refuses to play by itself, and a press starts the clip"
    return f"the clip plays and repeats without sound: it fades in over {picture} as soon as it can play through"


def _still(hero: Hero, conditions: Conditions, reason: str) -> str:
    shown = _first(hero, conditions, ("avatar", "photo", "poster"))
    moving = ", not moving" if conditions.reduced_motion else " with a slow zoom"
    picture = f"{_NAMES[shown]}{moving}" if shown else _PLACEHOLDER
    return f"{picture}: {_joined([reason, *_passed_over(hero, conditions, shown)])}"


def _first(hero: Hero, conditions: Conditions, order: tuple[str, ...]) -> str:
    """Return the first of these pictures that arrives, empty for none; a poster without its clip is not looked at."""
    reached = _reached(hero, conditions)
    known = [name for name in order if name != "poster" or hero.clip]
    return next((name for name in known if getattr(reached, name) not in (None, _DEAD)), "")


def _passed_over(hero: Hero, conditions: Conditions, shown: str) -> list[str]:
    if conditions.connection is Connection.NONE:
        return []
    order = ["avatar", "photo"]
    passed = order[: order.index(shown)] if shown in order else order
    return [f"the {name} is missing" if getattr(hero, name) else f"there is no {name}" for name in passed]


def _joined(reasons: list[str]) -> str:
    *most, last = reasons
    return f"{', '.join(most)} and {last}" if most else last


_SPACER = '<p class="above">The portrait is further down. <span>Scroll to it.</span></p>\n'
# The refusal ends with the first press on the page, as a browser's does.
_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>Guest preview</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
%(head)s<style>
html { background: #f3ece5; color: #3b322d; font: 17px/1.5 Georgia, serif; scrollbar-width: none }
body { margin: 0 }
main { max-width: min(100%%, calc(80vh * %(proportion)s)); min-height: 100vh; margin: 0 auto; background: #fffdfa }
h1 { position: absolute; width: 1px; height: 1px; margin: 0; overflow: hidden; clip-path: inset(50%%) }
.lines { display: grid; gap: 14px; justify-items: center; padding: 32px 24px 40px }
.lines i { width: 56%%; height: 18px; border-radius: 9px; background: #e4d7cb }
.lines i + i { width: 68%%; height: 8px; background: #ece3da }
.lines i + i + i { width: 38%% }
.above { display: grid; place-content: center; box-sizing: border-box; height: 140vh; margin: 0; padding: 24px 24px 60vh; text-align: center }
.above span::after { content: '↓'; display: block; font-size: 1.6rem }
</style>
<script>
(function (told) {
  var match = window.matchMedia.bind(window), play = HTMLMediaElement.prototype.play, pressed = !told.refuse
  Object.defineProperty(navigator, 'connection', { value: { effectiveType: told.type, saveData: false } })
  window.matchMedia = function (query) {
    if (query.indexOf('prefers-reduced-motion') < 0) return match(query)
    return { media: query, matches: told.calm, addListener: Object, removeListener: Object, addEventListener: Object, removeEventListener: Object }
  }
  document.addEventListener('click', function () { pressed = true }, true)
  HTMLMediaElement.prototype.play = function () {
    return pressed ? play.call(this) : Promise.reject(new DOMException('Press first.', 'NotAllowedError'))
  }
})(%(told)s)
</script>
</head>
<body>
%(spacer)s<main>
<h1>Guest preview</h1>
%(snippet)s<div class="lines" aria-hidden="true"><i></i><i></i><i></i></div>
</main>
</body>
</html>
"""
