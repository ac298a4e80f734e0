"""From a photo to an avatar, and from an approved avatar to a looping clip.

Each paragraph says what remains true if the power goes off right after it. Every step may be run again: it finds what is there.
"""

import errno
import hashlib
import logging
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from pipeline import assets, runs, turns
from pipeline.buying import buy, calls, deliver
from pipeline.buying.delivery import scratch_file
from pipeline.buying.settling import give_up
from pipeline.database import Connection, update
from pipeline.engine import durable
from pipeline.errors import BeingLookedUp, Cancelled, DatabaseBusy, DiskFull, DownloadFailed, Flagged, OutcomeUnknown, StudioError, TakenDown
from pipeline.ledger.reports import charged_for
from pipeline.media.clips import ClipRecipe, encode_clip
from pipeline.media.models import model_hash
from pipeline.media.provenance import marked_mp4, marked_webp
from pipeline.media.stills import display_copy
from pipeline.records import CALL_OPEN, CALL_UNSENT, Asset, AssetKind, Call, CallState, Run, RunKind, RunState
from pipeline.stages import Stage
from pipeline.workflows.bench import bench
from pipeline.workflows.wishes import SLOTS

log = logging.getLogger("pipeline.portrait")
BOUGHT = {RunKind.AVATAR: AssetKind.AVATAR, RunKind.CLIP: AssetKind.RAW_CLIP}
STAGE_PATIENCE_SECONDS = 0.5
Json = dict[str, Any]


@durable.workflow("portrait")
def make_portrait(run_id: str, attempt: int, kind: str, priority: int) -> str:
    """Make what a run asks for, up to where it waits for a person's approval."""
    # 1. Buy, and show a picture as soon as it is there. If we die here, the next attempt finds the call where it stands and goes on from there.
    order = _buy(run_id, attempt)
    if order is None:
        return "ended"
    # 2. Encode a clip, measure an avatar. If we die here, what was bought is kept; only this is done again.
    made = durable.child("cpu", finish_part, f"{run_id}.{attempt}.finish", priority, kind, order)
    # 3. Write down what there is and end the run. If we die here, the same rows are written again.
    return str(_conclude(run_id, made))


@durable.workflow("portrait-finish")
def finish_part(kind: str, order: Json) -> Json:
    """Encode and measure; on the `cpu` queue, possibly on another machine, so it takes and gives stored keys and facts alone."""
    return dict(_finish(kind, order))


@durable.step("buy")
def _buy(run_id: str, attempt: int) -> Json | None:
    """Buy and fetch; return what finishing needs, or None when the run has ended."""
    desk = bench().buying
    with desk.database.writing(relaxed=True) as tx:
        if not runs.begin(tx, run_id, attempt):
            return None
        run = runs.get(tx, run_id)
        call = calls.filling(tx, run_id, SLOTS[run.kind])

    def tell(words: str, progress: float) -> None:
        _say_stage(call.id, words, progress)

    try:
        call = buy(desk, call.id, turn=turns.turn_of(run), tell=tell, check=lambda: _check_wanted(run_id))
        _check(call)
        tell(Stage.FETCHING, 0.82)
        asset = deliver(desk, call, BOUGHT[run.kind], bench().tmp)
        return _bought(run, call, asset)
    except Exception as error:  # the outermost frame of a purchase: whatever breaks, no cent of it is lost sight of
        _break_off(run, attempt, error)
    return None


def _say_stage(call_id: str, words: str, progress: float) -> None:
    """Write what is happening, if that can be done now: words are not worth a purchase, and the next ones follow."""
    try:
        with bench().buying.database.writing(relaxed=True, patience_seconds=STAGE_PATIENCE_SECONDS) as tx:
            runs.stage_of_call(tx, call_id, words, progress)
    except Exception as error:
        log.warning("a stage was not written", extra={"call": call_id, "error": type(error).__name__})


def _break_off(run: Run, attempt: int, error: Exception) -> None:
    """End a run with words; one whose trouble passes, or whose request may still come to something, stays live for its next attempt."""
    desk, said = bench().buying, _in_words(run.id, error)
    if isinstance(error, Cancelled):
        return _end(run, RunState.CANCELLED, error)
    with desk.database.reading() as db:
        call = calls.filling(db, run.id, SLOTS[run.kind])
        goes_on = call.state not in CALL_UNSENT and calls.is_unfinished(db, call) and not isinstance(error, TakenDown)
        unwanted = call.state is CallState.SUCCEEDED and runs.get(db, run.id).cancel_asked_at is not None
    if goes_on and unwanted:
        return _end(run, RunState.CANCELLED, Cancelled())
    if _passes(error) or goes_on:
        log.warning("a run is tried again", extra={"run": run.id, "error": type(error).__name__})
        stage = Stage.FETCHING_AGAIN if isinstance(error, DownloadFailed) else Stage.TRYING_AGAIN
        with desk.database.writing() as tx:
            runs.keep_trying(tx, run.id, attempt, stage, with_charge(tx, run, said))
        return None
    if call.state in CALL_UNSENT and call.run_id == run.id:
        give_up(desk, call, said)
    return _end(run, RunState.FAILED, said)


