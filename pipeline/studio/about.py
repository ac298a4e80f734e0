"""The studio about itself: its version and what is new, the libraries under it, and every setting with its value."""

import re
from dataclasses import dataclass
from functools import cache
from importlib import metadata
from pathlib import Path
from urllib.parse import urlsplit

from pipeline.records import dollars
from pipeline.settings import ROOT, SETTINGS, Setting, Settings, load

PIN = re.compile(r"^([A-Za-z0-9._-]+)(?:\[[^]]*\])?==([^\s;]+)", re.MULTILINE)
HIDDEN = ("not set", "set")


@dataclass(frozen=True, kw_only=True)
class Release:
    """A version of the studio and what came with it, a line a change."""

    name: str
    changes: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Library:
    """A required library: the version that was tested, and the one that is installed (empty when none is)."""

    name: str
    tested: str
    installed: str


@dataclass(frozen=True, kw_only=True)
class Option:
    """One setting as people may see it: of a secret only whether it is set, of an address neither names nor passwords."""

    name: str
    value: str
    default: str
    meaning: str
    is_usual: bool


def release(changelog: Path = ROOT / "CHANGELOG.md") -> Release:
    """Return the newest version that the changelog names, and its lines; the changelog is the one place that says the version."""
    try:
        sections = changelog.read_text(encoding="utf-8").split("\n## ")[1:]
    except OSError:
        sections = []
    name, _, rest = (sections or ["unknown"])[0].partition("\n")
    return Release(name=name.strip(), changes=tuple(line[2:].strip() for line in rest.splitlines() if line.startswith("- ")))


@cache
def libraries(requirements: Path = ROOT / "requirements.txt") -> tuple[Library, ...]:
    """Return every library that requirements.txt pins, with what is installed of it."""
    try:
        pins = PIN.findall(requirements.read_text(encoding="utf-8"))
    except OSError:
        pins = []
    return tuple(Library(name=name, tested=version, installed=_installed(name)) for name, version in pins)


def _installed(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return ""


def options(settings: Settings) -> tuple[Option, ...]:
    """Return every setting in the order of the settings table."""
    usual = load({})
    return tuple(_option(row, settings, usual) for row in SETTINGS)


def _option(row: Setting, settings: Settings, usual: Settings) -> Option:
    value, default = _value(row, settings), _value(row, usual)
    if row.secret:
        return Option(name=row.name, value=HIDDEN[bool(value)], default=HIDDEN[False], meaning=row.meaning, is_usual=not value)
    shown = {"value": without_login(value) or HIDDEN[False], "default": default or HIDDEN[False]}
    return Option(name=row.name, meaning=row.meaning, is_usual=value == default, **shown)


def _value(row: Setting, settings: Settings) -> str:
    field = row.name.removeprefix("STUDIO_").lower()
    if field.endswith("_usd"):
        return dollars(int(getattr(settings, f"{field.removesuffix('_usd')}_micro_usd")))
    value = getattr(settings, field)
    if isinstance(value, Path):
        return str(value.relative_to(ROOT) if value.is_relative_to(ROOT) else value)
    return f"{value:g}" if isinstance(value, float) else str(value)


def without_login(address: str) -> str:
    """Return an address without the name, password and parameters it may carry; other words stay as they are.

    >>> without_login("postgresql://ana:secret@db.example:5432/jobs?password=secret"), without_login("folder")
    ('postgresql://db.example:5432/jobs', 'folder')
    """
    if "://" not in address:
        return address
    try:
        parts = urlsplit(address)
    except ValueError:
        return HIDDEN[True]
    # A password with / ? or # in it ends up outside the place of passwords.
    if "@" in f"{parts.path}{parts.query}{parts.fragment}":
        return HIDDEN[True]
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"
