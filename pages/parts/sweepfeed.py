"""What the grid of a sweep is told: everything at first, then only the cells that changed. The address is signed, as it has no login of its own."""

import hashlib
import json
import threading
import time
from collections import Counter, OrderedDict
from collections.abc import Mapping
from typing import Any

from anyio.to_thread import run_sync
from starlette.requests import Request
from starlette.responses import Response

from pages.parts import daylinks, pieces, sweepprompts, sweepproof, sweepwords
from pages.parts.comments import address as talks
from pages.parts.comments import badge
from pages.parts.here import place
from pages.parts.judging import reasons
from pages.parts.numbers import read_whole
from pipeline.errors import AccessError, StudioError
from pipeline.records import new_id
from pipeline.studio import sweep_view
from pipeline.studio.sweep_view import Made, SeenCell, SweepView
from pipeline.sweeps.plans import Axis
from pipeline.sweeps.wording import letter

MOST_KNOWN = 40
STALE_SECONDS = 15.0
BOOT = new_id("b")
HEADERS = {"cache-control": "no-store", "x-content-type-options": "nosniff"}
_known: "OrderedDict[tuple[str, str], _Known]" = OrderedDict()
_lock, _looking = threading.Lock(), threading.Lock()
_looks: "OrderedDict[tuple[str, str], tuple[int, float, SweepView]]" = OrderedDict()


class _Known:
    """What was told of a sweep to one person: each cell's text and at which count it last changed."""

    def __init__(self) -> None:
        self.count, self.shape = 0, ""
        self.cells: dict[str, tuple[str, int]] = {}

    def merge(self, shape: str, cells: Mapping[str, str]) -> None:
        """Take in what there is now."""
        if shape != self.shape:
            self.shape, self.cells = shape, {}
        self.count += 1
        for name, text in cells.items():
            if self.cells.get(name, ("", 0))[0] != text:
                self.cells[name] = (text, self.count)

    @property
    def cursor(self) -> str:
        """Say how much is known."""
        return f"{BOOT}.{self.shape}.{self.count}"

    def since(self, cursor: str) -> int | None:
        """Return the count a browser has, None for one that knows nothing of this."""
        boot, _, rest = cursor.partition(".")
        shape, _, count = rest.rpartition(".")
        return read_whole(count) if (boot, shape) == (BOOT, self.shape) else None


def look(sweep_id: str) -> SweepView:
    """Return a sweep as it is now, looked at once for the page and for what the grid is told: until anything changes, for fifteen seconds at most.

    Raises UnknownName.
    """
    folder, version = str(place().settings.folder), place().database.version()
    with _looking:
        kept = _looks.get((folder, sweep_id))
        if kept is None or kept[0] != version or time.monotonic() - kept[1] > STALE_SECONDS:
            kept = (version, time.monotonic(), sweep_view.look(place(), sweep_id))
            _looks[folder, sweep_id] = kept
            _looks.move_to_end((folder, sweep_id))
            if len(_looks) > MOST_KNOWN:
                _looks.popitem(last=False)
    return kept[2]


def address(sweep_id: str, person: str) -> str:
    """Return the signed address of a sweep's feed for a person, the same for the day."""
    return f"/grid/{daylinks.sign('grid', sweep_id, person)}"


def version(seen: SweepView, person: str) -> str:
    """Return what differs whenever the grid would."""
    told = [
        (one.made.state, one.made.words, one.made.progress, one.made.cost_micro_usd, one.made.open_comments, str(one.made.opinion))
        for one in seen.cells
        if one.made
    ]
    return hashlib.sha256(repr((seen.sweep.version, len(seen.cells), person, told, sweepproof.replayed(seen.sweep.id))).encode()).hexdigest()[:12]


async def feed(request: Request) -> Response:
    """Answer with what changed since a cursor; 403 for an address that was not given out today or yesterday, 404 for a sweep that is gone."""
    try:
        sweep_id, person = daylinks.read("grid", request.path_params["token"])
    except AccessError:
        return Response(status_code=403)
    try:
        text = await run_sync(_told, sweep_id, person, request.query_params.get("since", ""))
    except StudioError:
        return Response(status_code=404)
    return Response(text, media_type="application/json", headers=HEADERS)


def _told(sweep_id: str, person: str, since: str) -> str:
    seen = look(sweep_id)
    cells = _cells(seen, person)
    shape = hashlib.sha256(json.dumps(seen.sweep.plan.as_json()).encode()).hexdigest()[:10]
    with _lock:
        known = _known.setdefault((sweep_id, person), _Known())
        _known.move_to_end((sweep_id, person))
        if len(_known) > MOST_KNOWN:
            _known.popitem(last=False)
        known.merge(shape, cells)
        count = known.since(since)
        changed = [text for text, at in known.cells.values() if count is None or at > count]
        head: dict[str, Any] = {"cursor": known.cursor, "whole": count is None, "name": seen.sweep.name, "kind": seen.sweep.kind.value}
    if count is None:
        head |= {"axes": _axes(seen), "reasons": list(reasons(seen.sweep.kind))}
    return f'{json.dumps(head)[:-1]}, "cells": [{", ".join(changed)}]}}'


