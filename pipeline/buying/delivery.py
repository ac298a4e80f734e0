"""From a paid result to a kept file: download at once, check all of it, store it under its hash. A failure here never buys anything again."""

import contextlib
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from pipeline import assets
from pipeline.buying import calls
from pipeline.buying.desk import Desk
from pipeline.errors import BrokenMedia, ClipTooShort, DownloadFailed, NoPicture, NothingShown, NotSent, ResultLost, StudioError
from pipeline.media.decoding.clipfacts import ClipFacts
from pipeline.media.probe import decode_fully
from pipeline.media.stills import check_still
from pipeline.records import Asset, AssetKind, Call

LIMIT_BYTES = {AssetKind.AVATAR: 50_000_000, AssetKind.RAW_CLIP: 500_000_000}
TRIES = 4
# Models round and trim; a clip under this share of what was paid for is another thing than was asked for.
LEAST_SHARE = 0.6


def deliver(desk: Desk, call: Call, kind: AssetKind, tmp: Path) -> Asset:
    """Return the asset of a succeeded call, fetching it if it is not kept yet.

    Raises DownloadFailed (retry fetches again), ResultLost, BrokenMedia, NoPicture, NothingShown or ClipTooShort; all of them were charged, and
    all but the first are no attempt.
    Raises TakenDown for what was made of a picture that was taken down meanwhile; that was charged too, and it is not even fetched.
    """
    with desk.database.reading() as db:
        query = "SELECT scope, sha256 FROM assets WHERE call_id = ? AND kind = ? AND removed_at IS NULL"
        kept = db.execute(query, (call.id, kind.value)).fetchone()
        if kept:
            return assets.get(db, kept["scope"], kept["sha256"])
        assets.check_wanted(db, call.case_id, [call.input["photo"]])
    try:
        return _fetch_and_keep(desk, call, kind, tmp)
    except (ResultLost, BrokenMedia, NothingShown, ClipTooShort) as error:
        error.charged = True
        with desk.database.writing() as tx:
            calls.note(tx, call, counts=0, error=error.as_json())
        raise


def result_url(body: Mapping[str, Any]) -> str:
    """Return the address of the first picture or of the clip in a model's output; raises ResultLost when there is none."""
    images = body.get("images")
    first = images[0] if isinstance(images, list) and images else body.get("video") or body.get("image")
    url = first.get("url") if isinstance(first, dict) else None
    if not isinstance(url, str):
        raise ResultLost("The provider says it is done, but names no file.")
    return url


def _fetch_and_keep(desk: Desk, call: Call, kind: AssetKind, tmp: Path) -> Asset:
    url = result_url(call.result or {})
    for attempt in range(1, TRIES + 1):
        try:
            data = desk.providers[call.provider].download(url, limit_bytes=LIMIT_BYTES[kind], seconds=desk.download_seconds)
            desk.points.reach("after-download")
            return _keep(desk, call, kind, data, tmp)
        except (DownloadFailed, NotSent, BrokenMedia) as error:
            if attempt == TRIES or isinstance(error, NoPicture):
                raise _paid(error) from error
            time.sleep(0.2 * 2**attempt)
    raise DownloadFailed


def _paid(error: StudioError) -> StudioError:
    return error if isinstance(error, DownloadFailed | NoPicture) else DownloadFailed()


def _keep(desk: Desk, call: Call, kind: AssetKind, data: bytes, tmp: Path) -> Asset:
    facts = {"model": call.input["model"], "endpoint": call.served_endpoint or call.endpoint, "seed": (call.result or {}).get("seed")}
    asset = Asset(scope=call.case_id, kind=kind, media_type="", run_id=call.run_id, call_id=call.id, parents=(call.input["photo"],), facts=facts)
    if kind is AssetKind.AVATAR:
        still = check_still(data)
        if still.blank:
            raise NothingShown
        asset = replace(asset, media_type=still.media_type, width_px=still.width_px, height_px=still.height_px)
    else:
        with scratch_file(tmp, data) as path:
            clip = decode_fully(path)
        _check_clip(desk, call, clip)
        asset = replace(asset, media_type=clip.media_type, width_px=clip.width_px, height_px=clip.height_px, seconds=clip.seconds)
    asset = assets.keep(desk.database, desk.store, data, asset)
    desk.points.reach("after-keeping")
    return asset


def _check_clip(desk: Desk, call: Call, clip: ClipFacts) -> None:
    if clip.blank:
        raise NothingShown("The provider delivered a clip of one colour with nothing on it, so it is not kept.")
    paid_seconds = _paid_seconds(desk, call)
    if clip.frames <= 1:
        raise ClipTooShort("The provider delivered a clip of a single frame, so it is not kept.")
    if clip.seconds < LEAST_SHARE * paid_seconds:
        raise ClipTooShort(f"The provider delivered a clip of {clip.seconds:.1f} s where {paid_seconds:g} s were paid for, so it is not kept.")


def _paid_seconds(desk: Desk, call: Call) -> float:
    """Return how long the clip was asked to be; 0 where neither the request nor the catalogue says it."""
    asked = call.input.get("arguments", {})
    with contextlib.suppress(KeyError, TypeError, ValueError, ZeroDivisionError):
        return float(asked["num_frames"]) / float(asked["frames_per_second"])
    with contextlib.suppress(KeyError, TypeError, ValueError):
        return float(asked["duration"])
    model = desk.catalogue.models.get(call.input["model"])
    return float(model.clip_seconds or 0) if model else 0.0


@contextlib.contextmanager
def scratch_file(tmp: Path, data: bytes) -> Iterator[Path]:
    """Hold bytes in a file of their own inside `tmp` for as long as the block runs."""
    with tempfile.TemporaryDirectory(dir=tmp) as folder:
        path = Path(folder) / "clip.mp4"
        path.write_bytes(data)
        yield path
