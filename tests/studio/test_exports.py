"""What is taken away is the ledger: every line once, every total the same, every column explained."""

import csv
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from pyarrow import parquet

from pipeline import ledger
from pipeline.database import Database
from pipeline.errors import BadOutputFolder, BadParameter
from pipeline.ledger import Booking
from pipeline.records import Basis, Decision
from pipeline.schema.spending import MEASURES
from pipeline.studio import exports, looks, paces, portraits, reviews
from pipeline.studio.costs import Period, Slice
from pipeline.studio.export_columns import ADDING_UP, SUM_NAMES, VIEWS, Kind, Table, columns_of, described
from pipeline.studio.exports import Format, Wish
from pipeline.workflows.wishes import AvatarWish
from tests.little_studio import CASE, ME, OWNER, LittleStudio

ASKED = [Wish(table=table, format=form, by=("model", "case") if table is Table.COSTS else ()) for table in ADDING_UP for form in Format]


@pytest.fixture(scope="module")
def studio(tmp_path_factory: pytest.TempPathFactory) -> LittleStudio:
    """A clip and an avatar in use, an avatar rejected, one that failed, one held; somebody's name begins like a formula."""
    studio = LittleStudio(tmp_path_factory.mktemp("exports"), customer=True)
    studio.approved_clip()
    reviews.decide_on(studio.place, studio.avatar(), OWNER, Decision.REJECTED, ME)
    eve = type(ME)(name="=cmd|calc", team="@team")
    held, failed = (portraits.ask_avatar(studio.place, CASE, OWNER, AvatarWish(seed=seed), eve, run_id=f"r-{seed}").run for seed in (7, 8))
    studio.fail(failed)
    studio.submit(held)
    with studio.place.database.writing() as tx:
        names = Booking.__dataclass_fields__
        [line, *_] = ledger.entries(tx, run_id=held.id)
        booking = Booking(**{name: getattr(line, name) for name in names} | {"call_id": "r0.avatar.1", "person": "anna"})
        ledger.hold(tx, booking, 40_000, ())
        ledger.release(tx, "r0.avatar.1")
        ledger.charge(tx, "r0.avatar.1", 39_801, quantity="0.5", basis=Basis.BILLED_UNITS)
    return studio


def rows_of(path: Path) -> list[dict[str, str]]:
    if path.suffix == ".parquet":
        return [{name: "" if value is None else str(value) for name, value in row.items()} for row in parquet.read_table(path).to_pylist()]
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def spent(table: Table, rows: list[dict[str, str]]) -> int:
    if table is Table.LEDGER:
        return sum(int(row["micro_usd"]) for row in rows if row["kind"] in ("charge", "adjust"))
    return sum(int(row["charged_micro_usd"]) for row in rows)


def export(studio: LittleStudio, wish: Wish, folder: Path) -> list[dict[str, str]]:
    path = folder / f"{wish.table.value}.{wish.format.value}"
    done, _ = exports.export_to(studio.place, wish, path)
    rows = rows_of(path)
    assert len(rows) == done.rows
    assert done.charged_micro_usd == (spent(wish.table, rows) if wish.table in ADDING_UP else None)
    return rows


@pytest.mark.parametrize("wish", ASKED, ids=lambda wish: f"{wish.table.value}-{wish.format.value}")
def test_the_total_of_every_export_is_the_ledger_s(studio: LittleStudio, tmp_path: Path, wish: Wish) -> None:
    rows, totals = export(studio, wish, tmp_path), looks.ledger_totals(studio.place)
    assert spent(wish.table, rows) == totals["charged_micro_usd"] > 400_000
    if wish.table is Table.LEDGER:
        assert sum(int(row["micro_usd"]) for row in rows if row["kind"] in ("hold", "release")) == totals["held_micro_usd"] > 0
    else:
        assert sum(int(row["held_micro_usd"]) for row in rows) == totals["held_micro_usd"]


