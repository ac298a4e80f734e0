"""Who is next: nobody waits for more than what runs already, however much another asked for before."""

import pytest

from pipeline import runs, turns
from pipeline.buying import calls
from pipeline.database import insert, update
from pipeline.records import CallState, Person, RunState, now
from pipeline.stages import Stage, in_line
from pipeline.studio import portraits
from pipeline.turns import SINGLE, SWEEP, Turn
from pipeline.workflows.wishes import AvatarWish
from tests.little_studio import CASE, OWNER, LittleStudio

ANNA, BEN, CAROL = (Person(name=name) for name in ("anna", "ben", "carol"))


@pytest.fixture
def studio(tmp_path):
    return LittleStudio(tmp_path / "studio", customer=True, STUDIO_ATTEMPTS="1000")


@pytest.fixture
def ask(studio):
    def ask(name, by, *, sweep=None):
        """Ask for an avatar of its own; as a cell of a sweep if one is named."""
        run = portraits.ask_avatar(studio.place, CASE, OWNER, AvatarWish(seed=len(studio.rows("SELECT id FROM runs"))), by, run_id=name).run
        if sweep:
            with studio.place.database.writing() as tx:
                turn = turns.next_turn(tx, by.name, SWEEP)
                update(tx, "runs", {"id": name}, {"sweep": sweep, "priority": SWEEP, "turn": turn})
        return studio.run(run)

    return ask


def order(studio):
    with studio.place.database.reading() as db:
        return [one.run_id for one in turns.line(db)]


def handed(studio, ahead=1000, pause=None):
    with studio.place.database.reading() as db:
        return [run.id for run in runs.ready(db, ahead=ahead, pause=pause)]


def hand_over(studio, *names):
    with studio.place.database.writing() as tx:
        for name in names:
            runs.mark_queued(tx, name, 1)


def test_a_single_run_comes_right_after_what_runs_however_many_were_asked_for_before(studio, ask):
    grid = [ask(f"anna{number:03}", ANNA) for number in range(200)]
    for run in grid[:10]:
        studio.submit(run)
    ask("ben", BEN)
    assert order(studio)[:2] == ["ben", "anna010"]
    assert len(order(studio)) == 191


def test_a_single_run_comes_before_those_whose_photos_took_longer_to_upload_than_the_one_that_runs(studio, ask):
    grid = [ask(f"anna{number}", ANNA) for number in range(6)]
    studio.submit(grid[3])
    ask("ben", BEN)
    ask("carol", CAROL)
    assert order(studio) == ["ben", "carol", "anna0", "anna1", "anna2", "anna4", "anna5"]


def test_three_people_take_turns(studio, ask):
    for number in range(3):
        ask(f"anna{number}", ANNA)
    for number in range(2):
        ask(f"ben{number}", BEN)
    ask("carol0", CAROL)
    assert order(studio) == ["anna0", "ben0", "carol0", "anna1", "ben1", "anna2"]


def test_who_always_asks_one_more_does_not_starve_who_asked_before(studio, ask):
    grid = {f"anna{number}": ask(f"anna{number}", ANNA) for number in range(4)}
    studio.submit(grid["anna0"])
    started = []
    for number in range(6):
        ask(f"ben{number}", BEN)
        started.append(order(studio)[0])
        studio.succeed(grid.pop(started[-1]) if started[-1] in grid else studio.run(started[-1]))
    assert [name[:3] for name in started].count("ann") >= 2


def test_somebody_who_asked_for_much_and_took_it_back_is_not_behind_everybody(studio, ask):
    studio.submit(ask("carol", CAROL))
    for number in range(20):
        ask(f"anna{number}", ANNA)
    with studio.place.database.writing() as tx:
        for number in range(20):
            runs.finish(tx, f"anna{number}", RunState.CANCELLED)
    for number in range(3):
        ask(f"ben{number}", BEN)
    ask("anna", ANNA)
    assert order(studio) == ["ben0", "anna", "ben1", "ben2"]


