"""What came of buying a cell once more, in words."""

from collections.abc import Mapping
from functools import lru_cache

from pages.parts.here import place
from pipeline.errors import StudioError
from pipeline.records import RunState, dollars
from pipeline.studio import replays

NEWEST = "SELECT id, parent_run, state, stage FROM runs WHERE sweep = ? AND id GLOB '*-replay-[0-9][0-9]*' ORDER BY asked_at"


def replayed(sweep_id: str) -> Mapping[str, str]:
    """Say by run of every cell that was replayed where its newest replay stands, or what it showed."""
    with place().database.reading() as db:
        rows = db.execute(NEWEST, (sweep_id,)).fetchall()
    newest = {row["parent_run"]: row for row in rows}
    return {cell: _shown(str(place().settings.folder), cell, row["id"]) if _made(row["state"]) else row["stage"] for cell, row in newest.items()}


def _made(state: str) -> bool:
    return RunState(state) is RunState.SUCCEEDED


@lru_cache(maxsize=256)
def _shown(folder: str, cell: str, replay: str) -> str:  # noqa: ARG001 - what tells one comparison from another; it is made once
    try:
        found = replays.verdict(place(), cell)
    except StudioError as error:
        return error.say
    if found is None:
        return "It made nothing that could be compared."
    return " ".join(filter(None, (f"{found.verdict.value.capitalize()}.", found.words, found.why, f"It cost {dollars(found.charged_micro_usd)}.")))
