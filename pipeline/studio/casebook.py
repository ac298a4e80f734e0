"""The cases as support works with them: found by name or id, opened, and looked at with everything that belongs to one."""

import hashlib
import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from pipeline import assets, cases, runs
from pipeline.cases import Attempts
from pipeline.database import Connection, Row
from pipeline.errors import BadParameter, NotNow, WrongOwner
from pipeline.identifiers import tidy_id
from pipeline.ledger import Totals
from pipeline.ledger.reports import balance
from pipeline.publishing import publications
from pipeline.publishing.publications import Publication
from pipeline.records import RUN_ENDED, STUDIO_SCOPE, Asset, AssetKind, Case, Decision, Person, Plan, Role, RunKind, RunState
from pipeline.studio import grants, history, standing
from pipeline.studio.finding import CaseLine, CasePage, clean, find, search, thumb_of
from pipeline.studio.grants import Grant
from pipeline.studio.history import Attempt
from pipeline.studio.offers import ANYBODY, Offer, offer
from pipeline.studio.people import check
from pipeline.studio.place import Place
from pipeline.studio.replies import Reply, write
from pipeline.studio.samples import PREFIX
from pipeline.studio.seen import Seen, question_of, seen_of
from pipeline.studio.standing import CaseState
from pipeline.studio.undecided import Undecided, explain

__all__ = ["CaseLine", "CasePage", "CaseState", "CaseView", "find", "look", "open_new", "search", "thumb_of"]

LONGEST_NAME = 5000
HISTORY = 200
ID_LETTERS = 32


@dataclass(frozen=True, kw_only=True)
class CaseView:
    """A case with everything that belongs to it.

    `faces` is None for a photo nobody counted them in. Candidates belong to the present photo or avatar and wait for a decision, newest first;
    what was decided and withdrawn waits again. `failed` holds the newest run of each kind if it failed and is no lost request, `older_clip` the
    clip that was approved for an avatar before the present one, `questions` the lost requests, `live` what guests see. `avatars` and
    `clips` count what was asked for: one more is the next number.
    """

    case: Case
    state: CaseState
    photo: Asset | None
    crop: Asset | None
    faces: int | None
    advice: tuple[str, ...]
    avatar: Seen | None
    clip: Seen | None
    candidates: tuple[Seen, ...]
    running: tuple[Seen, ...]
    failed: tuple[Seen, ...]
    older_clip: Seen | None
    questions: tuple[Undecided, ...]
    attempts: Attempts
    grants: tuple[Grant, ...]
    money: Totals
    avatars: int
    clips: int
    avatar_offer: Offer
    clip_offer: Offer
    history: tuple[Attempt, ...]
    reply: Reply
    live: Mapping[AssetKind, Publication]

    @property
    def clip_of_older_avatar(self) -> bool:
        """True while the approved clip shows an avatar that was replaced and no new clip is there or on its way."""
        return self.older_clip is not None


def open_new(place: Place, *, case_id: str, owner: str, name: str, plan: Plan, by: Person) -> Case:
    """Open a case; without an id it gets a readable one from its name and owner, so that a form sent twice opens one case.

    Without an owner id the invitation's own stands for it. Raises NotAllowed, BadParameter for neither of the two, as a name alone may be another
    customer's too, for ids over 200 characters and for the studio's own, WrongOwner or NotNow when the id belongs to another case.
    """
    check(by, Role.MAKE)
    case_id, owner, name = clean(case_id), clean(owner), " ".join(clean(name).split())[:LONGEST_NAME]
    if not case_id and not owner:
        raise BadParameter("A case needs the invitation id or the owner id.", next="One is enough; a name alone may be another customer's too.")
    if not case_id and not name:
        raise BadParameter("A case needs an id or a name.", next="Write the name as the customer wrote it.")
    case_id = case_id or _readable_id(owner, name)
    owner = owner or case_id
    if tidy_id(case_id) == STUDIO_SCOPE:
        raise BadParameter("This id is the studio's own, for its test photos.", next="Choose another id.")
    with place.database.writing() as tx:
        known = cases.look_up(tx, case_id)
        if known is None:
            return cases.create(tx, case_id=case_id, owner=owner, name=name or case_id, plan=plan, by=by)
    case_id = known.id
    if tidy_id(known.owner) != tidy_id(owner):
        raise WrongOwner("A case with this id exists already and belongs to somebody else.")
    if (known.name, known.plan) != (name or case_id, plan):
        raise NotNow("A case with this id exists already, with another name or plan.", next="Search for it, or choose another id.")
    return known


