"""Sweeps: plans that are kept, named and shared; what they would cost; buying their cells, and only those that are not owned."""

import json
import sqlite3
from dataclasses import dataclass

from pipeline.database import Connection, insert, update
from pipeline.errors import BadParameter, NotNow, UnknownName
from pipeline.folding import fold
from pipeline.records import Person, Role, RunKind, new_id, now
from pipeline.studio.people import check
from pipeline.studio.place import Place
from pipeline.sweeps.plans import Plan, plan_from_json

LONGEST_NAME = 120


@dataclass(frozen=True, kw_only=True)
class Sweep:
    """A plan under a name, who made and changed it, and how it was last bought: the price that was shown and the ceiling, in micro-dollars.

    `version` counts changes: whoever saves names the one that they saw.
    """

    id: str
    name: str
    plan: Plan
    version: int
    price_micro_usd: int | None
    ceiling_micro_usd: int | None
    started_at: str | None
    person: str
    team: str
    created_at: str
    changed_by: str
    changed_at: str

    @property
    def kind(self) -> RunKind:
        """What its cells are."""
        return self.plan.kind


def save(place: Place, sweep_id: str, name: str, plan: Plan, by: Person, *, version: int) -> Sweep:
    """Keep a plan: version 0 for a new one, else the version it was changed from; saving the same again changes nothing.

    Raises NotAllowed, BadParameter for a name that is none, and NotNow when somebody else changed it meanwhile: nothing is overwritten.
    """
    check(by, Role.MAKE)
    name = " ".join(name.split())
    if not name or len(name) > LONGEST_NAME or not name.isprintable():
        raise BadParameter(f"A sweep needs a name of 1 to {LONGEST_NAME} printable characters.", next="Name what you want to find out.")
    with place.database.writing() as tx:
        row = tx.execute("SELECT * FROM sweeps WHERE id = ?", (sweep_id,)).fetchone()
        if row is None:
            return _create(tx, sweep_id, name, plan, by)
        kept = _sweep(row)
        if (kept.name, kept.plan) == (name, plan):
            return kept
        if kept.version != version:
            raise NotNow(f"{kept.changed_by} changed this sweep meanwhile.", next="Reload the page to see it; duplicate it to keep yours.")
        changes = {"name": name, "folded": fold(sweep_id, name), "plan": json.dumps(plan.as_json()), "version": version + 1}
        changes |= {"changed_by": by.name, "changed_at": now()}
        update(tx, "sweeps", {"id": sweep_id}, changes)
        return get(tx, sweep_id)


def duplicate(place: Place, sweep_id: str, copy_id: str, by: Person) -> Sweep:
    """Keep a copy of a plan under an id of its own; the same copy id again is the copy that exists."""
    check(by, Role.MAKE)
    with place.database.writing() as tx:
        if tx.execute("SELECT 1 FROM sweeps WHERE id = ?", (copy_id,)).fetchone():
            return get(tx, copy_id)
        whole = get(tx, sweep_id)
        return _create(tx, copy_id, f"{whole.name[: LONGEST_NAME - 7]} (copy)", whole.plan, by)


def get(db: Connection, sweep_id: str) -> Sweep:
    """Return a sweep; raises UnknownName."""
    row = db.execute("SELECT * FROM sweeps WHERE id = ?", (sweep_id,)).fetchone()
    if row is None:
        raise UnknownName(f"There is no sweep {sweep_id[:80]!r}.", next="The page Compare lists them.")
    return _sweep(row)


def find(place: Place, sweep_id: str) -> Sweep:
    """Return a sweep; raises UnknownName."""
    with place.database.reading() as db:
        return get(db, sweep_id)


def newest(place: Place, limit: int = 50) -> list[Sweep]:
    """Return the sweeps that were changed or bought last, newest first."""
    with place.database.reading() as db:
        return [_sweep(row) for row in db.execute("SELECT * FROM sweeps ORDER BY changed_at DESC, id DESC LIMIT ?", (limit,))]


def _create(tx: Connection, sweep_id: str, name: str, plan: Plan, by: Person) -> Sweep:
    row = {"id": sweep_id or new_id("s"), "name": name, "kind": plan.kind.value, "plan": json.dumps(plan.as_json()), "version": 1}
    row["folded"] = fold(str(row["id"]), name)
    insert(tx, "sweeps", {**row, "person": by.name, "team": by.team, "created_at": now(), "changed_by": by.name, "changed_at": now()})
    return get(tx, str(row["id"]))


def _sweep(row: sqlite3.Row) -> Sweep:
    values = {name: row[name] for name in Sweep.__dataclass_fields__}
    return Sweep(**{**values, "plan": plan_from_json(json.loads(row["plan"]))})
