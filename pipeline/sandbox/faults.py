"""Orders to misbehave, by count or by rate; kept on disk, so they can be given while the emulator is down."""

import hashlib
import math
import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import NamedTuple

from pipeline.errors import BadParameter
from pipeline.sandbox.database import opened, writing


class Kind(StrEnum):
    """Every way the emulator can misbehave."""

    DELAY = "delay"
    DROP_BEFORE = "drop_before"
    NGINX_503 = "nginx_503"
    SUBMIT_401 = "submit_401"
    SUBMIT_403 = "submit_403"
    SUBMIT_404 = "submit_404"
    SUBMIT_422 = "submit_422"
    SUBMIT_429 = "submit_429"
    SUBMIT_500 = "submit_500"
    HANG_AFTER_QUEUING = "hang_after_queuing"
    CLOSE_AFTER_BODY = "close_after_body"
    STATUS_500 = "status_500"
    STATUS_429 = "status_429"
    MISSING_LOGS = "missing_logs"
    RESULT_422 = "result_422"
    RESULT_500 = "result_500"
    RESULT_404 = "result_404"
    COMPLETED_WITH_ERROR = "completed_with_error"
    FLAGGED = "flagged"
    BLACK_PICTURE = "black_picture"
    SERVED_ELSEWHERE = "served_elsewhere"
    SERVED_ELSEWHERE_ANYWAY = "served_elsewhere_anyway"
    CANCEL_IN_TIME = "cancel_in_time"
    NO_PICTURE_TRACK = "no_picture_track"
    ONE_FRAME = "one_frame"
    EXPIRED_OUTPUT = "expired_output"
    HALF_BODY = "half_body"
    ZERO_BYTES = "zero_bytes"
    WRONG_BYTES = "wrong_bytes"
    SLOW_DOWNLOAD = "slow_download"
    UPLOAD_500 = "upload_500"
    DUPLICATE_WEBHOOK = "duplicate_webhook"
    BAD_SIGNATURE_WEBHOOK = "bad_signature_webhook"
    BILL_EXTRA = "bill_extra"
    BILL_MISSING = "bill_missing"
    BILL_PRICE = "bill_price"
    BILL_FAILED = "bill_failed"
    BILL_TWICE = "bill_twice"
    BILL_AGAIN = "bill_again"
    BILL_ROUNDING = "bill_rounding"


