"""Why the bill and the ledger differ in a request: one named cause each, and what to book so that both say the same."""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from pipeline.reckoning.pairing import Ours, Pair
from pipeline.reckoning.pile import Line
from pipeline.records import CALL_OPEN, Basis, CallState, dollars

MICRO = 1000
CENT_NANO_USD = 10_000_000
# Providers change prices by parts, seldom by a few times; more is rather a wrong unit, a lost decimal point, or another request's amount.
PLAUSIBLE_TIMES = 10


class Cause(StrEnum):
    """Everything a difference can come from; the last one means that a person has to ask."""

    UNKNOWN_TO_US = "billed but unknown to us"
    NOT_BILLED = "ours but not billed"
    PRICE_MOVED = "price moved"
    FAILED_YET_CHARGED = "failed yet charged"
    ROUNDING = "rounding"
    STILL_OPEN = "still open"
    DUPLICATE = "duplicate"
    UNEXPLAINED = "unexplained"


@dataclass(frozen=True, kw_only=True)
class Terms:
    """What a bill covers: whole UTC days, both included; until when it is complete (ISO 8601 UTC), and the finest amount it can say.

    Where lines of it could not be read, it is never complete and `complete_until` is empty.
    """

    since: str
    until: str
    complete_until: str
    resolution_nano_usd: int = 1


@dataclass(frozen=True, kw_only=True)
class Difference:
    """One request the bill and the ledger differ in: by how much, why, and what to book (None: nothing, `why` says the reason).

    `nano_usd` is the bill minus ours. `key` names it again in the next bill.
    """

    key: str
    cause: Cause
    day: str
    call_id: str
    request_id: str
    endpoint: str
    billed_nano_usd: int
    ours_micro_usd: int
    nano_usd: int
    proposed_micro_usd: int | None
    why: str
    lines: tuple[Line, ...]


def differences(pair: Pair, terms: Terms) -> Iterator[Difference]:
    """Yield what differs in a pair: nothing, one cause, and by itself a line that stands on the bill more than once."""
    copied = [line for line in pair.lines if line.copies > 1]
    if copied:
        yield _copies(pair, copied)
    if pair.nano_usd and not _is_settled(pair):
        cause, why, books = _cause(pair, terms)
        yield _difference(pair, cause, why, _to_book(pair.nano_usd) if books else None)


def day_of(pair: Pair) -> str:
    """Return the UTC day a pair counts for: the day its money was held, else the day of the bill's line."""
    return pair.ours.day if pair.ours else min(line.day for line in pair.lines)


def names(pair: Pair) -> Iterator[str]:
    """Yield every name that a difference of this pair may have been kept by, the best first."""
    ours = pair.ours
    if ours and ours.call_id:
        yield f"call {ours.call_id}"
    if ours and ours.key:
        yield ours.key
    yield from (f"request {line.request_id}" if line.request_id else f"line {line.endpoint} {line.at} {line.nano_usd}" for line in pair.lines)


def _is_settled(pair: Pair) -> bool:
    """What is left of an adjusting entry below a micro-dollar cannot be booked and is no news."""
    return bool(pair.ours and pair.ours.adjusted and abs(pair.nano_usd) < MICRO)


def _cause(pair: Pair, terms: Terms) -> tuple[Cause, str, bool]:
    """Name the cause, say why, and whether an adjusting entry puts it right."""
    ours = pair.ours
    if ours is None:
        return Cause.UNKNOWN_TO_US, "The bill names a request that is not in our books. Find out who asked for it before it is booked.", True
    if ours.state in CALL_OPEN:
        return Cause.STILL_OPEN, "The request has not ended in our books; it is charged when it does, so nothing is booked now.", False
    if not pair.lines:
        return _not_billed(ours, terms)
    if pair.billed_nano_usd == 0:
        return Cause.NOT_BILLED, "The provider took its charge back.", True
    if _rounds(pair, terms):
        return Cause.ROUNDING, _rounding_words(terms), False
    return _both_charged(pair, ours)


