"""Times in a bill: with an offset they say all; without one the person names the zone, and nothing is guessed."""

import re
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pipeline.errors import BadParameter

_SECONDS = re.compile(r"1[0-9]{9}(\.[0-9]{1,9})?")
_MILLISECONDS = re.compile(r"1[0-9]{12}")
_WRITTEN = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{1,2}:[0-9]{2}.*")
_OFFSET = re.compile(r" ?([+-][0-9]{2})(?::?([0-9]{2}))?$")
_FRACTION = re.compile(r"(\.[0-9]{6})[0-9]+")


class NoZone(ValueError):
    """A time without an offset, and nobody named the zone."""


class NoSuchHour(ValueError):
    """A time that the clocks of its zone jumped over."""


def zone_of(name: str) -> ZoneInfo:
    """Return a time zone by its name; raises BadParameter.

    >>> zone_of("Europe/Berlin").key
    'Europe/Berlin'
    """
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise BadParameter(f"There is no time zone {name[:40]!r}.", next="Name one such as Europe/Berlin, America/New_York or UTC.") from None


def moment_of(text: str, zone: ZoneInfo | None) -> tuple[datetime, bool]:
    """Read a time as UTC; the second value says that its clocks showed it twice, and that the earlier one was taken.

    Raises NoZone, NoSuchHour, and ValueError for what is no time: 2026-10-31T14:00:00Z, with an offset, or Unix seconds.

    >>> moment_of("2026-10-31 14:00:00+02:00", None)[0].isoformat()
    '2026-10-31T12:00:00+00:00'
    """
    text = text.strip()
    if _SECONDS.fullmatch(text):
        return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=float(text)), False
    if _MILLISECONDS.fullmatch(text):
        return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=int(text)), False
    if not _WRITTEN.fullmatch(text):
        raise ValueError("no time")
    found = datetime.fromisoformat(_tidy(text))
    if found.tzinfo:
        return found.astimezone(UTC), False
    if zone is None:
        raise NoZone
    return _in_zone(found, zone)


def _tidy(text: str) -> str:
    """Bring the ways spreadsheets write an offset into the one that can be read."""
    for name in (" UTC", "UTC", " GMT", " Z"):
        text = text.removesuffix(name) + "+00:00" if text.endswith(name) else text
    text = _FRACTION.sub(r"\1", text)
    return _OFFSET.sub(lambda found: f"{found[1]}:{found[2] or '00'}", text) if ":" in text else text


def _in_zone(found: datetime, zone: ZoneInfo) -> tuple[datetime, bool]:
    first, second = (found.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1))
    if first.astimezone(zone).replace(tzinfo=None) != found:
        raise NoSuchHour
    return first, first != second