def whole(seen: SweepView, person: str) -> dict[str, Any]:
    """Return all that the grid is told of a sweep as it is, with no cursor to go on from: so a draft is shown."""
    cells = [json.loads(text) for text in _cells(seen, person).values()]
    head = {"cursor": "", "whole": True, "name": seen.sweep.name, "kind": seen.sweep.kind.value}
    return {**head, "axes": _axes(seen), "reasons": list(reasons(seen.sweep.kind)), "cells": cells}


def _axes(seen: SweepView) -> list[dict[str, Any]]:
    axes = []
    for axis, values in seen.sweep.plan.axes.items():
        rows: list[dict[str, Any]] = [
            {"label": sweepwords.label(seen, axis, value), "full": sweepwords.full(seen, axis, value), "picture": None} for value in values
        ]
        if axis is Axis.PHOTO:
            for row, value in zip(rows, values, strict=True):
                source = seen.priced.sources.get(value)
                row["picture"] = row["large"] = pieces.address(source.asset) if source else None
        for number, found in enumerate(sweepprompts.parts(seen.sweep.plan, axis) or ()):
            rows[number] |= {"letter": letter(number), "parts": [[one.words, one.differs] for one in found]}
        axes.append({"name": axis.value, "title": sweepwords.title(axis), "values": rows})
    return axes


def _cells(seen: SweepView, person: str) -> dict[str, str]:
    """Return every cell as text by its id; places that ask for the very same are told apart by a number behind `@`."""
    times: Counter[str] = Counter()
    proofs = sweepproof.replayed(seen.sweep.id)
    cells: dict[str, str] = {}
    for one in seen.cells:
        run_id = f"{seen.sweep.id}-{one.cell.key}"
        name = f"{run_id}@{times[run_id]}" if times[run_id] else run_id
        times[run_id] += 1
        cells[name] = json.dumps({"id": name, "at": one.cell.at, **_cell(seen, one, person, proofs.get(run_id))})
    return cells


def _cell(seen: SweepView, one: SeenCell, person: str, proof: str | None) -> dict[str, Any]:
    made = one.made
    facts = [list(fact) for fact in ((("Replay", proof),) if proof else ()) + tuple(sweepwords.facts(seen, one))]
    if made is None:
        words = "Not bought yet"
        return {"state": "planned", "words": words, "progress": 0, "cost_micro_usd": one.cell.micro_usd, "facts": facts, **_nothing()}
    clip = pieces.address(made.whole) if made.whole and made.whole.media_type.startswith("video/") else None
    return {
        "state": made.state,
        "words": made.words,
        "progress": round(made.progress, 2),
        "picture": f"{pieces.address(made.shown)}?small" if made.shown else None,
        "full": pieces.address(made.whole) if made.whole and not clip else pieces.address(made.shown) if made.shown else None,
        "clip": clip,
        "width_px": made.shown.width_px if made.shown else 512,
        "height_px": made.shown.height_px if made.shown else 512,
        **_measured(made),
        "cost_micro_usd": made.cost_micro_usd,
        "price_micro_usd": one.cell.micro_usd,
        "owned": made.reused,
        "stars": made.opinion.stars.get(person, 0),
        "mean_stars": made.opinion.mean_stars,
        "rejected": made.opinion.rejected.get(person, ""),
        "unfit": made.unfit,
        "comments": made.open_comments,
        "talk": talks.of_sweep(seen.sweep.id, made.whole.scope, made.whole.sha256) if made.whole else None,
        "talk_id": badge.dialog_id(made.whole.sha256) if made.whole else None,
        "seconds": round(made.seconds, 1) if made.seconds else None,
        "facts": facts,
    }


def _measured(made: Made) -> dict[str, Any]:
    found = made.likeness
    if found is None:
        return {"likeness": None, "band": None, "unmeasured": None}
    return {"likeness": found.score, "band": found.band.replace("_", " "), "unmeasured": found.reason if found.score is None else None}


def _nothing() -> dict[str, Any]:
    empty = dict.fromkeys(("picture", "full", "clip", "likeness", "band", "unmeasured", "mean_stars", "unfit", "seconds", "talk", "talk_id"))
    return {**empty, "width_px": 512, "height_px": 512, "owned": False, "stars": 0, "rejected": "", "comments": 0}