@pytest.mark.parametrize("form", Format)
def test_dollars_are_written_out_exactly(studio: LittleStudio, tmp_path: Path, form: Format) -> None:
    rows = export(studio, Wish(table=Table.LEDGER, format=form), tmp_path)
    assert {(row["micro_usd"], row["usd"]) for row in rows} >= {("39801", "0.039801"), ("-40000", "-0.040000"), ("350000", "0.350000")}
    for table in (Table.REQUESTS, Table.DAILY, Table.COSTS):
        for row in export(studio, Wish(table=table, format=form, by=("person",) if table is Table.COSTS else ()), tmp_path):
            assert round(float(row["charged_usd"]) * 1e6) == int(row["charged_micro_usd"])
            assert len(row["charged_usd"].partition(".")[2]) == 6


@pytest.mark.parametrize("table", [Table.LEDGER, Table.REQUESTS, Table.DAILY])
def test_csv_and_parquet_say_the_same(studio: LittleStudio, tmp_path: Path, table: Table) -> None:
    lines, typed = (export(studio, Wish(table=table, format=form), tmp_path) for form in Format)
    plain = [{name: value[1:] if value[:2] in ("'=", "'@") else value for name, value in line.items()} for line in lines]
    assert plain == typed


def test_what_people_wrote_cannot_become_a_formula_and_negative_amounts_stay_numbers(studio: LittleStudio, tmp_path: Path) -> None:
    rows = export(studio, Wish(table=Table.LEDGER), tmp_path)
    assert {row["person"] for row in rows} == {"me", "anna", "'=cmd|calc"}
    assert "'@team" in {row["team"] for row in rows}
    assert next(row["usd"] for row in rows if row["kind"] == "release")[0] == "-"


@pytest.mark.parametrize(
    "only", [{"model": "kling-2.6"}, {"case": CASE, "person": "me"}, {"outcome": "succeeded"}, {"person": "anna"}, {"sweep": ""}]
)
def test_every_table_narrowed_down_to_the_same_slice_says_the_same(studio: LittleStudio, tmp_path: Path, only: dict[str, str]) -> None:
    looked_at = Slice(only=only)
    said = {table: spent(table, export(studio, Wish(table=table, looked_at=looked_at), tmp_path)) for table in ADDING_UP}
    assert len(set(said.values())) == 1
    assert said[Table.LEDGER] > 0


def test_a_period_without_anything_is_a_file_with_headings_alone(studio: LittleStudio, tmp_path: Path) -> None:
    for table in set(Table) - {Table.BUDGETS}:  # which stand now, whatever days are asked for
        for form in Format:
            by = ("model",) if table is Table.COSTS else ()
            assert export(studio, Wish(table=table, format=form, by=by, looked_at=Slice(period=Period(until="2020-01-01"))), tmp_path) == []


@pytest.mark.parametrize("table", Table)
def test_every_column_says_its_type_unit_and_meaning_beside_the_file_and_inside_of_it(studio: LittleStudio, tmp_path: Path, table: Table) -> None:
    wish = Wish(table=table, format=Format.PARQUET, by=("style",) if table is Table.COSTS else ())
    path = tmp_path / "file.parquet"
    _, beside = exports.export_to(studio.place, wish, path)
    text, schema = beside.read_text(), parquet.read_schema(path)
    assert [line.split("`")[1] for line in text.splitlines() if line.startswith("| `")] == schema.names
    assert "UTC" in text
    assert schema.metadata[b"columns"].decode() == text
    assert all(schema.field(name).metadata[b"meaning"] for name in schema.names)
    assert not [name for name in schema.names if name.endswith("_at") or name.endswith("_day")], "a clock without its zone"


@pytest.mark.parametrize("form", Format)
def test_every_view_of_the_screen_is_a_file_with_what_the_screen_says(studio: LittleStudio, tmp_path: Path, form: Format) -> None:
    taken = {table: export(studio, Wish(table=table, format=form), tmp_path) for table in VIEWS}
    worth = paces.worth(studio.place, Slice())
    assert [(row["model"], int(row["pictures"]), int(row["approved"])) for row in taken[Table.LIKENESS]] == [
        (one.name, one.pictures, one.approved) for one in worth
    ]
    assert {(row["model"], float(row["unit_usd"])) for row in taken[Table.PRICES]} >= {("kling-2.6", 0.07)}
    assert [float(row["typical_seconds"]) for row in taken[Table.DURATIONS]] == [one.typical_seconds for one in paces.paces(studio.place, Slice())]
    assert [(row["scope_kind"], row["measure"], int(row["allowed"])) for row in taken[Table.BUDGETS]] == [("studio", "money", 50_000_000)]
    assert taken[Table.DIFFERENCES] == []


