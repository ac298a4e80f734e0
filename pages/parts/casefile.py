"""One case on one page: photo, avatar and clip side by side, what can be done next and for how much, and everything that was tried."""

from pages.parts import attempts, forms, making, pieces, ways
from pages.parts.case import next_step, reply, table, trouble
from pages.parts.case.frames import is_shown
from pages.parts.comments import address, panel
from pages.parts.here import me
from pages.parts.markup import Html, tag
from pages.parts.pieces import icon
from pipeline.records import Asset, Plan, Role, RunKind
from pipeline.studio.casebook import CaseView

PLANS = {Plan.PREMIUM: "premium", Plan.FREE: "free tier"}


def draw(seen: CaseView) -> Html:
    """Draw the case."""
    work = tag("div", making.section(seen), reply.section(seen), class_="work")
    said = panel.draw(seen.case.id, lambda sha256: address.of_case(seen.case.id, sha256))
    return tag("div", _head(seen), trouble.section(seen), table.section(seen), work, attempts.section(seen), said, class_="stack casefile")


def gone(case_id: str) -> Html:
    """Say that there is no such case."""
    words = f"There is no case “{pieces.short(case_id)}”, or it was opened in another mode."
    return pieces.friendly("folder_off", "This case is not here", words, tag("a", "Look through all cases", href=ways.to("cases"), data_go=True))


def _head(seen: CaseView) -> Html:
    case = seen.case
    back = tag("a", icon("arrow_back"), "Cases", href=ways.to("cases"), data_go=True, class_="back")
    facts = f"#{pieces.short(case.id, 60)} · {PLANS[case.plan]} · owner {pieces.short(case.owner, 60)}"
    name = tag("div", tag("h1", case.name, dir="auto"), tag("p", facts, class_="small"))
    return tag("header", back, tag("div", name, _left(seen), next_step.drawn(seen), class_="title"), class_="case-head")


def _left(seen: CaseView) -> Html:
    standing = seen.attempts
    flight = f", {standing.in_flight} under way" if standing.in_flight else ""
    words = tag("span", tag("b", f"{standing.left} of {standing.allowed} left"), tag("span", f"{flight} · failures are free", class_="small"))
    more = forms.opener("Grant more", "grant", look="quiet") if Role.ADMIN in me().roles else None
    return tag("div", words, more, _grant(seen), class_="left")


def _grant(seen: CaseView) -> Html:
    number = forms.field("Extra attempts", "attempts", type="number", value=2, min=1, max=20, required=True)
    why = forms.field("Reason", "reason", required=True, maxlength=500, placeholder="Two photos had to be replaced")
    fields = (tag("div", number, why, class_="row"), forms.buttons(forms.submit("Grant")))
    given = [tag("li", f"{one.attempts} more by {one.person}, {pieces.ago(one.at)}: {one.reason}") for one in seen.grants]
    asked = forms.form("grant", f"grant-{len(seen.grants)}", *fields)
    return forms.dialog("grant", "Grant extra attempts", asked, tag("ul", *given, class_="small"))


def goes_with_the_photo(seen: CaseView) -> tuple[tuple[str, Asset], ...]:
    """Name and show what a new photo takes away from the case."""
    current = (("the approved avatar", seen.avatar), ("the approved clip", seen.clip))
    going = [(f"{words}, which guests see now" if is_shown(seen, one) else words, one.picture) for words, one in current if one]
    waiting = [(f"{'an avatar' if one.run.kind is RunKind.AVATAR else 'a clip'} that waits for a decision", one.picture) for one in seen.candidates]
    return tuple((words, asset) for words, asset in (*going, *waiting) if asset is not None)