def _bought(run: Run, call: Call, asset: Asset) -> Json:
    desk = bench().buying
    elsewhere = call.served_endpoint is not None and call.served_endpoint != call.endpoint
    unfit = f"served by {call.served_endpoint}, not by {call.endpoint}" if elsewhere else None
    changes: Json = {"unfit": unfit} if run.kind is RunKind.CLIP else {"asset": asset.sha256, "unfit": unfit}
    display = _display_of(asset) if run.kind is RunKind.AVATAR else None
    with assets.unless_taken_down(desk.database, desk.store, *([display] if display else [])), desk.database.writing() as tx:
        update(tx, "outputs", {"run_id": run.id, "slot": SLOTS[run.kind]}, changes)
        if display:
            assets.record(tx, display)
        runs.stage(tx, run.id, Stage.MEASURING if run.kind is RunKind.AVATAR else Stage.ENCODING, 0.85)
        stopped = runs.get(tx, run.id).cancel_asked_at is not None
        source = assets.get(tx, run.case_id, run.source)
    desk.points.reach("after-output")
    if stopped:
        raise Cancelled("It was cancelled after the provider had finished; the result is kept as history.")
    recipe = {name: run.settings.get(name) for name in ("loop", "portrait")}
    return {"run": run.id, "bought": asdict(asset), "source": asdict(source), "recipe": recipe}


def _display_of(master: Asset) -> Asset:
    """Make the copy that screens show; it is there before the likeness is, which takes ten pictures at one time a second or two."""
    made = _made(display_copy(assets.read(bench().store, master)), master, AssetKind.AVATAR_DISPLAY, "image/webp", 512, 512)
    bench().buying.points.reach("after-display-copy")
    return made


@durable.step("finish")
def _finish(kind: str, order: Json) -> Json:
    try:
        bought, source = _asset(order["bought"]), _asset(order["source"])
        with bench().cores:
            made = _measure_avatar(bought, source) if kind == RunKind.AVATAR.value else _finish_clip(bought, order["recipe"])
        return {"run": order["run"], **made}
    except Exception as error:  # the outermost frame on this machine
        said = _in_words(order["run"], error)
        log.warning("finishing failed", extra={"run": order["run"], "error": type(said).__name__})
        told = {**said.as_json(), "fault": said.fault.value, "retry": said.retry}
        return {"run": order["run"], "error": told, "passes": _passes(error)}


def _measure_avatar(master: Asset, crop: Asset) -> Json:
    store = bench().store
    faces = bench().measurer.compare(assets.read(store, crop), assets.read(store, master))
    rows = [{"distance": f.distance, "detector_score": f.detector_score, "band": f.band.value, "reason": f.reason} for f in faces]
    return {"assets": [], "measured": master.sha256, "likeness": rows, "model_hash": model_hash()}


def _finish_clip(raw: Asset, recipe: Mapping[str, Any]) -> Json:
    shape = ClipRecipe(height_px=960 if recipe["portrait"] else 720, loop=bool(recipe["loop"]))
    with scratch_file(bench().tmp, assets.read(bench().store, raw)) as source:
        made = encode_clip(source, source.parent, shape, ffmpeg=bench().ffmpeg)
        facts = made.facts
        clip = _made(marked_mp4(made.clip.read_bytes()), raw, AssetKind.CLIP, "video/mp4", facts.width_px, facts.height_px, facts.seconds)
        poster = _made(
            marked_webp(made.poster.read_bytes(), facts.width_px, facts.height_px),
            raw,
            AssetKind.POSTER,
            "image/webp",
            facts.width_px,
            facts.height_px,
        )
    if bench().desk:
        bench().buying.points.reach("after-encoding")
    return {"assets": [asdict(clip), asdict(poster)]}


