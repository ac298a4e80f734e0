"""A sweep to take away: its cells as a table, everything as one zip, any view of it as a contact sheet; and a table read back as a plan."""

import json
import unicodedata
from collections import Counter
from collections.abc import Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile

from pipeline import assets
from pipeline.errors import BadOutputFolder, BadParameter
from pipeline.records import Asset
from pipeline.studio import sweep_view
from pipeline.studio.downloads import safe_name
from pipeline.studio.pairs import votes_of
from pipeline.studio.place import Place
from pipeline.studio.sweep_sheets import sheet_of
from pipeline.studio.sweep_view import Made, SeenCell, SweepView
from pipeline.studio.sweep_words import place_words
from pipeline.sweeps.plans import Axis
from pipeline.sweeps.tables import plan_from_csv, write_table

__all__ = ["csv_of", "plan_from_csv", "sheet_of", "table", "zip_of"]

MOST_BYTES = 2_000_000_000
Row = dict[str, Any]


def table(place: Place, sweep_id: str) -> list[Row]:
    """Return every cell of the plan, also those not bought yet, in the order of the plan; raises UnknownName.

    A row holds the value on each axis, then `photo_name, model_title, endpoint_asked, endpoint_served, fit, unfit_because, state, words,
    price_usd, cost_usd, owned, likeness, band, stars_mean, votes, rejected, seconds, seed_used, sha256, run`; what is not known is None. Dollars are
    exact; what a picture cost stands at the first of the cells that show it, so that their sum is what was paid.
    """
    with place.database.reading() as db:
        votes = Counter(run for vote in votes_of(db, sweep_id) for run in (vote.left, vote.right))
    return _rows(sweep_view.look(place, sweep_id), votes)


def csv_of(place: Place, sweep_id: str) -> str:
    """Return the table as CSV that no spreadsheet calculates with; for one to read its letters, save it as UTF-8 with a mark (`utf-8-sig`)."""
    return write_table(table(place, sweep_id))


def zip_of(place: Place, sweep_id: str, out: Path) -> None:
    """Write every picture or clip of the plan, named by its values, with `cells.csv` (and each file's name in it) and `plan.json`.

    One file at a time is in memory. Raises UnknownName, BadParameter above 2 GB, NotStored when a file is damaged, and BadOutputFolder; then no
    file is left.
    """
    seen, rows = sweep_view.look(place, sweep_id), table(place, sweep_id)
    named = _named(place, seen)
    size = sum(asset.bytes for asset, _ in named.values())
    if size > MOST_BYTES:
        say = f"These files take {size / 1e9:.1f} GB; at most {MOST_BYTES // 10**9} GB go into one zip."
        raise BadParameter(say, next="Leave values out of the plan, or download the pictures one by one.")
    told = [{**row, "file": named[row["run"]][1] if row["run"] in named else None} for row in rows]
    try:
        _write(place, seen, list(named.values()), write_table(told), out)
    except OSError as error:
        raise BadOutputFolder("The zip could not be written.", next="See that there is room on the disk.") from error


def _write(place: Place, seen: SweepView, files: Sequence[tuple[Asset, str]], cells: str, out: Path) -> None:
    draft = out.with_name(f"{out.name}.part")
    try:
        with ZipFile(draft, "w") as whole:
            whole.writestr("cells.csv", cells.encode("utf-8-sig"), ZIP_DEFLATED)
            plan = {"name": seen.sweep.name, "sweep": seen.sweep.id, **seen.sweep.plan.as_json()}
            whole.writestr("plan.json", json.dumps(plan, indent=2, ensure_ascii=False), ZIP_DEFLATED)
            for asset, name in files:
                whole.writestr(name, assets.read(place.store, asset), ZIP_STORED)
        draft.replace(out)
    finally:
        draft.unlink(missing_ok=True)


def _named(place: Place, seen: SweepView) -> Mapping[str, tuple[Asset, str]]:
    """Return by run its file and a name for it that no other has, on file systems that take capitals for the same too."""
    found: dict[str, tuple[Asset, str]] = {}
    taken: set[str] = set()
    telling = {axis for axis, values in seen.sweep.plan.axes.items() if len(values) > 1 or axis is Axis.PHOTO}
    for one in _in_order(seen):
        if one.made is None or one.made.whole is None or one.made.run_id in found:
            continue
        words = place_words(place, seen, {axis: value for axis, value in one.cell.values.items() if axis in telling})
        stem, ending = safe_name(words.replace(" · ", " - ")) or "cell", one.made.whole.key.rpartition(".")[2]
        name, number = f"{stem}.{ending}", 1
        while _folded(name) in taken:
            number += 1
            name = f"{stem} ({number}).{ending}"
        taken.add(_folded(name))
        found[one.made.run_id] = one.made.whole, f"pictures/{name}"
    return found


def _folded(name: str) -> str:
    return unicodedata.normalize("NFC", name.casefold())


def _in_order(seen: SweepView) -> list[SeenCell]:
    return sorted(seen.cells, key=lambda one: one.cell.at)


def _rows(seen: SweepView, votes: Mapping[str, int]) -> list[Row]:
    rows, counted = [], set[str]()
    for one in _in_order(seen):
        first = one.made is not None and one.made.run_id not in counted
        counted |= {one.made.run_id} if one.made else set()
        rows.append(_row(seen, one, votes, first=first))
    return rows


def _row(seen: SweepView, one: SeenCell, votes: Mapping[str, int], *, first: bool) -> Row:
    cell, made = one.cell, one.made
    row: Row = {axis.value: value for axis, value in cell.values.items()}
    row |= {"photo_name": seen.priced.sources[cell.values[Axis.PHOTO]].name, "model_title": cell.wanted.model.title}
    row |= {
        "endpoint_asked": made.endpoint if made and made.endpoint else cell.wanted.model.endpoint,
        "endpoint_served": made and made.served_endpoint,
    }
    row |= {"fit": _fit(made), "unfit_because": made and made.unfit, "state": made.state if made else "planned"}
    row |= {"words": made.words if made and made.state in ("failed", "refused") else None, "price_usd": _dollars(cell.micro_usd)}
    row |= {"cost_usd": _dollars(made.cost_micro_usd if made and first else 0), "owned": made and ("yes" if made.reused else "no")}
    row |= _measured(made)
    row |= {"votes": votes.get(made.run_id, 0) if made else 0, "rejected": _rejected(made), "seconds": _seconds(made)}
    file = made.whole.sha256 if made and made.whole else None
    return row | {"seed_used": cell.settings["seed"], "sha256": file, "run": made and made.run_id}


def _measured(made: Made | None) -> Row:
    alike, stars = made.likeness if made else None, made.opinion.mean_stars if made else None
    band = alike.band.replace("_", " ") if alike else None
    return {"likeness": alike and alike.score, "band": band, "stars_mean": None if stars is None else round(stars, 3)}


def _fit(made: Made | None) -> str | None:
    return None if made is None or made.state != "made" else "no" if made.unfit else "yes"


def _rejected(made: Made | None) -> str | None:
    return "; ".join(f"{person}: {why}" for person, why in sorted(made.opinion.rejected.items())) or None if made else None


def _seconds(made: Made | None) -> float | None:
    return round(made.seconds, 3) if made and made.seconds is not None else None


def _dollars(micro_usd: int) -> Decimal:
    """Return dollars with exactly the digits that are needed."""
    return Decimal(f"{Decimal(micro_usd).scaleb(-6).normalize():f}")