def _not_billed(ours: Ours, terms: Terms) -> tuple[Cause, str, bool]:
    if not terms.complete_until:
        return Cause.UNEXPLAINED, "Lines of the bill could not be read, and one of them may be this request. Correct them and compare again.", False
    if ours.ended_at >= terms.complete_until:
        return Cause.STILL_OPEN, "It ended after this bill does and is expected on the next one, so nothing is booked now.", False
    if ours.state is CallState.WRITTEN_OFF:
        return Cause.NOT_BILLED, "It was written off on its estimate, and the provider never charged it.", True
    if ours.state is None:
        return Cause.NOT_BILLED, "It was booked as an earlier bill named it, and this one does not name it any more.", True
    return Cause.NOT_BILLED, "We charged it, and the bill does not name it.", True


def _both_charged(pair: Pair, ours: Ours) -> tuple[Cause, str, bool]:
    if _is_charged_again(pair):
        return Cause.DUPLICATE, f"The bill charges this request {len(pair.lines)} times. Claim it back; book it only if it stays.", True
    if ours.state in (CallState.FAILED, CallState.CANCELLED) and not ours.micro_usd:
        ended = "failed" if ours.state is CallState.FAILED else "was cancelled"
        return Cause.FAILED_YET_CHARGED, f"It {ended} and cost us nothing in our books, and the bill charges it.", True
    if doubt := _doubt(pair, ours):
        return Cause.UNEXPLAINED, f"{doubt} Ask the provider.", False
    if ours.state is CallState.WRITTEN_OFF:
        return Cause.PRICE_MOVED, "It was written off on its estimate; the bill says what it really cost.", True
    if ours.state is None or (ours.adjusted and not ours.micro_usd):
        return Cause.PRICE_MOVED, "It was adjusted to an earlier bill, and this one says another amount.", True
    return Cause.PRICE_MOVED, _price_words(pair, ours), True


def _doubt(pair: Pair, ours: Ours) -> str:
    """Say why another price does not explain the difference; empty where it can."""
    if _contradicts_itself(pair, ours):
        return "The bill names our units and our price, and an amount that these do not come to."
    if _other_units(pair, ours):
        return "The bill counts other units at the same price than the provider's answer did."
    if not _comes_to_its_amount(pair) and not _is_plausible(pair, ours):
        return f"The bill's amount and ours differ by more than {PLAUSIBLE_TIMES} times, which no change of a price explains."
    return ""


def _is_charged_again(pair: Pair) -> bool:
    amounts = {line.nano_usd for line in pair.lines}
    return len(pair.lines) > 1 and len(amounts) == 1 and abs(amounts.pop() - pair.ours_micro_usd * MICRO) < MICRO


def _rounds(pair: Pair, terms: Terms) -> bool:
    off = abs(pair.nano_usd)
    return off < MICRO or (terms.resolution_nano_usd > MICRO and off * 2 <= terms.resolution_nano_usd)


def _rounding_words(terms: Terms) -> str:
    """Say which of both cannot tell so little.

    >>> _rounding_words(Terms(since="", until="", complete_until="", resolution_nano_usd=10_000_000))
    'The bill has whole cents only, so less than half a cent cannot be told; nothing can be booked.'
    """
    finest_nano_usd = terms.resolution_nano_usd
    if finest_nano_usd <= MICRO:
        return "The ledger counts millionths of a dollar, and this is less than one; nothing can be booked."
    if finest_nano_usd == CENT_NANO_USD:
        return "The bill has whole cents only, so less than half a cent cannot be told; nothing can be booked."
    return f"The bill's finest amount is {money(finest_nano_usd)}, so less than half of it cannot be told; nothing can be booked."


def _is_plausible(pair: Pair, ours: Ours) -> bool:
    """What was taken back on an earlier bill may cost anything that this one says."""
    if ours.adjusted and not ours.micro_usd:
        return True
    less, more = sorted((pair.billed_nano_usd, pair.ours_micro_usd * MICRO))
    return less > 0 and more <= less * PLAUSIBLE_TIMES


def _comes_to_its_amount(pair: Pair) -> bool:
    """True where every line names units and a price that, less its discount, come to its amount."""
    return all(line.units and line.unit_price_usd and abs(line.nano_usd - _product_nano_usd(line)) < MICRO for line in pair.lines)


