"""A studio without worker and provider: a real data folder and the real verbs; what a worker would do is done by hand, with the same functions."""

import atexit
import io
import json
import shutil
import tempfile
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

from PIL import Image

from pipeline import assets, runs
from pipeline.buying import Desk, Gate, calls
from pipeline.buying.points import Points
from pipeline.buying.settling import give_up, settle
from pipeline.database import Database, insert, update
from pipeline.errors import GenerationFailed
from pipeline.media.photos import Photo
from pipeline.providers.port import Delivery
from pipeline.records import Asset, AssetKind, Call, CallState, Case, Decision, Person, Plan, Run, RunKind, RunState, now
from pipeline.settings import load
from pipeline.studio import photos, portraits, reviews
from pipeline.studio.photos import Intake
from pipeline.studio.place import Place
from pipeline.turns import SWEEP
from pipeline.workflows.wishes import AvatarWish, ClipWish

ME = Person(name="me")
CASE, OWNER = "case-1", "anna"


class LittleStudio:
    """One data folder, opened, with hands that do a worker's work."""

    def __init__(self, folder: Path, *, customer: bool = False, **environment: str) -> None:
        """Open a folder; a new one is a copy of one made before, which takes a tenth of the time, with a customer in it if wished."""
        settings = load({"STUDIO_DATA": str(folder), **environment})
        if not (settings.folder / "studio.db").exists():
            shutil.copytree(_made_before(customer), settings.folder, dirs_exist_ok=True)
        self.place = Place(settings)
        self.desk = Desk(
            database=self.place.database,
            store=self.place.store,
            providers={},
            catalogue=self.place.catalogue,
            gate=Gate(10),
            points=Points(None),
            resend_below_micro_usd=1_000_000,
            settle_seconds=lambda _: 0.0,
        )

    def customer(self, case: str = CASE, owner: str = OWNER, *, plan: Plan = Plan.PREMIUM, photo: str | None = "blue") -> Case:
        """Open a case and, unless told otherwise, give it a photo."""
        opened = photos.open_case(self.place, case, owner, ME, plan=plan)
        return photos.put_photo(self.place, case, owner, intake(photo), ME) if photo and plan is Plan.PREMIUM else opened

    def case(self, case: str = CASE) -> Case:
        with self.place.database.reading() as db:
            row = db.execute("SELECT owner FROM cases WHERE id = ?", (case,)).fetchone()
        return photos.open_case(self.place, case, row["owner"], ME)

    def run(self, run: Run | str) -> Run:
        with self.place.database.reading() as db:
            return runs.get(db, run if isinstance(run, str) else run.id)

    def call(self, run: Run) -> Call:
        with self.place.database.reading() as db:
            return calls.filling(db, run.id, run.kind.value)

    def submit(self, run: Run) -> Call:
        """Take a run's call to where the provider has accepted it."""
        with self.place.database.writing() as tx:
            runs.begin(tx, run.id, run.attempt)
            call = calls.filling(tx, run.id, run.kind.value)
            call = calls.move(tx, call, CallState.SUBMITTING, sent_at=now(), sends=call.sends + 1)
            return calls.move(tx, call, CallState.SUBMITTED, request_id=f"request-{call.id}", accepted_at=now())

    def pay(self, run: Run, **body: Any) -> Call:
        """Submit a run's call and settle it as delivered."""
        return settle(self.desk, self.submit(run), Delivery(body={"seed": 1, **body}), now())

    def fail(self, run: Run) -> Run:
        """Let a run's call fail, which is free."""
        give_up(self.desk, self.call(run), GenerationFailed())
        with self.place.database.writing() as tx:
            runs.finish(tx, run.id, RunState.FAILED, GenerationFailed())
        return self.run(run)

    def succeed(self, run: Run) -> Asset:
        """Take a run to its end; return the avatar or the clip it made."""
        call = self.call(run)
        if call.state is CallState.HELD:
            call = self.pay(run)
        if run.kind is RunKind.AVATAR:
            main = self.keep(run, call, AssetKind.AVATAR, "image/jpeg", (run.source,))
            self.keep(run, call, AssetKind.AVATAR_DISPLAY, "image/webp", (main.sha256,))
        else:
            raw = self.keep(run, call, AssetKind.RAW_CLIP, "video/mp4", (run.source,))
            main = self.keep(run, call, AssetKind.CLIP, "video/mp4", (raw.sha256,))
            self.keep(run, call, AssetKind.POSTER, "image/webp", (raw.sha256,))
        with self.place.database.writing() as tx:
            update(tx, "outputs", {"run_id": run.id, "slot": run.kind.value}, {"asset": main.sha256})
            runs.finish(tx, run.id, RunState.SUCCEEDED)
        return main

    def avatar(self, case: str = CASE) -> Asset:
        """Return a new avatar of a case that waits for a decision."""
        number = self._next("avatar", case)
        return self.succeed(portraits.ask_next_avatar(self.place, case, self.case(case).owner, AvatarWish(), ME, number).run)

    def approved_avatar(self, case: str = CASE) -> Asset:
        """Return a new avatar of a case, approved."""
        return self._approved(self.avatar(case))

    def approved_clip(self, case: str = CASE) -> Asset:
        """Return a new clip of a new avatar, both approved."""
        avatar = self.approved_avatar(case)
        owner, number = self.case(case).owner, self._next("clip", case)
        return self._approved(self.succeed(portraits.ask_next_clip(self.place, case, owner, avatar.sha256, ClipWish(), ME, number).run))

    def _next(self, kind: str, case: str) -> int:
        return len(self.rows("SELECT 1 FROM runs WHERE case_id = ? AND kind = ?", case, kind)) + 1

    def _approved(self, asset: Asset) -> Asset:
        reviews.decide_on(self.place, asset, self.case(asset.scope).owner, Decision.APPROVED, ME)
        return asset

    def display_of(self, avatar: Asset) -> Asset:
        with self.place.database.reading() as db:
            return assets.children(db, avatar.scope, avatar.sha256, AssetKind.AVATAR_DISPLAY)[0]

    def assets(self) -> list[Asset]:
        with self.place.database.reading() as db:
            return assets.newest(db)

    def keep(self, run: Run, call: Call, kind: AssetKind, media_type: str, parents: tuple[str, ...]) -> Asset:
        """Keep a small stand-in file for what a call made."""
        facts = {"width_px": 512, "height_px": 512, "run_id": call.run_id, "call_id": call.id, "parents": parents}
        asset = Asset(scope=run.case_id, kind=kind, media_type=media_type, **facts)
        return assets.keep(self.place.database, self.place.store, f"{kind.value} of {call.id}".encode(), asset)

    def as_cell(self, run: Run, sweep: str) -> Run:
        """Make a run a cell of a sweep, which then exists; what was held for the run stays booked as it was."""
        with self.place.database.writing() as tx:
            update(tx, "runs", {"id": run.id}, {"sweep": sweep, "priority": SWEEP})
            if tx.execute("SELECT 1 FROM sweeps WHERE id = ?", (sweep,)).fetchone() is None:
                told = {"name": f"{sweep} presets", "kind": run.kind.value, "plan": json.dumps({"kind": run.kind.value, "axes": {}, "skips": []})}
                who = {"person": run.person, "team": run.team, "created_at": run.asked_at, "changed_by": run.person, "changed_at": run.asked_at}
                insert(tx, "sweeps", {"id": sweep, **told, **who, "version": 1, "started_at": run.asked_at})
        return self.run(run)

    def dump(self) -> dict[str, list[tuple[Any, ...]]]:
        """Return every row of every table."""
        with self.place.database.reading() as db:
            tables = [row["name"] for row in db.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")]
            return {table: [tuple(row) for row in db.execute(f"SELECT * FROM {table}")] for table in tables}

    def files(self) -> set[str]:
        """Return the path of every file in the store."""
        root = self.place.settings.folder / "objects"
        return {path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file() and "lock" not in path.name}

    def rows(self, query: str, *values: Any) -> list[dict[str, Any]]:
        with self.place.database.reading() as db:
            return [dict(row) for row in db.execute(query, values)]

    def let_time_pass(self, seconds: float) -> None:
        """Make everything that was asked for older by so many seconds."""
        with self.place.database.writing() as tx:
            for table, column in (("runs", "asked_at"), ("calls", "created_at")):
                for row in tx.execute(f"SELECT id, {column} AS at FROM {table}").fetchall():
                    earlier = datetime.fromtimestamp(datetime.fromisoformat(row["at"]).timestamp() - seconds, UTC)
                    update(tx, table, {"id": row["id"]}, {column: earlier.isoformat(timespec="microseconds")})


@cache
def _made_before(customer: bool) -> Path:
    folder = Path(tempfile.mkdtemp(prefix="little-studio-"))
    atexit.register(shutil.rmtree, folder)
    Database(folder / "sandbox", "sandbox").close()
    if customer:
        LittleStudio(folder).customer()
    return folder / "sandbox"


def intake(colour: str = "blue", *, side_px: int = 512) -> Intake:
    """Return a photo as the studio takes it in, told from others by its colour; no face is looked for."""
    buffer = io.BytesIO()
    Image.new("RGB", (side_px, side_px), colour).save(buffer, "JPEG")
    photo = Photo(data=buffer.getvalue(), media_type="image/jpeg", width_px=side_px, height_px=side_px)
    return Intake(photo=photo, crop=replace(photo, data=photo.data + b"\0"), faces=2, advice=(), name=f"{colour}.jpg")
