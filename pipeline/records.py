"""What crosses a boundary: the states things can be in and the frozen values that describe them. Money is integer micro-dollars."""

import os
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

STUDIO_SCOPE = "studio"  # the case of the test photos: the studio's own, shown in no list of customers


class RunKind(StrEnum):
    """What a person asked for."""

    AVATAR = "avatar"
    CLIP = "clip"


class RunState(StrEnum):
    """Where a run stands; the last four are final."""

    ASKED = "asked"
    QUEUED = "queued"
    WORKING = "working"
    SUCCEEDED = "succeeded"
    PARTLY = "partly"
    FAILED = "failed"
    CANCELLED = "cancelled"


RUN_ENDED = frozenset({RunState.SUCCEEDED, RunState.PARTLY, RunState.FAILED, RunState.CANCELLED})


class CallState(StrEnum):
    """Where a paid request stands; the last four are final."""

    PLANNED = "planned"
    HELD = "held"
    SUBMITTING = "submitting"
    UNKNOWN = "unknown"
    SUBMITTED = "submitted"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"
    WRITTEN_OFF = "written_off"


CALL_ENDED = frozenset({CallState.SUCCEEDED, CallState.FAILED, CallState.CANCELLED, CallState.WRITTEN_OFF})
CALL_OPEN = frozenset(CallState) - CALL_ENDED
CALL_UNSENT = frozenset({CallState.PLANNED, CallState.HELD})


class EntryKind(StrEnum):
    """Kinds of ledger lines; a release is booked negative, so held money is the plain sum of holds and releases."""

    HOLD = "hold"
    RELEASE = "release"
    CHARGE = "charge"
    ADJUST = "adjust"


class Basis(StrEnum):
    """What an amount rests on."""

    ESTIMATE = "estimate"
    BILLED_UNITS = "billed units"
    RECONCILED = "reconciled"


class AssetKind(StrEnum):
    """What a stored file is."""

    PHOTO = "photo"
    CROP = "crop"
    AVATAR = "avatar"
    AVATAR_DISPLAY = "avatar-display"
    RAW_CLIP = "raw-clip"
    CLIP = "clip"
    POSTER = "poster"


class Reuse(StrEnum):
    """Whether an owned result may stand in for buying again."""

    ALLOW = "allow"
    NEVER = "never"


class Plan(StrEnum):
    """A customer's plan tier."""

    FREE = "free"
    PREMIUM = "premium"


class Channel(StrEnum):
    """Where a request comes from; callers outside the studio have a count limit."""

    STAFF = "staff"
    OUTSIDE = "outside"


class Decision(StrEnum):
    """What a person says of a finished asset. `undone` takes the first one back, so that none stands; it cannot be asked for."""

    APPROVED = "approved"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"
    UNDONE = "undone"


class Choice(StrEnum):
    """What a person decides about a request whose outcome cannot be proven."""

    ADOPT = "adopt"
    RESEND = "resend"
    WRITE_OFF = "write-off"


class Role(StrEnum):
    """What a person may do; each is given by itself."""

    VIEW = "view"
    MAKE = "make"
    APPROVE = "approve"
    PUBLISH = "publish"
    MONEY = "money"
    ADMIN = "admin"


@dataclass(frozen=True, kw_only=True)
class Person:
    """Who does something; stored on everything they do. Until there is a sign-in, whoever is not limited may do everything."""

    name: str
    team: str = "studio"
    channel: Channel = Channel.STAFF
    roles: frozenset[Role] = frozenset(Role)


@dataclass(frozen=True, kw_only=True)
class Case:
    """A customer's invitation with its photo and what is current; hashes name assets in the case's own scope."""

    id: str
    owner: str
    name: str
    plan: Plan
    photo: str | None
    crop: str | None
    photo_version: int
    avatar: str | None
    clip: str | None
    created_at: str


@dataclass(frozen=True, kw_only=True)
class Run:
    """One thing a person asked for."""

    id: str
    kind: RunKind
    case_id: str
    person: str
    team: str
    feature: str
    channel: Channel
    settings: Mapping[str, Any]
    parent_run: str | None
    sweep: str | None
    priority: int
    turn: int
    state: RunState
    attempt: int
    stage: str
    progress: float
    photo_version: int
    source: str
    cancel_asked_at: str | None
    asked_at: str
    started_at: str | None
    ended_at: str | None
    error: Mapping[str, Any] | None

    @property
    def ended(self) -> bool:
        """True when the run will not change any more unless somebody retries it."""
        return self.state in RUN_ENDED


@dataclass(frozen=True, kw_only=True)
class Call:
    """One paid request: exactly what is asked of whom, and how far it got."""

    id: str
    run_id: str
    slot: str
    try_number: int
    case_id: str
    provider: str
    endpoint: str
    input: Mapping[str, Any]
    fingerprint: str
    reuse: Reuse
    state: CallState
    hold_micro_usd: int
    unit: str
    quantity: str
    unit_micro_usd: int
    price_id: str
    counts: bool
    sends: int
    sent_input: Mapping[str, Any] | None
    sent_at: str | None
    ticket: Mapping[str, Any] | None
    request_id: str | None
    served_endpoint: str | None
    accepted_at: str | None
    unfinished_at: str | None
    finished_at: str | None
    status_requests: int
    cancel_asked_at: str | None
    needs_decision: bool
    result: Mapping[str, Any] | None
    error: Mapping[str, Any] | None
    created_at: str


@dataclass(frozen=True, kw_only=True)
class Asset:
    """Immutable bytes in a scope, identified by (scope, sha256); hash, key and size are empty until the bytes are stored."""

    scope: str
    kind: AssetKind
    media_type: str
    sha256: str = ""
    key: str = ""
    bytes: int = 0
    width_px: int | None = None
    height_px: int | None = None
    seconds: float | None = None
    run_id: str | None = None
    call_id: str | None = None
    parents: tuple[str, ...] = ()
    facts: Mapping[str, Any] = field(default_factory=dict)
    created_at: str = ""
    removed_at: str | None = None


def new_id(prefix: str) -> str:
    """Return a short unique id that sorts by time: prefix, 9 hex digits of milliseconds/16, 10 random hex digits."""
    return f"{prefix}{int(time.time() * 62.5):09x}{os.urandom(5).hex()}"


def now() -> str:
    """Return the present moment as ISO 8601 UTC text with microseconds, so that text order is time order."""
    return datetime.now(UTC).isoformat(timespec="microseconds")


def moment(text: str) -> datetime:
    """Parse what `now` wrote."""
    return datetime.fromisoformat(text)


def seconds_since(text: str) -> float:
    """Return seconds from a moment written by `now` until the present."""
    return (datetime.now(UTC) - moment(text)).total_seconds()


def dollars(micro_usd: int) -> str:
    """Write micro-dollars for people: two decimals, more only where cents would hide something.

    >>> dollars(350_000), dollars(39_800), dollars(0), dollars(-30_000)
    ('$0.35', '$0.0398', '$0.00', '-$0.03')
    """
    whole, rest = divmod(abs(micro_usd), 1_000_000)
    decimals = f"{rest:06d}".rstrip("0").ljust(2, "0")
    return f"{'-' if micro_usd < 0 else ''}${whole:,}.{decimals}"