def test_a_retry_takes_a_new_turn(studio, ask):
    failed = [studio.fail(ask(f"anna{number}", ANNA)) for number in range(3)]
    studio.submit(ask("carol", CAROL))
    with studio.place.database.writing() as tx:
        for run in failed:
            runs.again(tx, run.id)
    assert [studio.run(run).turn - studio.run("carol").turn for run in failed] == [0, 1, 2]
    ask("ben", BEN)
    assert studio.run("ben").turn == studio.run("carol").turn


def test_sweeps_come_behind_all_single_work_of_whoever(studio, ask):
    for number in range(3):
        ask(f"cell{number}", ANNA, sweep="grid")
    ask("anna", ANNA)
    ask("ben", BEN)
    assert order(studio) == ["anna", "ben", "cell0", "cell1", "cell2"]
    assert (turns.turn_of(studio.run("cell0")).sweep, turns.turn_of(studio.run("ben")).sweep) == (True, False)


def test_the_order_holds_after_many_thousand_turns(studio, ask):
    early, late, cell = ask("early", ANNA), ask("late", BEN), ask("cell", CAROL, sweep="grid")
    with studio.place.database.writing() as tx:
        for run, turn in ((early, 999), (late, 50_000), (cell, 1)):
            update(tx, "runs", {"id": run.id}, {"turn": turn})
    ranks = [turns.turn_of(studio.run(run)).rank for run in (early, late, cell)]
    assert ranks == sorted(set(ranks))
    with studio.place.database.writing() as tx:
        update(tx, "runs", {"id": early.id}, {"turn": 10**12})
    assert turns.turn_of(studio.run(early)) < turns.turn_of(studio.run(cell))
    assert max(ranks) < 2**31


def test_two_of_the_same_turn_go_in_the_order_of_asking():
    assert Turn(rank=1, asked_at="a", sweep=True) < Turn(rank=1, asked_at="b") < Turn(rank=2, asked_at="a")


def test_of_each_person_a_few_are_handed_over_and_never_more(studio, ask):
    for number in range(6):
        ask(f"anna{number}", ANNA)
    assert handed(studio, ahead=3) == ["anna0", "anna1", "anna2"]
    hand_over(studio, "anna0", "anna1", "anna2")
    assert handed(studio, ahead=3) == []
    studio.submit(studio.run("anna0"))
    assert handed(studio, ahead=3) == ["anna3"]
    ask("ben", BEN)
    ask("cell", ANNA, sweep="grid")
    assert handed(studio, ahead=3) == ["ben", "anna3", "cell"]


def test_what_has_nothing_to_buy_or_is_cancelled_waits_for_nobody_not_even_during_a_pause(studio, ask):
    for name in ("one", "paid", "stopped"):
        ask(name, ANNA)
    studio.pay(studio.run("paid"))
    with studio.place.database.writing() as tx:
        runs.restart(tx, studio.run("paid"))
        runs.ask_cancel(tx, "stopped")
    pause = turns.Pause(person="Ana", at=now(), note="")
    assert handed(studio, ahead=1) == ["one", "paid", "stopped"]
    assert handed(studio, ahead=0) == handed(studio, pause=pause) == ["paid", "stopped"]
    assert order(studio) == ["one"]


def say(studio):
    with studio.place.database.writing() as tx:
        turns.say(tx, turns.outdated(turns.line(tx), turns.pause_of(tx)))
    return {row["id"]: row["stage"] for row in studio.rows("SELECT id, stage FROM runs")}


def test_everybody_in_line_is_told_their_place_and_who_went_on_is_left_alone(studio, ask):
    for number in range(4):
        ask(f"anna{number}", ANNA)
    studio.submit(studio.run("anna0"))
    with studio.place.database.writing() as tx:
        runs.stage(tx, "anna0", Stage.PAINTING, 0.5)
        runs.ask_cancel(tx, "anna3")
    assert say(studio) == {"anna0": "Painting", "anna1": in_line(1), "anna2": in_line(2), "anna3": "Cancelling"}
    with studio.place.database.reading() as db:
        assert turns.outdated(turns.line(db), None) == {}
        assert turns.words_in_line(db, "anna2") == "Waiting for a free place, 2nd in line"


