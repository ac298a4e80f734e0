"""What can be taken away of a sweep: a contact sheet of the view, a table of all cells, everything as one file. The links are signed for the day."""

import math
from collections.abc import Mapping
from pathlib import Path

from anyio.to_thread import run_sync
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from pages.parts import daylinks, tmpfiles
from pages.parts.here import place
from pages.parts.markup import Html, tag
from pages.parts.numbers import read_whole
from pages.parts.pieces import icon
from pipeline.errors import AccessError, StudioError
from pipeline.storage.links import attachment
from pipeline.studio import sweeps
from pipeline.studio.sweep_view import SweepView
from pipeline.sweeps.plans import Axis, Plan

KINDS = {"sheet.png": "image/png", "cells.csv": "text/csv; charset=utf-8", "all.zip": "application/zip"}
HEADERS = {"cache-control": "no-store", "x-content-type-options": "nosniff"}


def links(seen: SweepView) -> tuple[Html, ...]:
    """Draw the links to everything that can be taken away; the sheet shows the view that the grid has."""
    if not seen.priced.asked:
        return ()
    token = daylinks.sign("sweep", seen.sweep.id)
    drawn = (("Contact sheet", "sheet.png", "grid_on"), ("CSV", "cells.csv", "table"), ("Everything (zip)", "all.zip", "folder_zip"))
    return tuple(
        tag("a", icon(symbol), tag("span", words), href=f"/sweep/{token}/{name}", class_="quiet", download=True, data_view=name == "sheet.png")
        for words, name, symbol in drawn
    )


async def take(request: Request) -> Response:
    """Answer with one of the files; 403 for a link that was not given out today or yesterday, 404 for what is gone, 422 in words otherwise."""
    try:
        (sweep_id,) = daylinks.read("sweep", request.path_params["token"])
    except AccessError:
        return Response(status_code=403)
    name = request.path_params["name"]
    if name not in KINDS:
        return Response(status_code=404)
    try:
        path, saved = await run_sync(_made, sweep_id, name, dict(request.query_params))
    except StudioError as error:
        return PlainTextResponse(error.on_screen, status_code=422, headers=HEADERS)
    headers = {**HEADERS, "content-disposition": attachment(saved)}
    return tmpfiles.LentFile(path, media_type=KINDS[name], headers=headers)


def _made(sweep_id: str, name: str, view: Mapping[str, str]) -> tuple[Path, str]:
    from pipeline.studio import sweep_files

    sweep = sweeps.find(place(), sweep_id)
    with tmpfiles.begun(f"-{name}") as path:
        if name == "all.zip":
            sweep_files.zip_of(place(), sweep_id, path)
        elif name == "cells.csv":
            path.write_text(sweep_files.csv_of(place(), sweep_id), encoding="utf-8-sig")
        else:
            path.write_bytes(sweep_files.sheet_of(place(), sweep_id, **_view(view), page=_page(sweep.plan, view)))
    return path, f"{sweep.name[:80]} {name}"


def _page(plan: Plan, given: Mapping[str, str]) -> dict[Axis, str]:
    """Return the values of the page that is open, where axes are turned like pages; the first axis turns slowest."""
    axes = [axis for axis in _axes(given, "pages") if plan.axes.get(axis)]
    turned = min(max(read_whole(given.get("page", ""), 1), 1), math.prod(len(plan.axes[axis]) for axis in axes)) - 1
    found: dict[Axis, str] = {}
    for axis in reversed(axes):
        turned, place_of = divmod(turned, len(plan.axes[axis]))
        found[axis] = plan.axes[axis][place_of]
    return {axis: found[axis] for axis in axes}


def _axes(given: Mapping[str, str], name: str) -> tuple[Axis, ...]:
    """Return the axes that a part of the address names, each once however often it is named."""
    return tuple(dict.fromkeys(Axis(axis) for axis in given.get(name, "").split(",") if axis in set(Axis)))


def _view(given: Mapping[str, str]) -> dict[str, tuple[Axis, ...]]:
    """Return the view that the address of the grid names; empty for the usual one."""
    return {name: _axes(given, name) for name in ("rows", "columns", "cell")}
