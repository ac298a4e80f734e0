"""What was bought for a sweep and is in its plan no more: it is paid for, so it stays in sight."""

from pages.parts import pieces
from pages.parts.here import place
from pages.parts.markup import Html, tag
from pages.parts.pieces import icon
from pipeline.records import dollars
from pipeline.studio.sweep_view import SweepView, Unplanned
from pipeline.studio.sweep_words import model_words, style_words
from pipeline.wording import counted

SHOWN = 200


def draw(seen: SweepView) -> Html | None:
    """Draw the group "not in the plan"; nothing where everything that was bought is in it."""
    if not seen.unplanned:
        return None
    many = len(seen.unplanned)
    noun = "clip" if seen.sweep.kind == "clip" else "picture"
    more = tag("p", f"And {many - SHOWN:,} more.", class_="small") if many > SHOWN else None
    words = tag(
        "p", "The plan was changed after these were bought. Add their values to the plan again and they are back in the grid, free.", class_="small"
    )
    tiles = tag("ul", *(_tile(seen, one) for one in seen.unplanned[:SHOWN]), class_="spare-list")
    return tag("section", tag("h2", f"{counted(many, noun)} bought, not in the plan"), words, tiles, more, class_="card", id="not-in-the-plan")


def _tile(seen: SweepView, one: Unplanned) -> Html:
    made, said = one.made, _words(seen, one)
    if made.shown is None:
        shot = tag("span", icon("pending" if made.state in ("waiting", "working") else "error"), tag("span", made.words), class_="spare-words")
    else:
        large = pieces.address(made.whole or made.shown)
        shot = tag("a", pieces.picture(made.shown, said), href=large, target="_blank", rel="noopener")
    cost = "free" if made.reused else dollars(made.cost_micro_usd)
    return tag("li", shot, tag("span", said, class_="small"), tag("span", cost, class_="small"), id=f"spare-{made.run_id}")


def _words(seen: SweepView, one: Unplanned) -> str:
    kept = one.settings
    purpose = "motion" if seen.sweep.kind == "clip" else "avatar"
    given = [f"{name} {value}" for name, value in kept["parameters"].items() if name in ("strength", "resolution")]
    seed = [f"seed {kept['seed']}"] if kept.get("seed") is not None else []
    source = seen.priced.sources.get(one.photo)
    photo = [source.name] if source else []
    return " · ".join([*photo, style_words(place(), kept["style"], purpose), model_words(place(), kept["model"]), *given, *seed])
