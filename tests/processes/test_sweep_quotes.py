"""An order is priced without a trace; what refuses it leaves nothing behind, and what it buys is what was quoted."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from pipeline.errors import BadParameter, BudgetReached, NotAllowed, NotNow, PhotoTooSmall, PhotoUnreadable, StudioError, UnknownName
from pipeline.processes import sweeping
from pipeline.processes.sweep_quotes import Quoted, ceiling_of, quote, refusal
from pipeline.records import Person, Role
from pipeline.studio import sweeps
from pipeline.sweeps.orders import read_order
from pipeline.sweeps.plans import Axis
from tests.little_studio import ME, LittleStudio

BEN = Person(name="Ben")
DOLLAR = 1_000_000


@pytest.fixture
def studio(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[LittleStudio]:
    """A studio whose worker is never started; photos lie beside it."""
    monkeypatch.setattr(sweeping, "ensure_running", lambda *_: None)
    for colour in ("blue", "red"):
        Image.new("RGB", (520, 700), colour).save(tmp_path / f"{colour}.jpg")
    studio = LittleStudio(tmp_path / "studio")
    yield studio
    studio.place.database.close()


def quoted(studio: LittleStudio, by: Person = ME, **given: Any) -> Quoted:
    order = read_order({"name": "spring", "photos": ["blue.jpg"], **given})
    return quote(studio.place, order, by, folders=(studio.place.settings.data.parent,))


def buy(studio: LittleStudio, found: Quoted, by: Person = ME, *, dollars: float = 50.0, **more: bool) -> None:
    sweeping.buy(studio.place, found, by, ceiling_micro_usd=ceiling_of(dollars), **more)


def cells(studio: LittleStudio) -> int:
    return int(studio.rows("SELECT count(*) AS n FROM runs")[0]["n"])


def test_a_quote_leaves_no_trace(studio: LittleStudio) -> None:
    before = studio.dump(), studio.files()
    found = quoted(studio, photos=["blue.jpg", "red.jpg"], strength="0.5, 0.6", seed="1-2")
    assert (found.priced.cells, found.owned, found.priced.micro_usd) == (8, 0, 240_000)
    assert [source.name for source in found.priced.sources.values()] == ["blue", "red"]
    assert (studio.dump(), studio.files()) == before


def test_what_is_bought_is_what_was_quoted_and_the_same_again_is_free(studio: LittleStudio) -> None:
    found = quoted(studio, strength="0.5, 0.6", seed="1-2")
    buy(studio, found)
    assert (cells(studio), sweeps.find(studio.place, found.sweep_id).price_micro_usd) == (4, found.priced.micro_usd)
    again = quoted(studio, strength="0.5, 0.6", seed="1-2")
    assert (again.sweep_id, again.owned, again.priced.micro_usd, again.photos) == (found.sweep_id, 4, 0, {})
    buy(studio, again, dollars=0)
    assert cells(studio) == 4


def test_an_order_that_grew_is_the_same_sweep_and_costs_its_new_cells_only(studio: LittleStudio) -> None:
    buy(studio, quoted(studio, strength="0.5, 0.6"))
    found = quoted(studio, strength="0.5, 0.6, 0.7")
    assert (found.owned, found.priced.to_buy, found.spent_micro_usd) == (2, 1, 60_000)
    with pytest.raises(BudgetReached, match=r"\$0\.03 after the \$0\.06 it has cost, which is above the ceiling of \$0\.08"):
        buy(studio, found, dollars=0.08)
    buy(studio, found, dollars=0.09)
    assert (cells(studio), len(sweeps.newest(studio.place))) == (3, 1)


def test_another_name_and_another_person_are_another_sweep(studio: LittleStudio) -> None:
    ids = {quoted(studio, by, name=name).sweep_id for name in ("spring", "autumn") for by in (ME, BEN)}
    assert len(ids) == 4


def test_without_a_name_the_same_plan_is_the_same_sweep(studio: LittleStudio) -> None:
    one, same, other = (quoted(studio, name="", strength=strength) for strength in ("0.5, 0.6", [0.5, 0.6], "0.5"))
    assert one.sweep_id == same.sweep_id != other.sweep_id
    assert (one.name, other.name) == ("Strength", "One picture")


def test_what_a_colleague_made_of_it_is_not_overwritten(studio: LittleStudio) -> None:
    found = quoted(studio, strength="0.5")
    buy(studio, found)
    sweeps.save(studio.place, found.sweep_id, "spring", found.plan.with_values(Axis.SEED, ["7"]), BEN, version=1)
    with pytest.raises(NotNow, match="Ben has changed the sweep 'spring' meanwhile"):
        quoted(studio, strength="0.5")


@pytest.mark.parametrize(
    ("given", "more", "error", "words"),
    [
        ({"strength": "0.5, 1.4"}, {}, BadParameter, "strength '1.4'"),
        ({"strength": "0.5, a lot"}, {}, BadParameter, "strength 'a lot'"),
        ({"style": "pixar, picasso"}, {}, BadParameter, "style 'picasso'"),
        ({"strength": "a lot"}, {"keep_rest": True}, BadParameter, "strength 'a lot'"),
        ({"strength": [0.5], "skip": ["strength=0.5"]}, {}, BadParameter, "no cell that could be made"),
        ({"skip": ["strength=0.5"]}, {}, BadParameter, "with axes of this plan"),
        ({"seed": "1-101"}, {}, BadParameter, "101 pictures are more than the usual 100"),
        ({"name": "n" * 121}, {}, BadParameter, "1 to 120"),
        ({"seed": "1-2"}, {"dollars": 0.05}, BudgetReached, r"\$0\.06, which is above the ceiling of \$0\.05"),
    ],
)
def test_what_is_refused_leaves_nothing_behind(
    studio: LittleStudio, given: dict[str, Any], more: dict[str, Any], error: type[StudioError], words: str
) -> None:
    before = studio.dump(), studio.files()
    with pytest.raises(error, match=words) as caught:
        buy(studio, quoted(studio, **given), **more)
    assert caught.value.charged is False
    assert (studio.dump(), studio.files()) == before


def test_a_cap_that_is_reached_refuses_before_the_photo_is_kept(studio: LittleStudio, tmp_path: Path) -> None:
    poor = LittleStudio(tmp_path / "poor", STUDIO_DAILY_CAP_USD="0.02")
    before = poor.dump(), poor.files()
    with pytest.raises(BudgetReached, match=r"\$0\.02 is left"):
        buy(poor, quote(poor.place, read_order({"photos": ["blue.jpg"]}), ME, folders=(tmp_path,)))
    assert (poor.dump(), poor.files()) == before
    poor.place.database.close()


def test_who_may_not_make_buys_nothing(studio: LittleStudio) -> None:
    before = studio.dump(), studio.files()
    cleo = Person(name="cleo", roles=frozenset(Role) - {Role.MAKE})
    with pytest.raises(NotAllowed, match="cleo may not make"):
        buy(studio, quoted(studio, cleo), cleo)
    assert (studio.dump(), studio.files()) == before


def test_the_rest_is_kept_and_a_large_sweep_bought_when_that_is_said(studio: LittleStudio) -> None:
    found = quoted(studio, strength="0.5, 1.4", seed="1-101")
    assert isinstance(refusal(found, ceiling_micro_usd=None, keep_rest=True), BadParameter)
    buy(studio, found, keep_rest=True, large=True)
    assert cells(studio) == 101


def test_a_photo_is_skipped_by_its_name(studio: LittleStudio) -> None:
    photos = ["blue.jpg", "red.jpg"]
    for named in ("red", "red.jpg"):
        found = quoted(studio, photos=photos, strength="0.5, 0.6", skip=[f"photo={named} strength=0.6"])
        assert (found.problems, found.priced.cells) == ((), 3)


def test_the_same_photo_under_two_paths_is_one(studio: LittleStudio, tmp_path: Path) -> None:
    (tmp_path / "copy.jpg").write_bytes((tmp_path / "blue.jpg").read_bytes())
    assert quoted(studio, photos=["blue.jpg", "copy.jpg"]).priced.cells == 1


def test_a_photo_of_the_first_folder_goes_before_one_of_the_second(studio: LittleStudio, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    (tmp_path / "red.jpg").rename(other / "blue.jpg")
    order = read_order({"photos": ["blue.jpg"]})
    first, second = (quote(studio.place, order, ME, folders=folders) for folders in ((tmp_path, other), (other, tmp_path)))
    assert first.plan != second.plan


@pytest.mark.parametrize(
    ("name", "error"), [("none.jpg", PhotoUnreadable), ("", PhotoUnreadable), ("a\0b", PhotoUnreadable), ("~nobody/x", PhotoUnreadable)]
)
def test_a_photo_that_cannot_be_read_is_named(studio: LittleStudio, name: str, error: type[StudioError]) -> None:
    with pytest.raises((error, BadParameter), match="photo"):
        quoted(studio, photos=["blue.jpg", name] if name else [name])


def test_a_photo_that_will_not_do_is_named(studio: LittleStudio, tmp_path: Path) -> None:
    Image.new("RGB", (300, 300)).save(tmp_path / "tiny.png")
    (tmp_path / "page.jpg").write_text("<html>")
    with pytest.raises(PhotoTooSmall, match=r"'tiny\.png': "):
        quoted(studio, photos=["blue.jpg", "tiny.png"])
    with pytest.raises(PhotoUnreadable, match=r"'page\.jpg': "):
        quoted(studio, photos=["page.jpg"])


def test_clips_are_made_of_avatars_that_are_finished(studio: LittleStudio) -> None:
    buy(studio, quoted(studio, strength="0.5, 0.6"))
    made, waits = (studio.run(row["id"]) for row in studio.rows("SELECT id FROM runs ORDER BY turn"))
    studio.succeed(made)
    clips = {"kind": "clip", "avatars": [made.id], "model": ["kling-2.6", "wan-2.1"]}
    found = quote(studio.place, read_order(clips), ME, folders=())
    assert (found.priced.cells, found.problems) == (2, ())
    buy(studio, found)
    assert cells(studio) == 4
    for run, error in ((waits.id, NotNow), ("r-none", UnknownName)):
        with pytest.raises(error):
            quote(studio.place, read_order({**clips, "avatars": [run]}), ME, folders=())


def test_what_became_of_every_cell_is_told_in_the_order_of_the_plan(studio: LittleStudio) -> None:
    found = quoted(studio, photos=["blue.jpg", "red.jpg"], model="flux-dev, flux-kontext", strength="0.5..0.7 +0.1")
    buy(studio, found)
    failed, *others = (studio.run(row["id"]) for row in studio.rows("SELECT id FROM runs ORDER BY turn"))
    studio.fail(failed)
    for run in others:
        studio.succeed(run)
    seen: list[sweeping.Standing] = []
    sweeping.wait(studio.place, found, on_change=seen.append)
    assert [one.words for one in seen] == ["12 of 12"]
    came_to = sweeping.outcome(studio.place, found)
    assert [(row["photo"], row["model"], row["strength"]) for row in came_to.rows] == [
        (photo, model, strength) for photo in ("blue", "red") for model in ("flux-dev", "flux-kontext") for strength in (0.5, 0.6, 0.7)
    ]
    bad = [row for row in came_to.rows if row["why"]]
    assert (came_to.failed, [row["run"] for row in bad], [row["state"] for row in bad]) == (1, [failed.id], ["failed"])
    assert type(came_to.failure).__name__ == "GenerationFailed"
    charged = sum(row["micro_usd"] for row in studio.rows("SELECT micro_usd FROM entries WHERE kind = 'charge'"))
    assert charged == came_to.cost_micro_usd == sum(row["cost_micro_usd"] for row in came_to.rows)
    kontext = [row for row in came_to.rows if row["photo"] == "blue" and row["model"] == "flux-kontext"]
    assert (len({row["run"] for row in kontext}), [row["cost_micro_usd"] for row in kontext]) == (1, [40_000, 0, 0])


@pytest.mark.parametrize("amount", [-0.01, float("nan"), float("inf"), 1e12])
def test_a_ceiling_is_an_amount_of_money(amount: float) -> None:
    with pytest.raises(BadParameter, match="amount in dollars"):
        ceiling_of(amount)


def test_a_ceiling_of_exactly_the_price_is_enough() -> None:
    assert [ceiling_of(usd) for usd in (0, 0.03, 1.15, 3.0)] == [0, 30_000, 1_150_000, 3_000_000]