def look(place: Place, case_id: str, by: Person = ANYBODY) -> CaseView:
    """Return a case with everything that belongs to it, of one moment, and what `by` can ask for; raises UnknownName.

    Its history holds the newest 200 runs.
    """
    with place.database.reading() as db:
        db.execute("BEGIN")
        case = find(db, case_id)
        rows = db.execute(RUNS, (case.id,)).fetchall()
        tried = history.attempts(place, db, case, limit=HISTORY)
        known = {attempt.seen.run.id: attempt.seen for attempt in tried}
        return CaseView(
            case=case,
            state=standing.state_of(case, standing.count(db, [case.id])[case.id]),
            attempts=cases.attempts(db, case.id, place.settings.attempts),
            grants=grants.of_case(db, case.id),
            money=balance(db, "case", case.id, "ever"),
            questions=_questions(place, db, case),
            avatars=sum(row["kind"] == RunKind.AVATAR for row in rows),
            clips=sum(row["kind"] == RunKind.CLIP for row in rows),
            avatar_offer=offer(place, db, case, RunKind.AVATAR, by),
            clip_offer=offer(place, db, case, RunKind.CLIP, by),
            history=tried,
            reply=write(place, db, case),
            live=publications.live(db, case.id),
            **_photo(db, case),
            **_seen(case, rows, lambda run_id: known.get(run_id) or seen_of(place, db, runs.get(db, run_id))),
        )


RUNS = """SELECT r.id, r.kind, r.state, r.source, r.photo_version, a.sha256 AS made, a.removed_at, EXISTS (
        SELECT 1 FROM outputs f JOIN calls c ON c.id = f.call_id WHERE f.run_id = r.id AND r.state <> 'succeeded' AND c.needs_decision = 1) AS lost, (
        SELECT nullif(decision, 'undone') FROM approvals p WHERE p.scope = a.scope AND p.asset = a.sha256
        ORDER BY p.at DESC, p.rowid DESC LIMIT 1) AS decision
    FROM runs r LEFT JOIN outputs o ON o.run_id = r.id AND r.state = 'succeeded'
    LEFT JOIN assets a ON a.scope = r.case_id AND a.sha256 = o.asset
    WHERE r.case_id = ? AND r.sweep IS NULL ORDER BY r.asked_at DESC, r.id DESC"""


def _photo(db: Connection, case: Case) -> dict[str, Any]:
    photo = assets.get(db, case.id, case.photo) if case.photo else None
    crop = assets.get(db, case.id, case.crop) if case.crop else None
    facts = photo.facts if photo else {}
    return {"photo": photo, "crop": crop, "faces": facts.get("faces"), "advice": tuple(remark["say"] for remark in facts.get("advice", ()))}


def _seen(case: Case, rows: list[Row], see: Callable[[str], Seen]) -> dict[str, Any]:
    now = [row for row in rows if row["photo_version"] == case.photo_version]
    clips = [row for row in now if row["kind"] == RunKind.CLIP]
    newest = [row for row in (next((row for row in now if row["kind"] == kind), None) for kind in RunKind) if row]
    picked = {
        "candidates": _candidates(case, now),
        "running": [row for row in rows if row["state"] not in RUN_ENDED],
        "failed": [row for row in newest if row["state"] == RunState.FAILED and not row["lost"]],
    }
    one = {"avatar": _maker(rows, case.avatar), "clip": _maker(rows, case.clip), "older_clip": _older_clip(case, clips)}
    return {
        **{name: tuple(see(row["id"]) for row in some) for name, some in picked.items()},
        **{name: see(row["id"]) if row else None for name, row in one.items()},
    }


def _maker(rows: list[Row], made: str | None) -> Row | None:
    return next((row for row in rows if made is not None and row["made"] == made), None)


def _candidates(case: Case, rows: list[Row]) -> list[Row]:
    """Return the newest run of each finished file that waits for a decision."""
    newest: dict[str, Row] = {}
    for row in rows:
        waits = row["made"] and not row["removed_at"] and row["decision"] in (None, Decision.WITHDRAWN)
        if waits and row["made"] not in (case.avatar, case.clip) and (row["kind"] == RunKind.AVATAR or row["source"] == case.avatar):
            newest.setdefault(row["made"], row)
    return list(newest.values())


def _older_clip(case: Case, clips: list[Row]) -> Row | None:
    """Return the newest clip that was approved for an avatar before the present one, unless the present one has a clip or one on its way."""
    renewed = any(row["source"] == case.avatar and row["state"] not in (RunState.FAILED, RunState.CANCELLED) for row in clips)
    if case.avatar is None or case.clip is not None or renewed:
        return None
    return next((row for row in clips if row["source"] != case.avatar and row["decision"] == Decision.APPROVED and not row["removed_at"]), None)


def _questions(place: Place, db: Connection, case: Case) -> tuple[Undecided, ...]:
    rows = db.execute(
        """SELECT q.id FROM calls q WHERE q.case_id = ? AND q.state = 'unknown' AND q.needs_decision = 1
            AND EXISTS (SELECT 1 FROM outputs o JOIN runs r ON r.id = o.run_id WHERE o.call_id = q.id AND r.sweep IS NULL) ORDER BY q.created_at""",
        (case.id,),
    )
    return tuple(explain(place, db, question_of(place, db, row["id"])) for row in rows.fetchall())


def _readable_id(owner: str, name: str) -> str:
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    words = re.sub("[^a-z0-9]+", "-", plain).strip("-")[:ID_LETTERS].strip("-") or "case"
    mark = hashlib.sha256(f"{owner}\n{name}".encode()).hexdigest()[:6]
    return f"{'case-' if words.startswith(PREFIX.rstrip('-')) else ''}{words}-{mark}"
