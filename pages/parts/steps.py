"""The first steps on a fresh install: photo, avatar, clip, side by side, with the one thing to do next."""

from pages.parts import pieces, ways
from pages.parts.here import place
from pages.parts.markup import Html, tag
from pages.parts.pieces import barred, button
from pipeline.records import Decision, Role, RunState
from pipeline.studio.home import FirstSteps, Home
from pipeline.studio.run_standing import RunStanding, standing_of
from pipeline.studio.seen import Seen

PHOTO = "/samples/astronaut.jpg"
PHOTO_WORDS = "Portrait of the astronaut Eileen Collins in her orange suit, with a flag and a model of the shuttle behind her"


def card(seen: Home) -> Html:
    """Show the three stations and how far the sample has come."""
    steps = seen.first_steps
    done = steps is not None and steps.clip is not None and _is_approved(steps.clip)
    title, words = _words(done)
    arrow = tag("span", pieces.icon("arrow_forward"), class_="arrow", aria_hidden="true")
    stations = (_photo(), arrow, _avatar(seen, steps), arrow, _clip(steps))
    more = pieces.sample(f"Make another sample · {pieces.price_of_avatar()}", "sample", seen.samples + 1) if done else None
    return tag("section", tag("header", tag("h1", title), more), words, tag("div", *stations, class_="stations"), class_="card first")


def _words(done: bool) -> tuple[str, Html]:
    if done:
        go_on = tag("a", "Now open your first case", href=ways.to("cases"), data_go=True)
        return "Your first living portrait is ready", tag("p", go_on, " with a photo of your own.", class_="lead")
    free = "In the sandbox nothing costs money, and every picture is a labelled stand-in."
    paid = "Each step shows its price before you take it."
    return "Make your first living portrait", tag("p", free if place().settings.is_sandbox else paid, class_="lead")


def _station(name: str, picture: Html, *below: Html | None, state: str = "") -> Html:
    return tag("div", tag("h2", name), tag("div", picture, class_="frame"), tag("div", *below, class_="below"), class_=f"station {state}", id=name)


def _photo() -> Html:
    image = tag("img", src=PHOTO, alt=PHOTO_WORDS, width=512, height=512)
    return _station("Photo", image, tag("p", "A sample from NASA, in the public domain", class_="small"))


def _avatar(seen: Home, steps: FirstSteps | None) -> Html:
    if steps is None:
        return _station(
            "Avatar", pieces.empty("brush", "A stylised portrait that still looks like them"), _buy_avatar("sample", seen.samples + 1), state="next"
        )
    avatar = steps.avatar
    if avatar.run.state is not RunState.SUCCEEDED or avatar.picture is None:
        return _station("Avatar", _unmade(avatar, "brush"), *_unfinished(avatar), state="next")
    image = pieces.picture(avatar.picture, pieces.alt_of(avatar), id_="the-avatar")
    facts = tag("p", pieces.likeness(avatar) or "", " · ", pieces.cost(avatar), class_="small")
    return _station("Avatar", image, facts, _judge_avatar(steps), state="" if _is_approved(avatar) else "next")


def _judge_avatar(steps: FirstSteps) -> Html:
    avatar = steps.avatar
    if _is_approved(avatar):
        return pieces.state_of(avatar)
    another = pieces.sample(f"Make another · {pieces.price_of_avatar()}", "again", steps.avatars + 1)
    if avatar.decision is not None:
        return tag("div", pieces.state_of(avatar), another, class_="buttons")
    return tag("div", _approve(avatar), another, class_="buttons")


def _clip(steps: FirstSteps | None) -> Html:
    clip = steps.clip if steps else None
    approved = steps is not None and _is_approved(steps.avatar)
    if steps is None or not approved:
        return _station(
            "Living portrait", pieces.empty("animation", "A short loop for the invitation"), tag("p", "Approve an avatar first", class_="small")
        )
    if clip is None:
        buy = pieces.animate(steps.avatar, f"Animate · {pieces.price_of_clip()}", "primary")
        return _station("Living portrait", pieces.empty("animation", "A short loop for the invitation"), buy, state="next")
    if clip.made is None:
        return _station("Living portrait", _unmade(clip, "animation"), *_unfinished(clip), state="next")
    film = pieces.clip(clip.made, clip.picture, pieces.alt_of(clip), id_="the-clip")
    facts = tag("p", f"{clip.made.seconds or 0:.1f} s loop · {clip.made.bytes / 1e6:.1f} MB · ", pieces.cost(clip), class_="small")
    return _station("Living portrait", film, facts, _judge_clip(steps, clip), state="" if clip.decision else "next")


def _judge_clip(steps: FirstSteps, clip: Seen) -> Html:
    another = pieces.animate(steps.avatar, f"Make another · {pieces.price_of_clip()}", "plain")
    if _is_approved(clip):
        return pieces.state_of(clip)
    return tag("div", pieces.state_of(clip) if clip.decision else _approve(clip), another, class_="buttons")


def _is_approved(seen: Seen) -> bool:
    return standing_of(seen) is RunStanding.APPROVED


def _unfinished(seen: Seen) -> tuple[Html, Html]:
    if not seen.run.ended:
        stop = pieces.cancel(seen)
        return pieces.progress(seen), stop
    return pieces.failure(seen), pieces.retry(seen, "Retry", "primary")


def _approve(seen: Seen) -> Html:
    return button(
        "Approve", "decide", symbol="check", look="primary", off=barred(Role.APPROVE, "deciding"), run=seen.run.id, decision=Decision.APPROVED.value
    )


def _buy_avatar(do: str, number: int) -> Html:
    free = tag("small", "free in the sandbox") if place().settings.is_sandbox else None
    return pieces.sample((f"Make a sample portrait · {pieces.price_of_avatar()}", free), do, number, look="primary")


def _unmade(seen: Seen, symbol: str) -> Html:
    if seen.run.ended:
        return pieces.empty("error", pieces.STANDINGS[standing_of(seen)][1])
    return tag("div", pieces.picture(seen.source, ""), pieces.icon(symbol), class_="making")