def _made(data: bytes, parent: Asset, kind: AssetKind, media_type: str, width_px: int, height_px: int, seconds: float | None = None) -> Asset:
    run = {"run_id": parent.run_id, "call_id": parent.call_id, "parents": (parent.sha256,)}
    asset = Asset(scope=parent.scope, kind=kind, media_type=media_type, width_px=width_px, height_px=height_px, seconds=seconds, **run)  # type: ignore[arg-type]
    if desk := bench().desk:
        with desk.database.reading() as db:
            assets.check_wanted(db, parent.scope, [hashlib.sha256(data).hexdigest(), parent.sha256])
    return assets.put(bench().store, data, asset)


@durable.step("conclude")
def _conclude(run_id: str, made: Json) -> str:
    desk = bench().buying
    desk.points.reach("before-the-end")
    files = [_asset(row) for row in made.get("assets", ())]
    try:
        with assets.unless_taken_down(desk.database, desk.store, *files), desk.database.writing() as tx:
            state = _written(tx, runs.get(tx, run_id), made, files)
    except TakenDown as error:
        with desk.database.reading() as db:
            run = runs.get(db, run_id)
        _end(run, RunState.FAILED, error)
        return RunState.FAILED.value
    if state is RunState.SUCCEEDED:
        desk.points.reach("after-the-end")
        log.info("a run ended", extra={"run": run_id, "state": state.value})
    return state.value


def _written(tx: Connection, run: Run, made: Json, files: Sequence[Asset]) -> RunState:
    """Write down what finishing came to and end the run; raises TakenDown, after which nothing is written."""
    assets.check_wanted(tx, run.case_id, [run.source, *([made["measured"]] if "measured" in made else [])])
    if "error" in made:
        return _not_finished(tx, run, made)
    kept = [assets.record(tx, file) for file in files]
    if run.kind is RunKind.AVATAR:
        master = assets.get(tx, run.case_id, made["measured"])
        rows = [{**row, "model_hash": made["model_hash"]} for row in made["likeness"]]
        assets.measured(tx, master, run.source, rows)
    else:
        update(tx, "outputs", {"run_id": run.id, "slot": "clip"}, {"asset": kept[0].sha256})
    runs.finish(tx, run.id, RunState.SUCCEEDED)
    return RunState.SUCCEEDED


def _not_finished(tx: Connection, run: Run, made: Json) -> RunState:
    """Leave a run live whose trouble passes: what was bought is kept, so that the next attempt only encodes or measures again."""
    said = with_charge(tx, run, StudioError.from_json(made["error"]))
    if run.cancel_asked_at is None and made.get("passes"):
        runs.keep_trying(tx, run.id, run.attempt, Stage.TRYING_AGAIN, said)
        return RunState.WORKING
    runs.finish(tx, run.id, RunState.FAILED, said)
    return RunState.FAILED


def _check_wanted(run_id: str) -> None:
    with bench().buying.database.reading() as db:
        if runs.get(db, run_id).cancel_asked_at is not None:
            raise Cancelled


def _check(call: Call) -> None:
    if call.state is CallState.CANCELLED:
        raise Cancelled
    if call.needs_decision:
        raise StudioError.from_json(call.error or BeingLookedUp().as_json())
    if call.state is CallState.SUCCEEDED and call.error is not None and call.error["error"] == Flagged.__name__:
        raise Flagged
    if call.state is not CallState.SUCCEEDED:
        raise StudioError.from_json(call.error or OutcomeUnknown().as_json())


def _end(run: Run, state: RunState, error: StudioError) -> None:
    with bench().buying.database.writing() as tx:
        runs.finish(tx, run.id, state, with_charge(tx, run, error))
    log.warning("a run ended", extra={"run": run.id, "state": state.value, "error": type(error).__name__, "charged": error.charged})


def _passes(error: Exception) -> bool:
    """Tell whether trouble may be over at the next attempt: a busy database, a full disk, and whatever nobody foresaw."""
    return not isinstance(error, StudioError) or isinstance(error, DatabaseBusy | DiskFull)


def _in_words(run_id: str, error: Exception) -> StudioError:
    if isinstance(error, StudioError):
        return error
    log.exception("a run broke", extra={"run": run_id})
    return DiskFull() if isinstance(error, OSError) and error.errno == errno.ENOSPC else StudioError()


def with_charge(tx: Connection, run: Run, error: StudioError) -> StudioError:
    """Return the error with what is true of its money: charged once the provider was paid, not known yet while its request is open."""
    call = calls.filling(tx, run.id, SLOTS[run.kind])
    if call.state in CALL_OPEN - CALL_UNSENT:
        error.charged = None
    if error.charged is False and call.run_id == run.id and charged_for(tx, call.id) > 0:
        error.charged = True
    return error


def _asset(row: Mapping[str, Any]) -> Asset:
    return Asset(**{**row, "kind": AssetKind(row["kind"]), "parents": tuple(row["parents"])})
