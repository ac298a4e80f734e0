"""Costs as files: any view of the spending and the whole ledger, written when somebody asks. The links are signed for the day."""

from collections.abc import Mapping
from pathlib import Path

from anyio.to_thread import run_sync
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from pages.parts import daylinks, spendask, tmpfiles
from pages.parts.here import place
from pages.parts.spendask import Asked
from pipeline.errors import AccessError, StudioError
from pipeline.records import now
from pipeline.storage.links import attachment
from pipeline.studio import exports
from pipeline.studio.costs import Slice
from pipeline.studio.export_columns import Table
from pipeline.studio.exports import Format, Wish

WHOLE = "whole-"  # before the name of a table: all of it, whatever the view is narrowed to
TYPES = {Format.CSV: "text/csv; charset=utf-8", Format.PARQUET: "application/vnd.apache.parquet"}
HEADERS = {"cache-control": "no-store", "x-content-type-options": "nosniff"}


def link(asked: Asked, table: Table, form: Format, *, whole: bool = False) -> str:
    """Return the address of a file with what a view shows, or with all there is."""
    name = f"{WHOLE if whole else ''}{table.value}.{form.value}"
    _, _, view = spendask.to(asked).partition("?")
    return f"/take/{daylinks.sign('costs')}/{name}{f'?{view}' if view and not whole else ''}"


async def take(request: Request) -> Response:
    """Answer with a file; 403 for a link that was not given out today or yesterday, 404 for a name there is none of, 422 in words otherwise."""
    try:
        daylinks.read("costs", request.path_params["token"])
        wish = _wish(request.path_params["name"], request.query_params)
    except AccessError:
        return Response(status_code=403)
    except ValueError:
        return Response(status_code=404)
    try:
        path = await run_sync(_written, wish)
    except StudioError as error:
        return PlainTextResponse(error.on_screen, status_code=422, headers=HEADERS)
    headers = {**HEADERS, "content-disposition": attachment(_name(wish))}
    return tmpfiles.LentFile(path, media_type=TYPES[wish.format], headers=headers)


def _wish(name: str, given: Mapping[str, str]) -> Wish:
    stem, _, form = name.removeprefix(WHOLE).partition(".")
    asked = spendask.read(given, now()[:10])
    looked_at = Slice() if name.startswith(WHOLE) else asked.slice
    table = Table(stem)
    return Wish(table=table, format=Format(form), looked_at=looked_at, by=(asked.by,) if table is Table.COSTS else ())


def _written(wish: Wish) -> Path:
    with tmpfiles.begun(f".{wish.format.value}") as path:
        exports.write(place(), wish, path)
    return path


def _name(wish: Wish) -> str:
    days = wish.looked_at.period
    told = f" {days.since or 'begin'} to {days.until or now()[:10]}" if wish.looked_at != Slice() else ""
    by = f" by {wish.by[0]}" if wish.by else ""
    return f"{place().settings.mode} {wish.table.value}{by}{told} UTC.{wish.format.value}"
