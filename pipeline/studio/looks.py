"""What a run, an asset or the ledger looks like from outside: plain documents that scripts stand on."""

from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from pipeline import assets, cases, ledger, runs
from pipeline.buying import calls
from pipeline.database import Connection
from pipeline.errors import BadOutputFolder
from pipeline.records import Asset, AssetKind, Call, Run, RunKind
from pipeline.studio.place import Place, objects_folder

Where = Callable[[Asset], str | None]
Document = dict[str, Any]


def portrait(place: Place, run: Run, where: Where) -> Document:
    """Describe a portrait: `run, case, mode, cost_micro_usd, avatar, clip, poster`; files are null until made."""
    with place.database.reading() as db:
        made = {asset.kind: asset for asset in files_of(db, run)}
        cost = ledger.totals(db, run_id=run.id).charged_micro_usd
        return {
            "run": run.id,
            "case": run.case_id,
            "mode": place.settings.mode,
            "state": run.state.value,
            "cost_micro_usd": cost,
            "settings": dict(run.settings),
            "avatar": _file(db, made.get(AssetKind.AVATAR_DISPLAY), where),
            "original": _file(db, made.get(AssetKind.AVATAR), where),
            "clip": _file(db, made.get(AssetKind.CLIP), where),
            "poster": _file(db, made.get(AssetKind.POSTER), where),
        }


def files_of(db: Connection, run: Run) -> list[Asset]:
    """Return the finished files a run shows, also those it re-used from another run."""
    row = db.execute("SELECT asset FROM outputs WHERE run_id = ? AND asset IS NOT NULL", (run.id,)).fetchone()
    if row is None:
        return []
    main = assets.get(db, run.case_id, row["asset"])
    if run.kind is RunKind.AVATAR:
        return [main, *assets.children(db, run.case_id, main.sha256, AssetKind.AVATAR_DISPLAY)[:1]]
    posters = [p for p in assets.children(db, run.case_id, main.parents[0], AssetKind.POSTER) if p.run_id == main.run_id]
    return [main, *posters[:1]]


def run_line(place: Place, run: Run) -> Document:
    """Describe a run in one line: `run, kind, case, state, cost_micro_usd`, the sweep it is a cell of, and when, who, stage and error."""
    with place.database.reading() as db:
        cost = ledger.totals(db, run_id=run.id).charged_micro_usd
    line = {"run": run.id, "kind": run.kind.value, "case": run.case_id, "state": run.state.value, "cost_micro_usd": cost}
    return {
        **line,
        "sweep": run.sweep,
        "stage": run.stage,
        "person": run.person,
        "asked_at": run.asked_at,
        "ended_at": run.ended_at,
        "error": run.error,
    }


def run_in_full(place: Place, run: Run, where: Where) -> Document:
    """Describe a run with its calls, ledger lines and files."""
    with place.database.reading() as db:
        bought = [_call(call) for call in calls.of_run(db, run.id)]
        lines = [entry_line(entry) for entry in ledger.entries(db, run_id=run.id)]
        output = db.execute("SELECT reused, unfit FROM outputs WHERE run_id = ?", (run.id,)).fetchone()
    whole = {**run_line(place, run), **portrait(place, run, where), "kind": run.kind.value, "attempt": run.attempt, "calls": bought, "ledger": lines}
    return {**whole, "reused": bool(output and output["reused"]), "unfit": output["unfit"] if output else None}


def entry_line(entry: ledger.Entry) -> Document:
    """Describe a ledger line: `at, kind, call, endpoint, unit, quantity, micro_usd` and whom it was for."""
    line = {
        "at": entry.at,
        "kind": entry.kind.value,
        "call": entry.call_id,
        "endpoint": entry.endpoint,
        "unit": entry.unit,
        "quantity": entry.quantity,
    }
    more = {
        "run": entry.run_id,
        "case": entry.case_id,
        "person": entry.person,
        "price": entry.price_id,
        "basis": entry.basis.value,
        "flag": entry.flag,
    }
    return {**line, "micro_usd": entry.micro_usd, **more}