MEANINGS: dict[Kind, str] = {
    Kind.DELAY: "A submit is answered only after SECONDS (2); it is accepted.",
    Kind.DROP_BEFORE: "A submit's connection is closed; nothing is accepted.",
    Kind.NGINX_503: "A submit meets a 503 page of the web server in front; nothing is accepted.",
    Kind.SUBMIT_401: "A submit is refused: key not accepted.",
    Kind.SUBMIT_403: "A submit is refused: account locked.",
    Kind.SUBMIT_404: "A submit is refused: no such endpoint.",
    Kind.SUBMIT_422: "A submit is refused: input declined, with fal's list of details.",
    Kind.SUBMIT_429: "A submit is refused: slow down, with Retry-After of SECONDS (1).",
    Kind.SUBMIT_500: "A submit meets an internal error; nothing is accepted.",
    Kind.HANG_AFTER_QUEUING: "A submit is accepted, but its answer comes only after SECONDS (3600).",
    Kind.CLOSE_AFTER_BODY: "A submit is accepted, but its connection closes without an answer.",
    Kind.STATUS_500: "A status request meets an internal error.",
    Kind.STATUS_429: "A status request is told to slow down, with Retry-After of SECONDS (1).",
    Kind.MISSING_LOGS: "A status answer lacks its `logs` field.",
    Kind.RESULT_422: "A request ends declined by the content policy (422 at the result); costs nothing.",
    Kind.RESULT_500: "A request ends in an internal error (500 at the result); costs nothing.",
    Kind.RESULT_404: "A request is made and billed, but its result is gone (404).",
    Kind.COMPLETED_WITH_ERROR: "A request ends COMPLETED with error and error_type (runner_server_error); costs nothing.",
    Kind.FLAGGED: "A request ends flagged by the safety check: a black picture, billed.",
    Kind.BLACK_PICTURE: "A request ends with a black picture that nothing marks as such; billed.",
    Kind.SERVED_ELSEWHERE: "A request is served by another endpoint, unless it switched fallbacks off.",
    Kind.SERVED_ELSEWHERE_ANYWAY: "A request is served by another endpoint although it switched fallbacks off.",
    Kind.CANCEL_IN_TIME: "Cancelling a running request stops it, and it costs nothing; otherwise a running request ends as usual.",
    Kind.NO_PICTURE_TRACK: "A clip is delivered with sound only; billed.",
    Kind.ONE_FRAME: "A clip is delivered with a single frame; billed in full.",
    Kind.EXPIRED_OUTPUT: "A request's files are gone (404) when they are fetched; billed.",
    Kind.HALF_BODY: "A download breaks half-way under a full Content-Length; the next one is whole.",
    Kind.ZERO_BYTES: "A download brings no bytes; the next one is whole.",
    Kind.WRONG_BYTES: "A download brings a web page under the picture's type; the next one is right.",
    Kind.SLOW_DOWNLOAD: "A download takes SECONDS (5) more.",
    Kind.UPLOAD_500: "An upload meets an internal error.",
    Kind.DUPLICATE_WEBHOOK: "A webhook is delivered twice.",
    Kind.BAD_SIGNATURE_WEBHOOK: "A webhook's first delivery has a wrong signature; retries are right.",
    Kind.BILL_EXTRA: "The bill gets a line of a request nobody asked for, priced as the one it befalls.",
    Kind.BILL_MISSING: "The bill leaves a request's line out.",
    Kind.BILL_PRICE: "The bill prices a request a tenth higher.",
    Kind.BILL_FAILED: "The bill charges a failed request the model's price.",
    Kind.BILL_TWICE: "The bill lists the same line of a request twice.",
    Kind.BILL_AGAIN: "The bill charges a request a second time, a minute later.",
    Kind.BILL_ROUNDING: "The bill prices a request 7 nano-dollars higher.",
}

SECONDS: dict[Kind, float] = {Kind.DELAY: 2.0, Kind.SUBMIT_429: 1.0, Kind.STATUS_429: 1.0, Kind.HANG_AFTER_QUEUING: 3600.0, Kind.SLOW_DOWNLOAD: 5.0}

AT_THE_DOOR = (
    Kind.DELAY,
    Kind.DROP_BEFORE,
    Kind.NGINX_503,
    Kind.SUBMIT_401,
    Kind.SUBMIT_403,
    Kind.SUBMIT_404,
    Kind.SUBMIT_422,
    Kind.SUBMIT_429,
    Kind.SUBMIT_500,
)
WITH_THE_REQUEST = (
    Kind.HANG_AFTER_QUEUING,
    Kind.CLOSE_AFTER_BODY,
    Kind.RESULT_422,
    Kind.RESULT_500,
    Kind.RESULT_404,
    Kind.COMPLETED_WITH_ERROR,
    Kind.FLAGGED,
    Kind.BLACK_PICTURE,
    Kind.SERVED_ELSEWHERE,
    Kind.SERVED_ELSEWHERE_ANYWAY,
    Kind.CANCEL_IN_TIME,
    Kind.NO_PICTURE_TRACK,
    Kind.ONE_FRAME,
    Kind.EXPIRED_OUTPUT,
)
ON_THE_BILL = (
    Kind.BILL_EXTRA,
    Kind.BILL_MISSING,
    Kind.BILL_PRICE,
    Kind.BILL_FAILED,
    Kind.BILL_TWICE,
    Kind.BILL_AGAIN,
    Kind.BILL_ROUNDING,
)
AT_A_DOWNLOAD = (Kind.SLOW_DOWNLOAD, Kind.HALF_BODY, Kind.ZERO_BYTES, Kind.WRONG_BYTES)


