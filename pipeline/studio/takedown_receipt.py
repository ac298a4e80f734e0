"""The receipt of a take-down: each copy, what was done with it, what could not be done and why; as a document and to be read."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from pipeline.database import Connection, Row
from pipeline.errors import UnknownName
from pipeline.studio.place import Place
from pipeline.studio.takedown_copies import Copy, Outcome, Scope, Where

SUBJECTS: Final = {Scope.ASSET: "one file and all that was made of it", Scope.CASE: "a whole invitation", Scope.CUSTOMER: "everything of a customer"}
PLACES: Final = {
    Where.PUBLIC: "in the public store",
    Where.CDN: "at the edge of the content network",
    Where.PRIVATE: "in our private store",
    Where.DISK: "in our data folder",
    Where.SANDBOX: "in our sandbox",
    Where.PROVIDER: "at the provider that makes the pictures",
    Where.WORK: "in work",
    Where.ELSEWHERE: "in another invitation",
}
HEADINGS: Final = {
    Outcome.REMOVED: "Removed",
    Outcome.KEPT: "Kept",
    Outcome.STUCK: "Could not be removed",
    Outcome.WAITING: "Still to be removed; it is tried again by itself",
}
SHOWN_HASH: Final = 12
# LIKE would take `Anna` for `anna`; a hash has no stroke, so what follows the case's id must have none.
OF_CASE: Final = """SELECT * FROM takedowns WHERE (scope = 'case' AND subject = :case) OR (scope = 'customer' AND subject = :owner)
    OR (scope = 'asset' AND substr(subject, 1, length(:case) + 1) = :case || '/' AND instr(substr(subject, length(:case) + 2), '/') = 0)
    ORDER BY asked_at DESC, id DESC"""


@dataclass(frozen=True, kw_only=True)
class Receipt:
    """What became of every copy of a take-down; `ended_at` is None while some still wait."""

    id: str
    scope: Scope
    subject: str
    person: str
    reason: str
    asked_at: str
    ended_at: str | None
    copies: tuple[Copy, ...]

    @property
    def counts(self) -> Mapping[str, int]:
        """How many copies came to which end."""
        found = Counter(one.outcome for one in self.copies)
        return {outcome.value: found[outcome] for outcome in Outcome}

    def document(self) -> dict[str, Any]:
        """Return it as `id, scope, subject, person, reason, asked_at, ended_at, counts, copies`; it names addresses, so it is for staff."""
        told = {"id": self.id, "scope": self.scope.value, "subject": self.subject, "person": self.person, "reason": self.reason}
        when = {"asked_at": self.asked_at, "ended_at": self.ended_at, "counts": dict(self.counts)}
        return {**told, **when, "copies": [one.document() for one in self.copies]}

    def text(self) -> str:
        """Return it to be read by the customer: without addresses that open a picture, without names of others, of colleagues or of machines."""
        state = f"ended {_minute(self.ended_at)}" if self.ended_at else "not ended yet"
        head = [f"Receipt {self.id}", f"Taken down: {SUBJECTS[self.scope]}, {_subject(self)}", f"Asked for {_minute(self.asked_at)}, {state}"]
        reason = [f"Reason: {self.reason}"] if self.reason else []
        found = [_part(self.copies, outcome) for outcome in HEADINGS]
        none = [] if self.copies else [["No copy was found."]]
        close = ["Nothing of it is kept again. Records of cost stay, without pictures."]
        return "\n\n".join("\n".join(lines) for lines in [[*head, *reason], *found, *none, close] if lines) + "\n"


def receipt(place: Place, takedown_id: str) -> Receipt:
    """Return the receipt of a take-down as it stands now; raises UnknownName."""
    with place.database.reading() as db:
        row = db.execute("SELECT * FROM takedowns WHERE id = ?", (takedown_id,)).fetchone()
        if row is None:
            raise UnknownName("There is no such take-down.")
        return _receipt(db, row)


def list_takedowns(place: Place) -> tuple[Receipt, ...]:
    """Return the receipts of all take-downs, newest first."""
    with place.database.reading() as db:
        return tuple(_receipt(db, row) for row in db.execute("SELECT * FROM takedowns ORDER BY asked_at DESC, id DESC").fetchall())


def of_case(place: Place, case_id: str, owner: str) -> tuple[Receipt, ...]:
    """Return the receipts of the take-downs of a case, of single files of it, and of everything of its customer; newest first."""
    with place.database.reading() as db:
        return tuple(_receipt(db, row) for row in db.execute(OF_CASE, {"case": case_id, "owner": owner}).fetchall())


def _receipt(db: Connection, row: Row) -> Receipt:
    copies = db.execute("SELECT * FROM takedown_copies WHERE takedown = ? ORDER BY number", (row["id"],)).fetchall()
    values = {name: row[name] for name in ("id", "subject", "person", "reason", "asked_at", "ended_at")}
    return Receipt(**values, scope=Scope(row["scope"]), copies=tuple(map(_copy, copies)))


def _copy(row: Row) -> Copy:
    values = {name: row[name] for name in ("what", "address", "case_id", "sha256", "bytes", "why", "at")}
    return Copy(**values, where=Where(row["place"]), outcome=Outcome(row["outcome"]))


def _subject(one: Receipt) -> str:
    case, _, sha256 = one.subject.rpartition("/")
    return f"{case}, file {sha256[:SHOWN_HASH]}" if one.scope is Scope.ASSET else one.subject


def _part(copies: tuple[Copy, ...], outcome: Outcome) -> list[str]:
    chosen = [one for one in copies if one.outcome is outcome]
    return [f"{HEADINGS[outcome]} ({len(chosen)}):", *map(_line, chosen)] if chosen else []


def _line(one: Copy) -> str:
    file = f", file {one.sha256[:SHOWN_HASH]}" if one.sha256 else ""
    when, why = (f", {_minute(one.at)}" if one.at else ""), (f": {one.why}" if one.why else "")
    return f"- {one.what} {PLACES[one.where]}{file}{when}{why}"


def _minute(at: str | None) -> str:
    return f"{at[:10]} {at[11:16]} UTC" if at else ""