def _product_nano_usd(line: Line) -> Decimal:
    off = Decimal(line.discount_percent or 0) / 100
    return Decimal(line.units or 0) * Decimal(line.unit_price_usd or 0) * (1 - off) * 10**9


def _contradicts_itself(pair: Pair, ours: Ours) -> bool:
    """True where a line names just the units and the price that we charged, and yet another amount."""
    if len(pair.lines) != 1 or not ours.quantity or _comes_to_its_amount(pair):
        return False
    [line] = pair.lines
    same_units = bool(line.units) and Decimal(line.units or 0) == Decimal(ours.quantity)
    return same_units and bool(line.unit_price_usd) and round(Decimal(line.unit_price_usd or 0) * 1_000_000) == ours.unit_micro_usd


def _other_units(pair: Pair, ours: Ours) -> bool:
    """True where the provider itself named the units that we charged, and its bill names others at our price."""
    units = [Decimal(line.units) for line in pair.lines if line.units]
    prices = [Decimal(line.unit_price_usd) for line in pair.lines if line.unit_price_usd]
    if ours.basis is not Basis.BILLED_UNITS or not units or not prices or not ours.quantity:
        return False
    same_price = all(round(price * 1_000_000) == ours.unit_micro_usd for price in prices)
    return same_price and sum(units) != Decimal(ours.quantity) and abs(pair.billed_nano_usd - sum(units) * prices[0] * 10**9) < MICRO


def _price_words(pair: Pair, ours: Ours) -> str:
    discount = next((line.discount_percent for line in pair.lines if line.discount_percent and Decimal(line.discount_percent)), None)
    if discount:
        return f"The bill takes {discount} % off."
    if ours.basis is Basis.ESTIMATE:
        return "We had charged our estimate; the bill says what it really cost."
    return f"The bill says {money(pair.billed_nano_usd)}, our price came to {dollars(pair.ours_micro_usd)}."


def _copies(pair: Pair, copied: list[Line]) -> Difference:
    extra = sum(line.nano_usd * (line.copies - 1) for line in copied)
    times = max(line.copies for line in copied)
    why = f"The same line stands on the bill {times} times; it is counted once, so nothing is booked."
    kept = _difference(pair, Cause.DUPLICATE, why, None)
    return Difference(**{**vars(kept), "key": f"{kept.key}|copy", "nano_usd": extra, "lines": tuple(copied)})


def _difference(pair: Pair, cause: Cause, why: str, proposed_micro_usd: int | None) -> Difference:
    ours = pair.ours
    return Difference(
        key=_key(pair),
        cause=cause,
        day=day_of(pair),
        call_id=ours.call_id if ours else "",
        request_id=pair.lines[0].request_id if pair.lines else ours.request_id if ours else "",
        endpoint=ours.endpoint if ours else pair.lines[0].endpoint,
        billed_nano_usd=pair.billed_nano_usd,
        ours_micro_usd=pair.ours_micro_usd,
        nano_usd=pair.nano_usd,
        proposed_micro_usd=proposed_micro_usd,
        why=why,
        lines=pair.lines,
    )


def _key(pair: Pair) -> str:
    """Name a request so that the next bill names it alike: our call, what it was called when it was booked, its id, else what the line says."""
    return next(names(pair))


def _to_book(nano_usd: int) -> int | None:
    """Round to whole micro-dollars, half to even; nothing where that is none."""
    return round(Decimal(nano_usd) / MICRO) or None


def money(nano_usd: int) -> str:
    """Write nano-dollars for people, with as many digits as are needed.

    >>> money(30_000_007), money(-350_000_000), money(0)
    ('$0.030000007', '-$0.35', '$0.00')
    """
    micro, rest = divmod(abs(nano_usd), MICRO)
    sign = "-" if nano_usd < 0 else ""
    return f"{sign}${micro // 10**6:,}.{micro % 10**6:06d}{rest:03d}".rstrip("0").ljust(len(sign) + 5, "0") if rest else dollars(nano_usd // MICRO)
