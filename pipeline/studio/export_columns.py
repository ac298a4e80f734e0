"""What an exported file can hold: every table, and every column with its type, unit and meaning, as said beside the file and on screen."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum


class Table(StrEnum):
    """What can be exported."""

    LEDGER = "ledger"
    REQUESTS = "requests"
    DAILY = "daily"
    COSTS = "costs"
    LIKENESS = "likeness"
    PRICES = "prices"
    DURATIONS = "durations"
    BUDGETS = "budgets"
    DIFFERENCES = "differences"


ADDING_UP = (Table.LEDGER, Table.REQUESTS, Table.DAILY, Table.COSTS)  # these say what was spent, and say the same


class Kind(StrEnum):
    """What a column holds."""

    TEXT = "text"
    WHOLE = "whole number"
    NUMBER = "number"
    TRUTH = "1 or 0"


@dataclass(frozen=True, kw_only=True)
class Column:
    """One column of a file; `source` is how the database says it."""

    name: str
    kind: Kind
    unit: str
    meaning: str
    source: str
    is_decimal: bool = False  # a number written out as text


ABOUT = {
    Table.LEDGER: "Every line of the ledger, oldest first: money held (hold), given back (release), spent (charge), and adjusting entries.",
    Table.REQUESTS: "One row a paid request, a result used again, or an adjusting entry: what it cost and what came of it.",
    Table.DAILY: "Sums by day, model, feature, person, team, kind and style.",
    Table.COSTS: "What was spent, added up by what was asked for.",
    Table.LIKENESS: "What the newest 5,000 pictures cost by model, how alike they are and how many were approved.",
    Table.PRICES: "What a unit of each model cost, day by day.",
    Table.DURATIONS: "How long requests of each model took.",
    Table.BUDGETS: "Every budget as it stands now, whatever days are asked for.",
    Table.DIFFERENCES: "Where the provider's bill and the ledger differ, and what people decided.",
}
TOTAL = {
    Table.LEDGER: "The sum of `micro_usd` over the kinds `charge` and `adjust` is what was spent; over `hold` and `release` it is what is held.",
    Table.REQUESTS: "The sum of `charged_micro_usd` is what was spent, of `held_micro_usd` what is held: both equal the ledger.",
    Table.DAILY: "The sum of `charged_micro_usd` is what was spent, of `held_micro_usd` what is held: both equal the ledger.",
    Table.COSTS: "The sum of `charged_micro_usd` is what was spent: it equals the ledger.",
    Table.LIKENESS: "`charged_micro_usd` covers these pictures only, with what bills put right.",
    Table.PRICES: "`charged_micro_usd` leaves out what was charged for no units.",
    Table.DURATIONS: "Only requests that were sent and ended have a duration.",
    Table.BUDGETS: "`used` counts what is charged and what is held.",
    Table.DIFFERENCES: "The sum of `nano_usd` over the open ones is what the bill says more than the ledger; 1,000 nano-dollars are 1 micro-dollar.",
}
CLOCK = "Days and moments are UTC. A charge counts for the day its money was held."


def exact(micro: str) -> str:
    """Return the SQL that writes millionths as an exact decimal number with six digits after the point."""
    return f"iif({micro} < 0, '-', '') || printf('%d.%06d', abs({micro}) / 1000000, abs({micro}) % 1000000)"


def _text(name: str, meaning: str, source: str = "", unit: str = "") -> Column:
    return Column(name=name, kind=Kind.TEXT, unit=unit, meaning=meaning, source=source or name)


def _decimal(name: str, meaning: str, micro: str, unit: str) -> Column:
    return Column(name=name, kind=Kind.TEXT, unit=unit, meaning=meaning, source=exact(micro), is_decimal=True)


def _whole(name: str, meaning: str, unit: str = "count") -> Column:
    return Column(name=name, kind=Kind.WHOLE, unit=unit, meaning=meaning, source=name)


def _money(name: str, meaning: str) -> tuple[Column, Column]:
    """Return money twice: as whole micro-dollars, and as dollars written out exactly."""
    dollars = name.removesuffix("micro_usd") + "usd"
    return _whole(name, meaning, "micro-dollars"), _decimal(dollars, f"`{name}` in dollars, exact.", name, "dollars")


_DAY = _text("for_day_utc", "The day it counts for: when its money was held, or the day an adjusting entry names.", "for_day", "YYYY-MM-DD, UTC")
_WHO = (
    _text("person", "Who asked."),
    _text("team", "Their team."),
    _text("feature", "The part of the product it was for."),
)
_WHERE = (
    _text("call_id", "The paid request."),
    _text("run_id", "What was asked for; several requests may belong to it."),
    _text("case_id", "The customer's invitation; `studio` for the studio's own."),
    _text("sweep", "The comparison it belongs to, if any."),
)
_WHAT = (
    _text("provider", "Who was paid."),
    _text("endpoint", "The provider's name of the model."),
    _text("model", "The catalogue's name of the model.", "model_of(endpoint)"),
)
_KIND_STYLE = (
    _text("kind", "avatar or clip."),
    _text("style", "The style of the picture, or the motion of the clip, with its version."),
)
LEDGER = (
    _whole("id", "The number of the line; the chain follows it.", ""),
    _text("at_utc", "When the line was written.", "at", "ISO 8601, UTC"),
    _DAY,
    _text("kind", "hold, release, charge or adjust."),
    *_WHERE,
    *_WHO,
    *_WHAT,
    _text("unit", "What the provider counts: megapixel, image, second, clip, character or call."),
    _text("quantity", "How many of it.", unit="`unit`"),
    *_money("unit_micro_usd", "The price of one unit."),
    _text("price_id", "The dated price that was used."),
    _text("basis", "What the amount rests on: estimate, billed units or reconciled."),
    *_money("micro_usd", "The amount; a release is negative."),
    _text("flag", "What is unusual about the line, such as a charge above its hold."),
    _text("previous_hash", "The hash of the line before.", unit="SHA-256"),
    _text("hash", "The hash of the line before followed by this line; whoever changes a line breaks the chain.", unit="SHA-256"),
)
REQUESTS = (
    _text("id", "The request, `entry-…` for an adjusting entry, `reuse-…` for a result used again."),
    _DAY,
    *_WHERE,
    *_WHO,
    *_WHAT,
    *_KIND_STYLE,
    _text("unit", "What the provider counts."),
    _decimal("units", "How many were charged.", "micro_units", "`unit`"),
    _text("outcome", "open, succeeded, spoilt (paid, not usable), failed, cancelled, written off, reused or adjusted."),
    _text("call_outcome", "The outcome of the paid request; of an adjusting entry, that of the request it is for, if any."),
    _text("verdict", "What people said: approved, retired (another took its place), rejected or nothing; of an adjusting entry, of its request."),
    Column(name="published", kind=Kind.TRUTH, unit="", meaning="Guests see it now.", source="published"),
    Column(name="seconds", kind=Kind.NUMBER, unit="seconds", meaning="From sending the request until it was done.", source="seconds"),
    *_money("estimate_micro_usd", "What was held for it at first."),
    *_money("held_micro_usd", "What is still held."),
    *_money("charged_micro_usd", "What it cost."),
    *_money("saved_micro_usd", "What using a result again saved."),
)
_SUMS = (
    *_money("charged_micro_usd", "Spent."),
    *_money("held_micro_usd", "Held now."),
    _whole("requests", "Paid requests that were made."),
    _whole("paid", "Of these, how many cost something."),
    _whole("open", "Of these, how many are on their way."),
    _whole("succeeded", "Of these, how many gave a usable result."),
    _whole("failed", "Of these, how many failed, were spoilt or written off."),
    _whole("cancelled", "Of these, how many were cancelled."),
    *_money("lost_micro_usd", "Spent on requests without a usable result, with what bills put right."),
    _whole("reused", "Results used again instead of being bought."),
    *_money("saved_micro_usd", "What that saved."),
    _whole("approved", "Results that are approved now."),
    _whole("published", "Results that guests see now."),
    _whole("rejected", "Results that were rejected."),
    *_money("rejected_micro_usd", "What these cost, with what bills put right."),
    _whole("retired", "Results that were approved until another took their place."),
    *_money("retired_micro_usd", "What these cost, with what bills put right."),
    *_money("estimated_micro_usd", "What was held for requests that succeeded."),
    *_money("settled_micro_usd", "What the same requests cost, with what bills put right; the difference is the bias of the estimates."),
)
SUM_NAMES = tuple(column.name for column in _SUMS if column.kind is Kind.WHOLE)
DAILY = (_DAY, *_WHAT, *_WHO, *_KIND_STYLE, *_SUMS, _decimal("units", "Units charged.", "micro_units", "the model's unit"))


def _number(name: str, meaning: str, unit: str) -> Column:
    return Column(name=name, kind=Kind.NUMBER, unit=unit, meaning=meaning, source=name)


VIEWS = {
    Table.LIKENESS: (
        _text("model", "The catalogue's name of the model."),
        _whole("pictures", "Pictures and clips that were made."),
        *_money("charged_micro_usd", "What they cost."),
        _number("likeness", "Mean of 1 - distance of the least alike face, 0 to 1; empty where nothing could be measured.", ""),
        _whole("approved", "How many are approved now."),
    ),
    Table.PRICES: (
        _DAY,
        _text("model", "The catalogue's name of the model."),
        _text("unit", "What the provider counts."),
        _decimal("units", "Units charged.", "micro_units", "`unit`"),
        *_money("charged_micro_usd", "What they cost."),
        _number("unit_usd", "What one cost.", "dollars"),
    ),
    Table.DURATIONS: (
        _text("model", "The catalogue's name of the model."),
        _whole("requests", "Requests that were sent and ended."),
        _number("typical_seconds", "The median.", "seconds"),
        _number("slow_seconds", "What nineteen of twenty stay under.", "seconds"),
    ),
    Table.BUDGETS: (
        _text("scope_kind", "studio, person, feature, case or sweep."),
        _text("scope", "Whose; `*` for each on its own."),
        _text("used_by", "For `*`: who used most of it."),
        _text("period", "day, month or ever."),
        _text("measure", "What `allowed`, `used` and `held` count: micro-dollars or requests."),
        _whole("allowed", "What may be used, with the present day's extensions.", "`measure`"),
        _whole("used", "What is used.", "`measure`"),
        _whole("held", "Of that, what is only held.", "`measure`"),
        Column(name="stops", kind=Kind.TRUTH, unit="", meaning="Nothing is bought beyond it; otherwise it only warns.", source="stops"),
        _text("set_by", "Who set it."),
        _text("set_at_utc", "When.", unit="ISO 8601, UTC"),
        _text("reason", "Why."),
    ),
    Table.DIFFERENCES: (
        _text("day_utc", "The day the request counts for.", "day", "YYYY-MM-DD, UTC"),
        _text("cause", "Why they differ."),
        _text("provider", "Whose bill."),
        _text("request_id", "The provider's name of the request."),
        _text("call_id", "Our name of it; empty for what we know nothing of."),
        _text("endpoint", "The provider's name of the model."),
        _whole("billed_nano_usd", "What the bill says.", "nano-dollars"),
        *_money("ours_micro_usd", "What the ledger says."),
        _whole("nano_usd", "How much more the bill says.", "nano-dollars"),
        _whole("proposed_micro_usd", "The adjusting entry that is proposed; empty for none.", "micro-dollars"),
        _text("state", "open, accepted, left, or gone (a later bill settled it)."),
        _text("person", "Who decided."),
        _text("decided_at_utc", "When.", "decided_at", "ISO 8601, UTC"),
        _text("note", "Why."),
    ),
}


def columns_of(table: Table, by: Sequence[str] = ()) -> tuple[Column, ...]:
    """Return the columns of a table in their order; those of COSTS begin with what it is added up by."""
    if table is Table.COSTS:
        return (*(_text(name, f"The {name}; empty where there is none.") for name in by), *_SUMS)
    return {Table.LEDGER: LEDGER, Table.REQUESTS: REQUESTS, Table.DAILY: DAILY, **VIEWS}[table]


def described(table: Table, by: Sequence[str] = ()) -> str:
    """Return a Markdown text about a file: what is in it, how it adds up, the clock, and every column."""
    rows = [f"| `{one.name}` | {one.kind.value} | {one.unit} | {one.meaning} |" for one in columns_of(table, by)]
    head = (f"# {table.value}", "", ABOUT[table], "", TOTAL[table], CLOCK, "", "| Column | Type | Unit | Meaning |", "|---|---|---|---|")
    return "\n".join((*head, *rows, ""))
