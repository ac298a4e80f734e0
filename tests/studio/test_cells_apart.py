"""Cells of sweeps are nobody's attempts: wherever a case or the studio's days are shown, they are one line or none, and their money is counted."""

import json
from pathlib import Path

import pytest

from pipeline import cases, runs
from pipeline.buying import calls, plan
from pipeline.errors import BadParameter, GenerationFailed, GenerationTimedOut, InputRefused, NotNow, UnknownName
from pipeline.records import STUDIO_SCOPE, AssetKind, CallState, Decision, Person, Plan, Run, RunKind, RunState, now
from pipeline.studio import (
    casebook,
    details,
    dossier,
    history,
    home,
    library,
    looks,
    photos,
    portraits,
    queue,
    removal,
    replies,
    requests,
    retrying,
    reviews,
    strip,
    sweeplines,
    testphotos,
)
from pipeline.studio.filters import Filter, State, from_query, to_query
from pipeline.studio.queue import Section
from pipeline.workflows.wishes import AvatarWish, ClipWish, resolve_avatar, wanted
from tests.little_studio import CASE, ME, OWNER, LittleStudio, intake

SPRING, AUTUMN = "spring", "autumn"
ANA, BEN = Person(name="Ana"), Person(name="Ben")


@pytest.fixture
def studio(tmp_path: Path) -> LittleStudio:
    return LittleStudio(tmp_path / "studio", customer=True)


def attempt(studio: LittleStudio, run_id: str, seed: int = 1, by: Person = ME) -> Run:
    return portraits.ask_avatar(studio.place, CASE, OWNER, AvatarWish(seed=seed), by, run_id=run_id).run


def cell(studio: LittleStudio, run_id: str, seed: int = 100, by: Person = ME, sweep: str = SPRING) -> Run:
    return studio.as_cell(attempt(studio, run_id, seed, by), sweep)


def clip(studio: LittleStudio, run_id: str, take: int) -> Run:
    wish = ClipWish(model="kling-2.6", take=take)
    return portraits.ask_clip(studio.place, CASE, OWNER, wish, ME, run_id=run_id).run


def approved(studio: LittleStudio, run: Run) -> str:
    avatar = studio.succeed(run)
    reviews.decide_on(studio.place, avatar, OWNER, Decision.APPROVED, ME)
    return avatar.sha256


def lost(studio: LittleStudio, run: Run) -> str:
    """Let a run's request be one that nobody can prove."""
    with studio.place.database.writing() as tx:
        call = calls.move(tx, calls.filling(tx, run.id, run.kind.value), CallState.SUBMITTING, sent_at=now(), sends=1)
        calls.move(tx, call, CallState.UNKNOWN, needs_decision=1, error={"error": "BeingLookedUp", "say": "?", "charged": None, "next": "?"})
        runs.finish(tx, run.id, RunState.FAILED, GenerationTimedOut())
    return call.id


def looked(studio: LittleStudio) -> casebook.CaseView:
    return casebook.look(studio.place, CASE, ME)


def test_the_next_avatar_s_number_counts_no_cells(studio: LittleStudio) -> None:
    attempt(studio, "a1")
    for number in range(3):
        cell(studio, f"c{number}", 100 + number)
    with studio.place.database.reading() as db:
        assert portraits.next_number(db, CASE, RunKind.AVATAR) == 2
    assert looked(studio).avatars == 1
    assert portraits.ask_next_avatar(studio.place, CASE, OWNER, AvatarWish(seed=7), ME, 2).new


def test_the_next_take_of_a_clip_and_the_clips_of_an_avatar_count_no_cells(studio: LittleStudio) -> None:
    avatar = approved(studio, attempt(studio, "a1"))
    clip(studio, "v1", 1)
    for take in (2, 3):
        studio.as_cell(clip(studio, f"w{take}", take), SPRING)
    assert portraits.next_take(studio.place, CASE, avatar) == 2
    seen = home.see(studio.place, "a1")
    assert (seen.clips, seen.next_clip) == (1, 2)


