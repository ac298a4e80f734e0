"""The one button that leads: photo, avatar, clip, publication, reply. What it cannot do it says, and who can."""

from pages.parts import making, ways
from pages.parts.case import reply
from pages.parts.case.table import no_photo
from pages.parts.here import me
from pages.parts.markup import Child, Html, tag
from pages.parts.pieces import KINDS, button, icon
from pipeline.records import Plan, Role, RunKind
from pipeline.studio.casebook import CaseView

THINGS = {RunKind.AVATAR: ("avatar", "avatars"), RunKind.CLIP: ("clip", "clips")}


def drawn(seen: CaseView) -> Html:
    """Draw the next step of a case."""
    return tag("div", _step(seen), class_="next-step", id="next-step")


def _step(seen: CaseView) -> Html:
    if seen.case.plan is not Plan.PREMIUM:
        return _said("Living portraits are part of the premium plan.")
    if seen.questions:
        return _leads("settle the lost request", "trouble")
    if seen.photo is None:
        off = no_photo(seen)
        return _said(f"Next: the photo. {off}") if off else button("Next: the photo", "photo", symbol="add_a_photo", look="primary")
    if seen.candidates:
        return _to_judge(seen)
    if seen.running:
        return _said(f"{KINDS[seen.running[0].run.kind]} under way")
    return _to_make(seen) or _to_hand_over(seen)


def _to_judge(seen: CaseView) -> Html:
    kind = max(seen.candidates, key=lambda one: one.run.asked_at).run.kind
    count = sum(one.run.kind is kind for one in seen.candidates)
    one, many = THINGS[kind]
    words = f"judge the {one}" if count == 1 else f"judge {count} {many}"
    if Role.APPROVE not in me().roles:
        return _said(f"Next: somebody who may approve has to {words}.")
    return _leads(words, f"slot-{kind.value}")


def _to_make(seen: CaseView) -> Html | None:
    """Lead to the avatar or the clip that is missing, through what went wrong with the last one."""
    kind = RunKind.AVATAR if seen.avatar is None else RunKind.CLIP if seen.clip is None else None
    if kind is None:
        return None
    if any(one.run.kind is kind for one in seen.failed):
        return _leads("look at what failed", "trouble")
    offer = seen.avatar_offer if kind is RunKind.AVATAR else seen.clip_offer
    words = "generate an avatar" if kind is RunKind.AVATAR else "animate it"
    if offer.why:
        return _said(f"Next: {words}. {offer.why} {offer.remedy}")
    return making.press(seen, kind, f"Next: {words}")


def _to_hand_over(seen: CaseView) -> Html:
    shown = {publication.asset for publication in seen.live.values()}
    if not {seen.case.avatar, seen.case.clip} <= shown:
        if Role.PUBLISH not in me().roles:
            return _said("Next: somebody who may publish shows it to the guests.")
        return tag("a", icon("public"), "Next: publish", href=ways.to("publish", case=seen.case.id), data_go=True, class_="as-button")
    return reply.copy("Next: copy the reply", "primary") if seen.reply.ready else _leads("the reply", "reply")


def _leads(words: str, to: str) -> Html:
    """Draw a button that leads to a part of the page."""
    return tag("button", icon("arrow_downward"), tag("span", f"Next: {words}"), type="button", class_="plain", data_to=to)


def _said(words: Child) -> Html:
    return tag("p", icon("info"), tag("span", words), class_="why")
