"""The pictures of a take-down, to be judged before anything goes: by invitation and by sweep, and apart from them what is left out and why."""

from collections.abc import Iterator

from pages.parts import pieces
from pages.parts.here import place
from pages.parts.markup import Html, tag
from pages.parts.pieces import badge, icon
from pipeline.records import STUDIO_SCOPE
from pipeline.studio.downloads import WORDS
from pipeline.studio.takedown import TakeDownPlan
from pipeline.studio.takedown_groups import TakeDownGroup, TakeDownPicture, groups
from pipeline.wording import counted

MOST = 60  # so many pictures of a group are shown; the others are counted, and named among the copies


def draw(seen: TakeDownPlan) -> Iterator[Html]:
    """Draw what goes, group by group, then what belongs to others."""
    found = groups(place(), seen.copies)
    for one in found:
        if not one.stays:
            yield _group(one)
    if left := [one for one in found if one.stays]:
        yield tag("h3", icon("lock"), "Left out, because it belongs to others")
        yield from (_group(one) for one in left)


def _group(one: TakeDownGroup) -> Html:
    count = counted(len(one.pictures), "picture")
    state = badge("lock", "stays", "quiet") if one.stays else badge("delete_forever", "goes", "bad")
    head = tag("h4", tag("span", _title(one), dir="auto"), tag("span", count, class_="count"), state)
    more = len(one.pictures) - MOST
    rest = tag("p", f"And {more} more.", class_="small") if more > 0 else None
    whys = tuple(dict.fromkeys(picture.why for picture in one.pictures if picture.why))
    said = [tag("p", f"{why[:1].upper()}{why[1:]}.", class_="small") for why in whys]
    shown = tag("ul", *(_picture(picture) for picture in one.pictures[:MOST]), role="list", class_="going-pictures")
    return tag("section", head, *said, shown, rest, class_=f"going-group{' stays' if one.stays else ''}")


def _title(one: TakeDownGroup) -> str:
    if one.case_id == STUDIO_SCOPE:
        return one.case_name
    of_case = one.case_name if one.case_name == one.case_id else f"{one.case_name} · #{one.case_id}"
    return f"Sweep {one.sweep_name} on {of_case}" if one.sweep else f"Invitation {of_case}"


def _picture(one: TakeDownPicture) -> Html:
    words = WORDS[one.asset.kind].capitalize()
    shown = pieces.picture(one.picture, words, lazy=True) if one.picture else icon("movie")
    return tag("li", tag("figure", tag("span", shown, class_="thumb"), tag("figcaption", words)))