def test_a_clip_follows_the_attempt_that_made_its_avatar_also_when_a_cell_shows_it_too(studio: LittleStudio) -> None:
    approved(studio, attempt(studio, "a1"))
    studio.succeed(cell(studio, "c1", 1))
    assert clip(studio, "v1", 1).parent_run == "a1"


def test_a_case_shows_its_attempts_and_no_cells(studio: LittleStudio) -> None:
    studio.succeed(attempt(studio, "a1"))
    before = looked(studio)
    studio.succeed(cell(studio, "c1", 100))
    studio.fail(cell(studio, "c2", 101))
    cell(studio, "c3", 102)
    lost(studio, cell(studio, "c4", 103))
    after = looked(studio)
    assert [one.seen.run.id for one in after.history] == ["a1"]
    assert [one.run.id for one in after.candidates] == ["a1"]
    assert (after.running, after.failed, after.questions) == ((), (), ())
    assert (after.state, after.attempts, after.avatars) == (before.state, before.attempts, before.avatars)
    assert [one.seen.run.id for one in history.attempts_of(studio.place, CASE)] == ["a1"]
    assert after.money.charged_micro_usd == 60_000, "money is money"


def test_in_the_list_of_cases_a_sweep_changes_neither_state_nor_activity(studio: LittleStudio) -> None:
    attempt(studio, "a1")
    studio.customer("case-2", "ben", photo="green")
    before = casebook.search(studio.place)
    assert [line.case.id for line in before.lines] == ["case-2", CASE]
    studio.succeed(cell(studio, "c1", 100))
    cell(studio, "c2", 101)
    studio.fail(cell(studio, "c3", 102))
    lost(studio, cell(studio, "c4", 103))
    assert casebook.search(studio.place) == before


def test_a_lost_request_of_a_cell_that_an_attempt_waits_for_too_asks_the_case(studio: LittleStudio) -> None:
    first = cell(studio, "c1", 5)
    attempt(studio, "a1", 5)
    lost(studio, first)
    assert [one.question.seen.run.id for one in looked(studio).questions] == ["c1"]
    assert looked(studio).state is casebook.CaseState.NEEDS_DECISION


def test_the_test_photos_are_no_case_in_any_list_and_at_no_address(studio: LittleStudio) -> None:
    testphotos.add(studio.place, "Lim and Sofia", intake("green"), ME)
    assert [line.case.id for line in casebook.search(studio.place).lines] == [CASE]
    assert casebook.search(studio.place, "test photos").total == 0
    assert casebook.search(studio.place).total == 1
    with pytest.raises(UnknownName):
        casebook.look(studio.place, STUDIO_SCOPE)


@pytest.mark.parametrize("exists", [True, False])
def test_nobody_opens_a_case_under_the_studio_s_own_id(studio: LittleStudio, exists: bool) -> None:
    if exists:
        testphotos.add(studio.place, "Lim and Sofia", intake("green"), ME)
    with pytest.raises(BadParameter, match="studio's own"):
        casebook.open_new(studio.place, case_id=STUDIO_SCOPE, owner=STUDIO_SCOPE, name="Lim", plan=Plan.PREMIUM, by=ME)


def test_home_shows_attempts_and_a_running_sweep_as_one_line(studio: LittleStudio) -> None:
    studio.succeed(attempt(studio, "a1"))
    for number in range(14):
        studio.succeed(cell(studio, f"c{number}", 100 + number))
    studio.fail(cell(studio, "failed", 200))
    for number in range(3):
        cell(studio, f"w{number}", 300 + number)
    seen = home.look(studio.place)
    assert [one.run.id for one in seen.newest] == ["a1"]
    assert [one.run.id for one in seen.to_do] == ["a1"]
    assert (seen.running, [line.id for line in seen.sweeps], seen.running_count) == ((), [SPRING], 1)
    assert (seen.today.made, seen.today.failed, seen.today.reused) == (1, 0, 0)
    assert (seen.today.spent_micro_usd, seen.today.held_micro_usd) == (15 * 30_000, 3 * 30_000)


