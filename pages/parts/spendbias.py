"""Whether prices are right: what was estimated for requests that succeeded, against what the same requests cost."""

from pages.parts import spendwords
from pages.parts.listing import listing
from pages.parts.markup import Html, tag
from pages.parts.pieces import badge
from pages.parts.spendask import Asked, to
from pages.parts.steady import steady
from pipeline.records import dollars
from pipeline.studio import price_bias
from pipeline.studio.price_bias import ENOUGH, LARGE_PERCENT, Bias


def draw(asked: Asked) -> Html | None:
    """Draw a row for each model, the largest drift first; nothing while no request has succeeded."""
    found = steady(("bias", asked.key), lambda there: price_bias.look(there, asked.slice))
    if not found:
        return None
    head = ("Model", "Requests", "Estimated", "Charged", "Difference", "Says")
    table = listing("Estimates against charges", head, [_row(asked, one) for one in found], numbers=(1, 2, 3, 4))
    lead = f"Over requests that succeeded. More than {LARGE_PERCENT:g} % either way over at least {ENOUGH} of them says that a price has changed."
    return tag("div", tag("h3", "Estimates against charges"), table, tag("p", lead, class_="small"), class_="stack tight")


def _row(asked: Asked, one: Bias) -> tuple[str | Html, ...]:
    name = tag("a", spendwords.name_of("model", one.model), href=to(asked, only={**asked.only, "model": one.model}), data_go=True)
    drift = "–" if one.percent is None else f"{one.percent:+.2f} %" if one.percent else "0 %"
    state = tag("span", badge("error", one.words, "bad") if one.is_large else one.words, class_="drift")
    return name, f"{one.requests:,}", dollars(one.estimated_micro_usd), dollars(one.settled_micro_usd), drift, state