def test_the_sums_that_are_exported_are_all_that_are_kept_by_day() -> None:
    assert {*SUM_NAMES, "micro_units"} == set(MEASURES)
    assert "`for_day_utc`" in described(Table.DAILY)
    assert {column.kind for column in columns_of(Table.REQUESTS)} == set(Kind)


def test_a_file_that_is_there_is_not_written_over_unless_it_is_asked_for(studio: LittleStudio, tmp_path: Path) -> None:
    path = tmp_path / "costs.csv"
    path.write_text("mine")
    wish = Wish(table=Table.COSTS)
    with pytest.raises(BadOutputFolder, match="already"):
        exports.export_to(studio.place, wish, path)
    assert path.read_text() == "mine"
    exports.export_to(studio.place, wish, path, replace=True)
    assert len(rows_of(path)) == 1


def test_the_explanation_of_a_file_writes_over_nothing_either(studio: LittleStudio, tmp_path: Path) -> None:
    beside = tmp_path / "costs.csv.columns.md"
    beside.write_text("mine")
    with pytest.raises(BadOutputFolder, match="already"):
        exports.export_to(studio.place, Wish(table=Table.COSTS), tmp_path / "costs.csv")
    assert beside.read_text() == "mine"


def test_what_cannot_be_exported_leaves_nothing_behind(studio: LittleStudio, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for wish, folder, error in (
        (Wish(table=Table.COSTS, by=("planet",)), tmp_path / "a", BadParameter),
        (Wish(table=Table.LEDGER, by=("model",)), tmp_path / "a", BadParameter),
        (Wish(table=Table.LEDGER, looked_at=Slice(period=Period(since="May"))), tmp_path / "a", BadParameter),
        (Wish(table=Table.LEDGER), tmp_path / "file", BadOutputFolder),
    ):
        with pytest.raises(error):
            exports.export_to(studio.place, wish, folder / "out.csv")
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == ["file"]


@pytest.fixture
def large(studio: LittleStudio, tmp_path: Path) -> LittleStudio:
    """Sixty thousand lines, written past the triggers."""
    folder = tmp_path / "large" / "sandbox"
    folder.mkdir(parents=True)
    with closing(sqlite3.connect(studio.place.database.path)) as source, closing(sqlite3.connect(folder / "studio.db")) as copy:
        source.backup(copy)
        for (name,) in copy.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            copy.execute(f"DROP TRIGGER {name}")
        names = [row[1] for row in copy.execute("PRAGMA table_info(entries)") if row[1] not in ("id", "hash", "call_id", "kind")]
        copied = f"INSERT INTO entries (hash, call_id, kind, {', '.join(names)}) SELECT hex(randomblob(32)), hex(randomblob(8)), 'charge', "
        copy.execute(f"{copied} {', '.join(names)} FROM entries, json_each(json_array({','.join('1' * 100)})) LIMIT 1000")
        copy.execute(f"{copied} {', '.join(names)} FROM entries, json_each(json_array({','.join('1' * 100)})) LIMIT 60000")
        copy.commit()
    Database(folder, "sandbox").close()
    return LittleStudio(tmp_path / "large")


@pytest.mark.parametrize("form", Format)
def test_a_large_ledger_is_written_a_part_at_a_time(large: LittleStudio, tmp_path: Path, form: Format, monkeypatch: pytest.MonkeyPatch) -> None:
    held: list[int] = []
    add = exports._Sums.add
    monkeypatch.setattr(exports._Sums, "add", lambda self, rows: (held.append(len(rows)), add(self, rows))[1])
    path = tmp_path / f"ledger.{form.value}"
    done, _ = exports.export_to(large.place, Wish(table=Table.LEDGER, format=form), path)
    assert done.rows == sum(held) > 60_000
    assert max(held) == exports.AT_ONCE
    if form is Format.PARQUET:
        assert parquet.ParquetFile(path).num_row_groups == len(held)
