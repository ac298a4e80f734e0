"""Presses that come at the same moment, from several people or tabs: one wish is one purchase, and nothing goes on from what is gone."""

import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from pipeline.errors import BadParameter, NotNow, StudioError
from pipeline.records import Asset, Decision
from pipeline.studio import grants, photos, portraits, queue, removal, requests, reviews
from pipeline.workflows.wishes import AvatarWish, ClipWish
from tests.little_studio import CASE, ME, OWNER, LittleStudio, intake

OPEN = "state IN ('planned', 'held', 'submitting', 'unknown', 'submitted', 'running')"


@pytest.fixture
def studio(tmp_path: Path) -> LittleStudio:
    """A studio with one customer."""
    return LittleStudio(tmp_path / "studio", customer=True)


def at_once(*acts: Callable[[], object]) -> list[StudioError | None]:
    """Do all of these at the same moment and return what each was refused for; anything else that goes wrong is raised."""
    together, came = threading.Barrier(len(acts)), dict[int, BaseException | None]()

    def act(number: int) -> None:
        together.wait()
        try:
            acts[number]()
            came[number] = None
        except BaseException as error:
            came[number] = error

    threads = [threading.Thread(target=act, args=(number,)) for number in range(len(acts))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    refusals: list[StudioError | None] = []
    for number in range(len(acts)):
        error = came[number]
        if error is not None and not isinstance(error, StudioError):
            raise error
        refusals.append(error)
    return refusals


def held(studio: LittleStudio) -> int:
    """Return the money held, once it is the same by the ledger and by the requests it is for."""
    by_ledger = studio.rows("SELECT coalesce(sum(micro_usd), 0) AS held FROM entries WHERE kind IN ('hold', 'release')")[0]["held"]
    by_calls = studio.rows(f"SELECT coalesce(sum(hold_micro_usd), 0) AS held FROM calls WHERE {OPEN}")[0]["held"]
    assert by_ledger == by_calls
    return int(by_ledger)


def avatar(studio: LittleStudio, number: int = 1, *, approved: bool = False) -> Asset:
    made = studio.succeed(portraits.ask_next_avatar(studio.place, CASE, OWNER, AvatarWish(), ME, number).run)
    if approved:
        reviews.decide_on(studio.place, made, OWNER, Decision.APPROVED, ME)
    return made


def test_six_presses_of_one_button_and_two_of_another_are_one_purchase(studio: LittleStudio) -> None:
    wishes = [AvatarWish()] * 6 + [AvatarWish(style="ghibli")] * 2
    at_once(*(lambda wish=wish: portraits.ask_next_avatar(studio.place, CASE, OWNER, wish, ME, 1) for wish in wishes))  # type: ignore[misc]
    assert len(studio.rows("SELECT id FROM runs")) == len(studio.rows("SELECT id FROM entries WHERE kind = 'hold'")) == 1
    assert held(studio) > 0


def test_the_last_attempts_are_not_taken_twice_nor_by_many_retries(studio: LittleStudio) -> None:
    allowed = studio.place.settings.attempts

    def ask(number: int) -> Callable[[], object]:
        return lambda: portraits.ask_avatar(studio.place, CASE, OWNER, AvatarWish(seed=number), ME, run_id=f"r-{number}")

    at_once(*(ask(number) for number in range(allowed + 4)))
    ids = [row["id"] for row in studio.rows("SELECT id FROM runs")]
    assert len(ids) == allowed
    for run_id in ids:
        studio.fail(studio.run(run_id))
    assert held(studio) == 0
    at_once(*[lambda: queue.retry_all_failed(studio.place, ME, ids)] * 3)
    assert studio.rows("SELECT count(*) AS n FROM calls WHERE state = 'held'")[0]["n"] == allowed
    held(studio)


def test_an_approval_never_outlives_the_photo_that_is_replaced_meanwhile(studio: LittleStudio) -> None:
    made = avatar(studio)
    at_once(
        lambda: reviews.decide_on(studio.place, made, OWNER, Decision.APPROVED, ME),
        lambda: photos.put_photo(studio.place, CASE, OWNER, intake("red"), ME, replace=True),
    )
    assert studio.case().avatar is None


def test_a_clip_is_asked_for_once_or_not_at_all_while_its_avatar_is_withdrawn(studio: LittleStudio) -> None:
    made = avatar(studio, approved=True)

    def animate() -> object:
        return portraits.ask_next_clip(studio.place, CASE, OWNER, made.sha256, ClipWish(), ME, 1)

    refused = at_once(lambda: reviews.decide_on(studio.place, made, OWNER, Decision.WITHDRAWN, ME), animate, animate)
    assert refused[0] is None
    assert all(error is None or isinstance(error, NotNow) for error in refused)
    assert len(studio.rows("SELECT id FROM runs WHERE kind = 'clip'")) <= 1
    held(studio)


def test_nothing_is_made_from_or_approved_after_what_is_removed(studio: LittleStudio) -> None:
    made = avatar(studio, approved=True)
    mark = removal.dependents(studio.place, CASE, made.sha256).mark
    at_once(
        lambda: removal.remove(studio.place, CASE, made.sha256, OWNER, ME, "asked for", expected=mark),
        lambda: reviews.decide_on(studio.place, made, OWNER, Decision.APPROVED, ME),
        lambda: portraits.ask_next_clip(studio.place, CASE, OWNER, made.sha256, ClipWish(), ME, 1),
    )
    removed = {row["sha256"] for row in studio.rows("SELECT sha256 FROM assets WHERE removed_at IS NOT NULL")}
    assert studio.case().avatar not in removed
    assert not removed & {row["source"] for row in studio.rows("SELECT source FROM runs WHERE state IN ('asked', 'queued', 'working')")}


def test_a_failed_run_retried_by_everybody_at_once_is_held_once(studio: LittleStudio) -> None:
    run = studio.fail(portraits.ask_next_avatar(studio.place, CASE, OWNER, AvatarWish(), ME, 1).run)
    again: Callable[[], object] = lambda: requests.retry(studio.place, run.id, OWNER, ME)  # noqa: E731
    at_once(again, again, lambda: queue.retry_all_failed(studio.place, ME, [run.id]), again)
    assert len(studio.rows("SELECT id FROM entries WHERE kind = 'hold'")) == 2
    assert studio.run(run).attempt == 2
    held(studio)


def test_one_grant_pressed_four_times_at_once_is_one_grant(studio: LittleStudio) -> None:
    assert at_once(*[lambda: grants.grant(studio.place, CASE, OWNER, 2, "two photos were replaced", ME)] * 4) == [None] * 4
    assert len(studio.rows("SELECT id FROM grants")) == 1


def test_half_a_character_is_refused_in_a_sentence_wherever_it_comes_from(studio: LittleStudio) -> None:
    with pytest.raises(BadParameter, match="half a character"):
        grants.grant(studio.place, CASE, OWNER, 2, "because \ud800", ME)
    with pytest.raises(BadParameter, match="half a character"):
        requests.find_run(studio.place, "\udcff")
    assert studio.rows("SELECT id FROM grants") == []
