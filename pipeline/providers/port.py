"""What every paid service can do, and the records that cross this boundary. Imports no provider's library."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Protocol

from pipeline.errors import StudioError


@dataclass(frozen=True, kw_only=True)
class Ticket:
    """Proof that a provider accepted a paid request; enough to find it again after a crash."""

    provider: str
    endpoint: str
    request_id: str
    status_url: str
    response_url: str
    cancel_url: str


class Phase(StrEnum):
    """Where an accepted request stands; DONE and FAILED are final."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


@dataclass(frozen=True, kw_only=True)
class Progress:
    """One look at a request: its place in the queue (0 is next), the model's log lines, and why it failed."""

    phase: Phase
    place: int | None = None
    lines: tuple[str, ...] = ()
    inference_seconds: float | None = None
    error_type: str | None = None


@dataclass(frozen=True, kw_only=True)
class Delivery:
    """What a finished request made; `billable_units` is None where the provider does not say, so is `served_endpoint`."""

    body: Mapping[str, object]
    billable_units: Decimal | None = None
    served_endpoint: str | None = None


@dataclass(frozen=True, kw_only=True)
class Found:
    """A request the provider lists that has exactly our input; `sent_at` is the provider's own ISO 8601 text."""

    request_id: str
    endpoint: str
    sent_at: str
    finished: bool
    status_code: int | None
    output: Mapping[str, object] | None
    ticket: Ticket


class Withdrawal(StrEnum):
    """What became of a wish to cancel: only REMOVED is certain to cost nothing, UNKNOWN means no such request."""

    REMOVED = "removed"
    ASKED = "asked"
    TOO_LATE = "too_late"
    UNKNOWN = "unknown"


class Forgotten(StrEnum):
    """What became of a wish to forget a request: ABSENT means that there was nothing, NOT_ALLOWED that our key may not ask for it."""

    REMOVED = "removed"
    ABSENT = "absent"
    NOT_ALLOWED = "not_allowed"


@dataclass(frozen=True, kw_only=True)
class Billed:
    """One line of a provider's own record of what it charged, in nano-dollars (a thousandth of a micro-dollar).

    `at` is a moment with its time zone; `request_id` is empty where the line names none, the figures behind the amount are None where it
    does not say them. The unit price is in dollars.
    """

    request_id: str
    endpoint: str
    at: datetime
    nano_usd: int
    units: Decimal | None = None
    unit_price_usd: Decimal | None = None
    discount_percent: Decimal | None = None


class Provider(Protocol):
    """A paid service: ten verbs, none of which repeats a request that could cost money."""

    name: str
    can_look_up: bool

    def upload(self, data: bytes, media_type: str, name: str) -> str:
        """Copy bytes to the provider and return a fresh address for them, another one each time; NotSent, Refused."""
        ...

    def submit(self, endpoint: str, arguments: Mapping[str, object], *, webhook_url: str | None = None) -> Ticket:
        """Ask for paid work exactly once; NotSent and Refused are surely not accepted, OutcomeUnknown may be."""
        ...

    def status(self, ticket: Ticket) -> Progress:
        """Look once at a request; NotSent means look again later, RequestUnknown that the provider has no such request."""
        ...

    def result(self, ticket: Ticket) -> Delivery:
        """Fetch what a request made; raises its failure as GenerationFailed, GenerationTimedOut, InputRefused or Cancelled."""
        ...

    def cancel(self, ticket: Ticket) -> Withdrawal:
        """Ask the provider to drop a request; NotSent means ask again later."""
        ...

    def find(self, endpoint: str, arguments: Mapping[str, object], since: datetime) -> tuple[Found, ...]:
        """List requests with exactly these arguments sent since then, oldest first; an empty answer proves nothing while work may still run."""
        ...

    def download(self, url: str, *, limit_bytes: int, seconds: float) -> bytes:
        """Fetch one produced file whole; DownloadFailed may be tried again, ResultLost may not."""
        ...

    def forget(self, request_id: str) -> Forgotten:
        """Have what an ended request was asked and what it made removed for good, but no uploads; NotSent means ask again later, KeyRefused."""
        ...

    def billed(self, start: datetime, end: datetime) -> Iterator[Billed]:
        """Yield what the provider charged from `start` until before `end`, in no order; NotSent, KeyRefused, AccountRefused."""
        ...

    def ping(self) -> None:
        """Prove that the provider answers and takes our key, spending nothing; NotSent, Refused."""
        ...


def billed_units(error: StudioError) -> Decimal | None:
    """Return the units a provider billed for a request that failed, None where it did not say.

    >>> billed_units(StudioError()) is None
    True
    """
    units = getattr(error, "billable_units", None)
    return units if isinstance(units, Decimal) else None