def test_somebody_who_left_the_line_while_it_was_looked_at_keeps_their_words(studio, ask):
    run = ask("anna0", ANNA)
    with studio.place.database.reading() as db:
        words = turns.outdated(turns.line(db), None)
    studio.submit(run)
    with studio.place.database.writing() as tx:
        runs.stage(tx, run.id, Stage.PAINTING, 0.5)
        turns.say(tx, words)
    assert studio.run(run).stage == "Painting"


def test_past_a_hundred_nobody_is_counted():
    long = [turns.Waiting(run_id=str(number), stage="") for number in range(102)]
    assert list(turns.outdated(long, None).values())[98:] == [in_line(99), in_line(100), Stage.IN_LINE, Stage.IN_LINE]


def test_the_clock_of_a_run_starts_when_its_request_goes_out(studio, ask):
    run = ask("anna0", ANNA)
    with studio.place.database.writing() as tx:
        runs.begin(tx, run.id, 1)
    assert (studio.run(run).state, studio.run(run).started_at) == (RunState.WORKING, None)
    with studio.place.database.writing() as tx:
        runs.take_off(tx, studio.call(run).id)
    after = studio.run(run)
    assert after.started_at
    assert (after.stage, after.progress) == (Stage.SENDING, runs.SENDING)


def test_the_clock_of_a_retry_starts_anew_and_that_of_a_run_begun_again_goes_on(studio, ask):
    run = ask("anna0", ANNA)
    studio.pay(run)
    with studio.place.database.writing() as tx:
        runs.begin(tx, run.id, 1)
    began = studio.run(run).started_at
    with studio.place.database.writing() as tx:
        runs.restart(tx, studio.run(run))
        runs.begin(tx, run.id, 2)
    assert studio.run(run).started_at == began
    with studio.place.database.writing() as tx:
        runs.finish(tx, run.id, RunState.FAILED)
        runs.again(tx, run.id)
        assert runs.get(tx, run.id).started_at is None
        runs.begin(tx, run.id, 3)
    assert studio.run(run).started_at > began


def test_runs_that_share_a_request_say_the_same(studio, ask):
    first = ask("anna0", ANNA)
    second = portraits.ask_avatar(studio.place, CASE, OWNER, AvatarWish(seed=0), BEN, run_id="ben0").run
    assert studio.call(first).id == studio.call(second).id
    with studio.place.database.writing() as tx:
        runs.stage_of_call(tx, studio.call(first).id, Stage.PAINTING, 0.4)
        assert not calls.cancel_wanted(tx, studio.call(first).id)
    assert [(studio.run(run).stage, studio.run(run).progress) for run in (first, second)] == [("Painting", 0.4)] * 2


def test_a_run_that_is_being_cancelled_says_so_until_it_ends(studio, ask):
    run = ask("anna0", ANNA)
    with studio.place.database.writing() as tx:
        runs.ask_cancel(tx, run.id)
        runs.stage(tx, run.id, Stage.PAINTING, 0.4)
    assert (studio.run(run).stage, studio.run(run).progress) == ("Cancelling", 0.4)


def test_while_nothing_has_started_whoever_comes_later_is_next_to_the_first(studio, ask):
    for number in range(3):
        ask(f"anna{number}", ANNA)
    assert [ask(f"ben{number}", BEN).turn for number in range(2)] == [studio.run("anna0").turn, studio.run("anna1").turn]


def test_a_pause_is_what_the_switch_says(studio):
    with studio.place.database.writing() as tx:
        assert turns.pause_of(tx) is None
        insert(tx, "switches", {"name": turns.PURCHASES, "is_on": 1, "person": "Ana", "at": now(), "note": "prices"})
        assert turns.pause_of(tx).words == turns.first_words(tx) == "Purchases are paused by Ana: prices"
        update(tx, "switches", {"name": turns.PURCHASES}, {"is_on": 0})
        assert (turns.pause_of(tx), turns.first_words(tx)) == (None, Stage.ASKED)
    assert SINGLE < SWEEP
    assert CallState.HELD == "held"