@dataclass(frozen=True, kw_only=True)
class Fault:
    """One order: the next `count` matching events, or each with probability `rate`, after the first `skip` of them."""

    kind: str
    endpoint: str = ""
    count: int | None = None
    rate: float | None = None
    seconds: float | None = None
    skip: int = 0


class Order(NamedTuple):
    """An order as it stands: `remaining` is None when it has no end."""

    id: int
    kind: Kind
    endpoint: str
    remaining: int | None
    rate: float | None
    seconds: float
    skip: int
    seen: int
    fired: int


def add(folder: Path, fault: Fault) -> int:
    """Order a fault and return its number; raises BadParameter when the order makes no sense."""
    kind = _checked(fault)
    remaining = fault.count if fault.count is not None or fault.rate is not None else 1
    seconds = SECONDS.get(kind, 0.0) if fault.seconds is None else fault.seconds
    with opened(folder) as db:
        cursor = db.execute(
            "insert into faults (kind, endpoint, remaining, rate, seconds, skip) values (?, ?, ?, ?, ?, ?)",
            (kind, fault.endpoint, remaining, fault.rate, seconds, fault.skip),
        )
    return int(cursor.lastrowid or 0)


def listing(folder: Path) -> tuple[Order, ...]:
    """Show every order, used up or not, oldest first."""
    with opened(folder) as db:
        return tuple(_order(row) for row in db.execute("select * from faults order by id"))


def clear(folder: Path) -> int:
    """Forget every order and return how many there were; what already befell a request stays."""
    with opened(folder) as db:
        return db.execute("delete from faults").rowcount


def take(db: sqlite3.Connection, kinds: Iterable[Kind], endpoint: str) -> dict[Kind, float]:
    """Count this event against every open order of these kinds; return those that fire with their seconds."""
    wanted = tuple(kinds)
    if not _open_orders(db, wanted):
        return {}
    with writing(db):
        return take_inside(db, wanted, endpoint)


def take_inside(db: sqlite3.Connection, kinds: Iterable[Kind], endpoint: str) -> dict[Kind, float]:
    """Do what `take` does inside a transaction the caller already holds."""
    fired: dict[Kind, float] = {}
    for order in _open_orders(db, tuple(kinds)):
        if order.endpoint not in endpoint or order.kind in fired:
            continue
        fires = order.seen >= order.skip and _draw(order) < (1.0 if order.rate is None else order.rate)
        db.execute(
            "update faults set seen = seen + 1, fired = fired + ?, remaining = remaining - ? where id = ?",
            (fires, fires, order.id),
        )
        if fires:
            fired[order.kind] = order.seconds
    return fired


def _open_orders(db: sqlite3.Connection, kinds: tuple[Kind, ...]) -> list[Order]:
    marks = ",".join("?" * len(kinds))
    query = f"select * from faults where kind in ({marks}) and (remaining is null or remaining > 0) order by id"  # noqa: S608
    return [_order(row) for row in db.execute(query, kinds)]


def _order(row: sqlite3.Row) -> Order:
    return Order(**{**dict(row), "kind": Kind(row["kind"])})


def _draw(order: Order) -> float:
    """Draw from [0, 1); the same order sees the same sequence, so a run with faults can be repeated."""
    digest = hashlib.sha256(f"{order.id}|{order.kind}|{order.seen}".encode()).digest()
    return int.from_bytes(digest[:8]) / 2**64


def _checked(fault: Fault) -> Kind:
    if fault.kind not in list(Kind):
        raise BadParameter(f"There is no fault called {fault.kind!r}.", next="`sandbox faults` lists them all.")
    if fault.rate is not None and not 0 <= fault.rate <= 1:
        raise BadParameter(f"The rate is {fault.rate:g}; it must lie between 0 and 1.")
    if (fault.count is not None and fault.count < 1) or fault.skip < 0 or not 0 <= (fault.seconds or 0) < math.inf:
        raise BadParameter("Count must be at least 1; skip and seconds are numbers from 0 on.")
    return Kind(fault.kind)
