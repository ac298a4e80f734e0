"""Photos for comparing: the studio's own, of people who agreed to it, beside those of cases. A picture is named `scope/sha256`."""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass

from pipeline import assets, cases
from pipeline.database import Connection
from pipeline.errors import BadParameter, NotNow, UnknownName
from pipeline.records import STUDIO_SCOPE, Asset, AssetKind, Person, Plan, Role, RunKind
from pipeline.studio.people import check
from pipeline.studio.photos import Intake
from pipeline.studio.place import Place

LONGEST_NAME = 80
# A photo that is square already may be its own crop: the very same bytes are one file.
SOURCES = {RunKind.AVATAR: (AssetKind.CROP, AssetKind.PHOTO), RunKind.CLIP: (AssetKind.AVATAR,)}
LISTED = """SELECT a.sha256 FROM assets a WHERE a.scope = ? AND a.removed_at IS NULL AND (a.kind = 'crop' OR (a.kind = 'photo' AND NOT EXISTS (
    SELECT 1 FROM assets c, json_each(c.parents) p WHERE c.scope = a.scope AND c.kind = 'crop' AND p.value = a.sha256))) ORDER BY a.created_at"""


@dataclass(frozen=True, kw_only=True)
class Source:
    """A picture that a sweep can start from, and what people call it."""

    id: str
    name: str
    asset: Asset


def add(place: Place, name: str, intake: Intake, by: Person) -> Source:
    """Keep a test photo under a name; the same photo again is the one that exists.

    Raises NotAllowed, BadParameter for a name that is none, TakenDown for a photo that was taken down.
    """
    check(by, Role.MAKE)
    name = " ".join(name.split())
    if not name or len(name) > LONGEST_NAME or not name.isprintable():
        raise BadParameter(f"A test photo needs a name of 1 to {LONGEST_NAME} printable characters.", next="Say who is on it.")
    facts = {"faces": intake.faces, "name": name, "advice": [asdict(remark) for remark in intake.advice]}
    photo, crop = intake.photo, intake.crop
    with place.database.reading() as db:
        assets.check_wanted(db, STUDIO_SCOPE, [hashlib.sha256(one.data).hexdigest() for one in (photo, crop)])
    kept = Asset(
        scope=STUDIO_SCOPE, kind=AssetKind.PHOTO, media_type=photo.media_type, width_px=photo.width_px, height_px=photo.height_px, facts=facts
    )
    whole = assets.put(place.store, photo.data, kept)
    cut = Asset(scope=STUDIO_SCOPE, kind=AssetKind.CROP, media_type=crop.media_type, width_px=crop.width_px, height_px=crop.height_px, facts=facts)
    square = assets.put(place.store, crop.data, Asset(**{**cut.__dict__, "parents": (whole.sha256,)}))
    with assets.unless_taken_down(place.database, place.store, whole, square), place.database.writing() as tx:
        if cases.look_up(tx, STUDIO_SCOPE) is None:
            cases.create(tx, case_id=STUDIO_SCOPE, owner=STUDIO_SCOPE, name="Test photos", plan=Plan.PREMIUM, by=by)
        assets.record(tx, whole)
        square = assets.record(tx, square)
    return _source(square, name)


def listing(place: Place) -> tuple[Source, ...]:
    """Return the test photos that were not removed, oldest first."""
    with place.database.reading() as db:
        found = [assets.get(db, STUDIO_SCOPE, row["sha256"]) for row in db.execute(LISTED, (STUDIO_SCOPE,)).fetchall()]
    return tuple(_source(asset, _name(asset)) for asset in found)


def of_case(place: Place, case_id: str, kind: RunKind) -> Source:
    """Return what a sweep on a case starts from, its photo's crop or its approved avatar; raises UnknownName, NotNow while there is none."""
    with place.database.reading() as db:
        case = cases.look_up(db, case_id)
        if case is None or case_id == STUDIO_SCOPE:
            raise UnknownName(f"There is no case {case_id[:80]!r}.")
        sha256 = case.crop if kind is RunKind.AVATAR else case.avatar
        if sha256 is None:
            raise NotNow("This case has no photo yet." if kind is RunKind.AVATAR else "This case has no approved avatar yet.")
        return _source(assets.get(db, case_id, sha256), case.name)


def made_by(place: Place, run_id: str) -> Source:
    """Return the avatar that a cell made, so that clips of it can be compared; raises UnknownName, NotNow while there is none."""
    with place.database.reading() as db:
        row = db.execute(
            "SELECT o.asset, r.case_id FROM runs r JOIN outputs o ON o.run_id = r.id WHERE r.id = ? AND r.kind = 'avatar'", (run_id,)
        ).fetchone()
        name = f"{row['case_id']}/{row['asset']}" if row is not None else ""
        source = find(db, RunKind.CLIP, [name]).get(name)
    if source is None:
        raise NotNow("This cell has no avatar that could be animated.", next="Choose a finished one.")
    return source


def find(db: Connection, kind: RunKind, ids: Iterable[str]) -> Mapping[str, Source]:
    """Return the pictures of these names that are there, not removed, and fit for this kind of sweep."""
    found: dict[str, Source] = {}
    for one in ids:
        scope, _, sha256 = one.rpartition("/")
        try:
            asset = assets.get(db, scope, sha256)
        except UnknownName:
            continue
        case = cases.look_up(db, scope)
        if case is not None and asset.removed_at is None and asset.kind in SOURCES[kind]:
            found[one] = _source(asset, _name(asset) if scope == STUDIO_SCOPE else case.name)
    return found


def _source(asset: Asset, name: str) -> Source:
    return Source(id=f"{asset.scope}/{asset.sha256}", name=name, asset=asset)


def _name(asset: Asset) -> str:
    return str(asset.facts.get("name") or f"Picture {asset.sha256[:8]}")