def asset_line(place: Place, asset: Asset, where: Where) -> Document:
    """Describe an asset with its decision."""
    with place.database.reading() as db:
        decision = cases.decision_of(db, asset.scope, asset.sha256)
        described = _file(db, asset, where) or {}
    line = {"case": asset.scope, "kind": asset.kind.value, "run": asset.run_id, "decision": decision.value if decision else None}
    return {**described, **line, "created_at": asset.created_at}


def newest_runs(place: Place, limit: int, *, case_id: str | None = None) -> list[Run]:
    """Return the newest runs, newest first."""
    with place.database.reading() as db:
        return runs.newest(db, limit, case_id=case_id)


def copy_out(place: Place, asset: Asset, folder: Path, name: str) -> Path:
    """Write an asset's proven bytes into a folder under this name and return the path; other bytes by that name are left alone.

    Raises BadOutputFolder when the folder cannot be written to.
    """
    data = assets.read(place.store, asset)
    path = folder / name
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if path.exists() and path.read_bytes() != data:
            path = folder / f"{path.stem}-{asset.sha256[:8]}{path.suffix}"
        draft = path.with_name(path.name + ".tmp")
        draft.write_bytes(data)
        draft.replace(path)
    except OSError as error:
        raise BadOutputFolder("The result is kept in the studio, but could not be copied to that folder.") from error
    return path


def path_of(place: Place, asset: Asset) -> str | None:
    """Return where an asset's bytes lie on this machine; None when the store is elsewhere."""
    path = objects_folder(place.settings) / asset.key
    return str(path) if not place.settings.r2_private_bucket_name and path.exists() else None


def _file(db: Connection, asset: Asset | None, where: Where) -> Document | None:
    if asset is None:
        return None
    facts = {"path": where(asset), "sha256": asset.sha256, "media_type": asset.media_type, "width_px": asset.width_px, "height_px": asset.height_px}
    document: Document = {**facts, "bytes": asset.bytes}
    if asset.seconds is not None:
        document["seconds"] = asset.seconds
    if asset.kind in (AssetKind.AVATAR, AssetKind.AVATAR_DISPLAY):
        master = asset.parents[0] if asset.kind is AssetKind.AVATAR_DISPLAY else asset.sha256
        document["likeness"] = likeness_of(db, asset.scope, master)
    return document


def likeness_of(db: Connection, scope: str, avatar: str) -> Document:
    """Return the likeness of an avatar: the face least alike counts; `score` = 1 − distance cut to 0…1; null with a reason where not measurable."""
    faces = assets.likeness(db, scope, avatar)
    measured = [face for face in faces if face["distance"] is not None]
    if not measured:
        reason = faces[0]["reason"] if faces else "not measured yet"
        return {"score": None, "distance": None, "band": "not measurable", "reason": reason, "faces": len(faces)}
    worst = max(measured, key=lambda face: face["distance"])
    score = round(min(max(1 - worst["distance"], 0.0), 1.0), 4)
    missing = f"{len(faces) - len(measured)} of {len(faces)} faces not measurable" if len(measured) < len(faces) else None
    return {"score": score, "distance": round(worst["distance"], 4), "band": worst["band"], "reason": missing, "faces": len(faces)}


def _call(call: Call) -> Document:
    names = ("id", "slot", "try_number", "provider", "endpoint", "served_endpoint", "request_id", "hold_micro_usd", "unit", "quantity", "price_id")
    line = {name: getattr(call, name) for name in names}
    more = {"state": call.state.value, "sends": call.sends, "status_requests": call.status_requests, "needs_decision": call.needs_decision}
    return {**line, **more, "accepted_at": call.accepted_at, "finished_at": call.finished_at, "error": call.error}


def ledger_lines(place: Place) -> list[Document]:
    """Return every ledger line, oldest first."""
    with place.database.reading() as db:
        return [entry_line(entry) for entry in ledger.entries(db)]


def ledger_totals(place: Place) -> Document:
    """Return `held_micro_usd` and `charged_micro_usd`."""
    with place.database.reading() as db:
        return asdict(ledger.totals(db))
