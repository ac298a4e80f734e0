"""What a comparison of stores and records found, kept in a file of the data folder so that screens show the newest one without looking again."""

import contextlib
import hashlib
import json
import os
import secrets
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

NAME = "orphans.json"


@dataclass(frozen=True, kw_only=True)
class Stray:
    """An object that no row knows; `modified_at` is ISO 8601 UTC."""

    key: str
    bytes: int
    modified_at: str


@dataclass(frozen=True, kw_only=True)
class Missing:
    """A row whose object is not there (`held_bytes` is None) or has another size than the row says; `since` is when the row was written."""

    key: str
    bytes: int
    since: str
    held_bytes: int | None


@dataclass(frozen=True, kw_only=True)
class StoreReport:
    """One store beside the records: what it holds, what no row knows, what rows miss.

    `young` objects without a row may be in the middle of being made; `foreign` ones belong to cases that are not this studio's, `others` are no
    media at all. None of the three is an orphan.
    """

    name: str
    objects: int
    bytes: int
    orphans: tuple[Stray, ...]
    young: int
    foreign: int
    others: int
    missing: tuple[Missing, ...]

    @property
    def orphan_bytes(self) -> int:
        """The bytes that deleting the orphans would free."""
        return sum(one.bytes for one in self.orphans)


@dataclass(frozen=True, kw_only=True)
class OrphanReport:
    """Both stores beside the records at one moment; `store` names the public one, `elsewhere` counts what is published in another one."""

    at: str
    store: str
    private: StoreReport
    public: StoreReport
    elsewhere: int

    @property
    def mark(self) -> str:
        """The value to hand to `delete`: it stands for exactly the orphans of this report."""
        told = [f"{self.store} {one.key} {one.modified_at}" for part in (self.private, self.public) for one in part.orphans]
        return hashlib.sha256("\n".join(told).encode()).hexdigest()[:32]

    def document(self) -> Mapping[str, Any]:
        """Return it as JSON, with the mark."""
        return {**asdict(self), "mark": self.mark}


def keep(folder: Path, report: OrphanReport) -> None:
    """Write the report in place of the one before; whoever reads meanwhile reads one of the two whole."""
    draft = folder / f".{NAME}-{secrets.token_hex(8)}"
    try:
        draft.write_text(json.dumps(report.document()), encoding="utf-8")
        os.replace(draft, folder / NAME)
    finally:
        draft.unlink(missing_ok=True)


def read(folder: Path) -> OrphanReport | None:
    """Return the newest report; None when there is none, or none that can be read."""
    with contextlib.suppress(OSError, ValueError, TypeError, KeyError):
        kept = json.loads((folder / NAME).read_text(encoding="utf-8"))
        parts = {name: _part(kept[name]) for name in ("private", "public")}
        return OrphanReport(at=kept["at"], store=kept["store"], elsewhere=kept["elsewhere"], **parts)
    return None


def _part(kept: Mapping[str, Any]) -> StoreReport:
    orphans = tuple(Stray(**one) for one in kept["orphans"])
    missing = tuple(Missing(**one) for one in kept["missing"])
    return StoreReport(**{**kept, "orphans": orphans, "missing": missing})