def test_a_studio_that_only_swept_still_shows_the_way_to_the_first_portrait(studio: LittleStudio) -> None:
    run = cell(studio, "c1")
    assert not home.look(studio.place).untouched, "it works"
    studio.succeed(run)
    assert home.look(studio.place).untouched


def test_however_many_cells_were_made_since_what_waits_for_a_decision_is_found(studio: LittleStudio, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(strip, "LOOK_BACK", 3)
    studio.succeed(attempt(studio, "a1"))
    for number in range(5):
        studio.succeed(cell(studio, f"c{number}", 100 + number))
    with studio.place.database.reading() as db:
        assert strip.to_review(db) == ["a1"]


def test_the_strip_shows_forty_cells_as_one_line_and_offers_none_of_them(studio: LittleStudio) -> None:
    studio.succeed(attempt(studio, "a1", by=ANA))
    single = attempt(studio, "a2", 2)
    studio.submit(single)
    made = [cell(studio, f"c{number}", 100 + number, BEN) for number in range(12)]
    for run in made:
        studio.succeed(run)
    painting = [cell(studio, f"w{number}", 200 + number, BEN) for number in range(28)]
    studio.submit(painting[0])
    with studio.place.database.writing() as tx:
        runs.stage(tx, painting[0].id, "Painting", 0.4)
    seen = strip.look(studio.place)
    assert [one.run.id for one in seen.running] == ["a2"]
    assert (seen.running_count, seen.counts.running, seen.counts.waiting) == (2, 2, 0)
    (line,) = seen.sweeps
    assert (line.name, line.cells, line.ended, line.made, line.failed, line.working) == ("spring presets", 40, 12, 12, 0, 1)
    assert (line.words, line.person, line.is_live, line.stopping) == ("Painting", "Ben", True, False)
    assert seen.newest is not None
    assert seen.newest.run.id == "a1"
    assert seen.counts.to_review == 1


def test_a_sweep_that_only_waits_counts_as_waiting_and_failures_count_it_once(studio: LittleStudio) -> None:
    cell(studio, "w1", 1)
    cell(studio, "w2", 2)
    for number in range(3):
        studio.fail(cell(studio, f"f{number}", 100 + number, sweep=AUTUMN))
    studio.fail(attempt(studio, "a1", 50))
    studio.succeed(attempt(studio, "a2", 51))
    counts = strip.counts_of(studio.place)
    assert (counts.running, counts.waiting) == (0, 1)
    assert (counts.failed, counts.failed_today, counts.done) == (2, 2, 1)


def test_a_sweep_is_done_once_all_of_it_has_ended(studio: LittleStudio) -> None:
    first, second = cell(studio, "c1", 1), cell(studio, "c2", 2)
    studio.succeed(first)
    assert strip.counts_of(studio.place).done == 0
    studio.succeed(second)
    assert strip.counts_of(studio.place).done == 1
    (line,) = queue.look(studio.place).done
    assert isinstance(line, sweeplines.SweepLine)
    assert (line.ended, line.words, line.is_live) == (2, "", False)
    assert line.ended_at == studio.run("c2").ended_at


def test_in_the_queue_a_sweep_is_one_line_wherever_it_stands(studio: LittleStudio) -> None:
    attempt(studio, "a1", 1)
    studio.submit(studio.run("a1"))
    attempt(studio, "a2", 2)
    studio.fail(attempt(studio, "a3", 3))
    studio.succeed(attempt(studio, "a4", 4))
    for number in range(10):
        cell(studio, f"c{number}", 100 + number)
    studio.submit(studio.run("c0"))
    for number in range(1, 4):
        studio.fail(studio.run(f"c{number}"))
    for number in range(3):
        cell(studio, f"w{number}", 200 + number, sweep=AUTUMN)
    seen = queue.look(studio.place)
    assert [_id(one) for one in seen.running] == ["a1", SPRING]
    assert [_id(one) for one in seen.waiting] == ["a2", AUTUMN]
    assert [_id(one) for one in seen.failed] == [SPRING, "a3"]
    assert [_id(one) for one in seen.done] == ["a4"]
    assert seen.sizes == queue.Sizes(running=2, waiting=2, undecided=0, failed=2, done=1)
    assert queue.failed_ids(studio.place) == ["a3"]
    assert [_id(one) for one in queue.look(studio.place, section=Section.FAILED, offset=1).failed] == ["a3"]


def _id(one: object) -> str:
    run = getattr(one, "run", None) or getattr(getattr(one, "seen", None), "run", None)
    return run.id if run else getattr(one, "id", "")


def test_a_person_s_queue_holds_the_sweeps_that_they_run(studio: LittleStudio) -> None:
    cell(studio, "c1", 1, ANA)
    studio.fail(cell(studio, "f1", 2, ANA, AUTUMN))
    for person, expected in (("Ana", ([SPRING], [AUTUMN])), ("Ben", ([], []))):
        seen = queue.look(studio.place, person=person)
        assert ([_id(one) for one in seen.waiting], [_id(one) for one in seen.failed]) == expected


def test_a_line_of_failures_says_how_many_and_what_the_newest_says(studio: LittleStudio) -> None:
    studio.fail(cell(studio, "f1", 1))
    last = cell(studio, "f2", 2)
    with studio.place.database.writing() as tx:
        runs.finish(tx, last.id, RunState.FAILED, InputRefused("The photo shows too many people."))
    studio.succeed(cell(studio, "c1", 3))
    (line,) = queue.look(studio.place).failed
    assert isinstance(line, sweeplines.SweepLine)
    assert (line.failed, line.cells, line.ended, line.trouble) == (2, 3, 3, "The photo shows too many people.")


def test_a_lost_request_of_a_cell_stands_by_itself_and_is_no_failure_of_the_sweep(studio: LittleStudio) -> None:
    call = lost(studio, cell(studio, "c1"))
    seen = queue.look(studio.place)
    assert [one.question.call.id for one in seen.undecided] == [call]
    assert (seen.failed, seen.undecided[0].question.seen.sweep) == ((), "spring presets")
    with studio.place.database.reading() as db:
        assert sweeplines.line(db, SPRING).failed == 0


def test_a_sweep_whose_every_live_cell_is_being_cancelled_says_so(studio: LittleStudio) -> None:
    for number in range(2):
        cell(studio, f"c{number}", 100 + number)
    requests.cancel(studio.place, "c0", OWNER, ME)
    assert [line.stopping for line in strip.look(studio.place).sweeps] == [False]
    requests.cancel(studio.place, "c1", OWNER, ME)
    assert [line.stopping for line in strip.look(studio.place).sweeps] == [True]


def test_a_sweep_without_cells_is_no_line(studio: LittleStudio) -> None:
    with studio.place.database.reading() as db, pytest.raises(UnknownName):
        sweeplines.line(db, "nothing")


def test_a_cell_s_retry_takes_no_attempt_and_minds_no_change_of_the_case(tmp_path: Path) -> None:
    studio = LittleStudio(tmp_path / "few", customer=True, STUDIO_ATTEMPTS="1")
    run = cell(studio, "c1", 1)
    studio.fail(run)
    studio.succeed(attempt(studio, "a1", 2))
    photos.put_photo(studio.place, CASE, OWNER, intake("red"), ME, replace=True)
    price = retrying.price_of_retrying(studio.place, ["c1"])
    assert (price.total_micro_usd, dict(price.refused)) == (30_000, {})
    assert [one.why_not for one in retrying.retry_all_failed(studio.place, ME, ["c1"])] == [None]
    assert studio.call(run).state is CallState.HELD
    with studio.place.database.reading() as db:
        assert cases.attempts(db, CASE, 1).in_flight == 0


def test_the_library_shows_no_cells_unless_it_is_asked_for_them(studio: LittleStudio) -> None:
    own, swept = studio.succeed(attempt(studio, "a1")), studio.succeed(cell(studio, "c1"))
    assert _kinds(studio, Filter()) == {"photo", own.sha256}
    found = library.find(studio.place, Filter(from_sweeps=True))
    assert [item.asset.sha256 for item in found.items] == [swept.sha256]
    assert (found.items[0].sweep, found.items[0].fitting, found.total) == ("spring presets", False, 1)
    assert _kinds(studio, Filter(states=(State.TO_REVIEW,))) == {own.sha256}
    assert _kinds(studio, Filter(states=(State.TO_REVIEW,), from_sweeps=True)) == set()


def _kinds(studio: LittleStudio, wanted: Filter) -> set[str]:
    items = library.find(studio.place, wanted).items
    return {"photo" if item.asset.kind is AssetKind.PHOTO else item.asset.sha256 for item in items}


def test_an_address_says_that_cells_are_wanted() -> None:
    wanted = Filter(from_sweeps=True)
    assert to_query(wanted) == {"sweeps": "1"}
    assert from_query({"sweeps": "1"})[0] == wanted
    assert from_query({"sweeps": "yes"})[0] == Filter()


@pytest.mark.parametrize("first", ["cell", "attempt"])
def test_a_picture_that_an_attempt_shows_is_the_case_s_whoever_bought_it(studio: LittleStudio, first: str) -> None:
    one, other = (cell, attempt) if first == "cell" else (attempt, cell)
    made = studio.succeed(one(studio, "first", 5))
    run = other(studio, "second", 5)
    with studio.place.database.writing() as tx:
        runs.finish(tx, run.id, RunState.SUCCEEDED)
    assert _kinds(studio, Filter()) == {"photo", made.sha256}
    assert _kinds(studio, Filter(from_sweeps=True)) == set()
    item = next(item for item in library.find(studio.place).items if item.asset == made)
    assert item.run is not None
    assert (item.sweep, item.run.sweep, item.fitting) == (None, None, True)
    assert reviews.decide_on(studio.place, made, OWNER, Decision.APPROVED, ME).avatar == made.sha256
    seen = looked(studio)
    assert seen.avatar is not None
    assert seen.avatar.run.sweep is None


@pytest.mark.parametrize("decision", [Decision.APPROVED, Decision.REJECTED])
def test_a_mere_cell_is_not_decided_on_like_an_attempt(studio: LittleStudio, decision: Decision) -> None:
    made = studio.succeed(cell(studio, "c1"))
    with pytest.raises(NotNow, match="cell of a sweep"):
        reviews.decide_on(studio.place, made, OWNER, decision, ME)
    assert (studio.case().avatar, studio.rows("SELECT * FROM approvals")) == (None, [])


def test_a_cell_is_looked_into_like_any_file(studio: LittleStudio) -> None:
    made = studio.succeed(cell(studio, "c1"))
    seen = details.details(studio.place, CASE, made.sha256)
    assert seen.item is not None
    assert (seen.item.sweep, [one.asset.kind for one in seen.made_from]) == ("spring presets", [AssetKind.PHOTO, AssetKind.CROP])
    assert seen.request is not None
    whole = dossier.in_full(studio.place, "c1")
    assert (whole.seen.sweep, whole.seen.run.sweep) == ("spring presets", SPRING)


def test_with_a_photo_go_the_cells_made_of_it(studio: LittleStudio) -> None:
    own, swept = studio.succeed(attempt(studio, "a1")), studio.succeed(cell(studio, "c1"))
    photo = studio.case().photo
    assert photo is not None
    going = removal.dependents(studio.place, CASE, photo)
    assert {own.sha256, swept.sha256} <= {one.asset.sha256 for one in going.files}
    removal.remove(studio.place, CASE, photo, OWNER, ME, "asked for", expected=going.mark)
    assert library.find(studio.place, Filter(from_sweeps=True)).total == 0
    assert _kinds(studio, Filter(from_sweeps=True, removed=True)) == {swept.sha256}


def test_with_a_test_photo_go_its_cells_and_no_other_photo_s(studio: LittleStudio) -> None:
    kept, gone = (testphotos.add(studio.place, name, intake(name), ME) for name in ("green", "red"))
    made = {source.id: studio.succeed(_on(studio, source, f"c{number}")) for number, source in enumerate((kept, gone))}
    photo = gone.asset.parents[0]
    going = removal.dependents(studio.place, STUDIO_SCOPE, photo)
    removal.remove(studio.place, STUDIO_SCOPE, photo, STUDIO_SCOPE, ME, "asked for", expected=going.mark)
    assert _kinds(studio, Filter(from_sweeps=True)) == {made[kept.id].sha256}
    assert [source.name for source in testphotos.listing(studio.place)] == ["green"]


def _on(studio: LittleStudio, source: testphotos.Source, run_id: str, seed: int = 1) -> Run:
    """Ask for a cell on a test photo."""
    resolved = resolve_avatar(studio.place.catalogue, studio.place.styles, AvatarWish(seed=seed))
    with studio.place.database.writing() as tx:
        about = {"case_id": STUDIO_SCOPE, "source": source.asset.sha256, "photo_version": 0, "feature": "sweep", "priority": 50, "sweep": SPRING}
        run, _ = runs.ask(tx, run_id=run_id, kind=RunKind.AVATAR, person=ME, settings=resolved.settings, **about)
        want = wanted(studio.place.catalogue, RunKind.AVATAR, resolved.settings, source.asset)
        plan(tx, run, want, studio.place.caps, before_holding=lambda: None)
    return run


def test_a_sweep_s_line_says_what_it_has_cost_and_holds(studio: LittleStudio) -> None:
    source = testphotos.add(studio.place, "green", intake("green"), ME)
    studio.succeed(_on(studio, source, "c1", 1))
    _on(studio, source, "c2", 2)
    (line,) = strip.look(studio.place).sweeps
    assert (line.charged_micro_usd, line.held_micro_usd, line.source.sha256) == (30_000, 30_000, source.asset.sha256)


def test_a_photo_is_not_removed_under_a_cell_that_is_being_made(studio: LittleStudio) -> None:
    cell(studio, "c1")
    photo = studio.case().photo
    assert photo is not None
    with pytest.raises(NotNow, match="not ended"):
        removal.remove(studio.place, CASE, photo, OWNER, ME, "asked for", expected=removal.dependents(studio.place, CASE, photo).mark)


def test_a_letter_to_the_customer_speaks_of_attempts_only(studio: LittleStudio) -> None:
    before = replies.reply(studio.place, CASE)
    run = cell(studio, "c1")
    with studio.place.database.writing() as tx:
        runs.finish(tx, run.id, RunState.FAILED, InputRefused())
    assert replies.reply(studio.place, CASE) == before
    _end(studio, attempt(studio, "a1"), InputRefused())
    assert "another one" in replies.reply(studio.place, CASE).text


def _end(studio: LittleStudio, run: Run, error: InputRefused | GenerationFailed) -> None:
    with studio.place.database.writing() as tx:
        runs.finish(tx, run.id, RunState.FAILED, error)


def test_a_letter_is_not_lost_behind_fifty_cells(studio: LittleStudio) -> None:
    _end(studio, attempt(studio, "a1"), InputRefused())
    said = replies.reply(studio.place, CASE)
    for number in range(51):
        cell(studio, f"c{number}", 100 + number)
    assert replies.reply(studio.place, CASE) == said


def test_a_script_s_list_of_runs_names_the_sweep_of_a_cell(studio: LittleStudio) -> None:
    attempt(studio, "a1")
    cell(studio, "c1")
    lines = {run.id: looks.run_line(studio.place, run)["sweep"] for run in looks.newest_runs(studio.place, 10, case_id=CASE)}
    assert json.loads(json.dumps(lines)) == {"a1": None, "c1": SPRING}
