"""Every verb that changes something asks for its role first: whoever lacks it changes nothing and reads whom to ask."""

import inspect
import shutil

import pytest

from pipeline.buying import calls
from pipeline.errors import BeingLookedUp, NotAllowed
from pipeline.ledger import Cap
from pipeline.records import CallState, Choice, Decision, Person, Plan, Role, RunKind
from pipeline.studio import (
    budgets,
    casebook,
    grants,
    orphans,
    people,
    photos,
    portraits,
    publishing,
    replays,
    requests,
    reviews,
    samples,
    sweep_runs,
    sweeps,
    switches,
    takedown,
    testphotos,
    withdrawing,
)
from pipeline.studio.takedown_copies import Subject
from pipeline.sweeps.plans import read_plan
from pipeline.workflows.wishes import AvatarWish, ClipWish
from tests.little_studio import CASE, ME, OWNER, LittleStudio, intake

LIMIT = Cap(scope_kind="studio", scope="all", period="month", micro_usd=900_000_000)
WHOLE = Subject(case_id=CASE, owner=OWNER)
NEEDS_TWO = "takedown.take_down"  # tried with each of its roles missing where it is tried itself
MAKE, APPROVE, MONEY, ADMIN, PUBLISH = Role.MAKE, Role.APPROVE, Role.MONEY, Role.ADMIN, Role.PUBLISH


@pytest.fixture(scope="module")
def studio(tmp_path_factory):
    """A case in the middle of things: an approved avatar, one that waits, a run that failed, one that nobody can prove, a cell of a sweep."""
    studio = LittleStudio(tmp_path_factory.mktemp("scene"), customer=True)
    current, other, failed, waiting, lost = (
        portraits.ask_avatar(studio.place, CASE, OWNER, AvatarWish(seed=seed), ME, run_id=f"r-{seed}").run for seed in range(5)
    )
    reviews.decide_on(studio.place, studio.succeed(current), OWNER, Decision.APPROVED, ME)
    clip = studio.succeed(portraits.ask_clip(studio.place, CASE, OWNER, ClipWish(), ME, run_id="r-clip").run)
    reviews.decide_on(studio.place, clip, OWNER, Decision.APPROVED, ME)
    publishing.publish(studio.place, CASE, studio.case().avatar, OWNER, ME)
    studio.other, studio.failed, studio.waiting = studio.succeed(other), studio.fail(failed), waiting
    studio.cell = cell_of(studio)
    studio.budget = budgets.set_cap(studio.place, LIMIT, ME).limit.budget_id
    with studio.place.database.writing() as tx:
        call = calls.move(tx, calls.filling(tx, lost.id, "avatar"), CallState.SUBMITTING)
        studio.lost = calls.note(tx, calls.move(tx, call, CallState.UNKNOWN), needs_decision=1, error=BeingLookedUp().as_json())
    return studio


def cell_of(studio):
    photo = testphotos.of_case(studio.place, CASE, RunKind.AVATAR)
    sweeps.save(studio.place, "s1", "one cell", read_plan(RunKind.AVATAR, [("photo", photo.id)]).plan, ME, version=0)
    sweep_runs.start(studio.place, "s1", ME, ceiling_micro_usd=1_000_000)
    [row] = studio.rows("SELECT id FROM runs WHERE sweep = 's1'")
    studio.succeed(studio.run(row["id"]))
    return row["id"]


def new_case(studio, by):
    return casebook.open_new(studio.place, case_id="A-1", owner="u-1", name="Lim", plan=Plan.PREMIUM, by=by)


VERBS = {
    photos.open_case: (MAKE, lambda s, by: photos.open_case(s.place, "A-1", "u-1", by)),
    photos.put_photo: (MAKE, lambda s, by: photos.put_photo(s.place, CASE, OWNER, intake("red"), by, replace=True)),
    casebook.open_new: (MAKE, new_case),
    portraits.ask_avatar: (MAKE, lambda s, by: portraits.ask_avatar(s.place, CASE, OWNER, AvatarWish(), by, run_id="r-new")),
    portraits.ask_clip: (MAKE, lambda s, by: portraits.ask_clip(s.place, CASE, OWNER, ClipWish(take=2), by, run_id="r-new")),
    portraits.ask_next_avatar: (MAKE, lambda s, by: portraits.ask_next_avatar(s.place, CASE, OWNER, AvatarWish(), by, 1)),
    portraits.ask_next_clip: (MAKE, lambda s, by: portraits.ask_next_clip(s.place, CASE, OWNER, s.case().avatar, ClipWish(), by, 2)),
    requests.cancel: (MAKE, lambda s, by: requests.cancel(s.place, s.waiting.id, OWNER, by)),
    requests.retry: (MAKE, lambda s, by: requests.retry(s.place, s.failed.id, OWNER, by)),
    requests.decide_call: (MONEY, lambda s, by: requests.decide_call(s.place, s.lost.id, OWNER, Choice.WRITE_OFF, by)),
    reviews.decide_on: (APPROVE, lambda s, by: reviews.decide_on(s.place, s.other, OWNER, Decision.APPROVED, by)),
    grants.grant: (ADMIN, lambda s, by: grants.grant(s.place, CASE, OWNER, 1, "goodwill", by)),
    publishing.publish: (PUBLISH, lambda s, by: publishing.publish(s.place, CASE, s.case().clip, OWNER, by)),
    publishing.publish_case: (PUBLISH, lambda s, by: publishing.publish_case(s.place, CASE, OWNER, by)),
    takedown.take_down: (PUBLISH, lambda s, by: takedown.take_down(s.place, WHOLE, by, expected=takedown.plan(s.place, WHOLE).mark)),
    orphans.delete: (PUBLISH, lambda s, by: orphans.delete(s.place, orphans.scan(s.place).mark, by)),
    publishing.publish_many: (PUBLISH, lambda s, by: publishing.publish_many(s.place, [(CASE, s.case().clip)], by)),
    withdrawing.withdraw: (PUBLISH, lambda s, by: withdrawing.withdraw(s.place, CASE, OWNER, by)),
    withdrawing.withdraw_asset: (PUBLISH, lambda s, by: withdrawing.withdraw_asset(s.place, CASE, s.case().avatar, OWNER, by)),
    samples.ask_sample: (MAKE, lambda s, by: samples.ask_sample(s.place, 1, by)),
    samples.ask_again: (MAKE, lambda s, by: samples.ask_again(s.place, s.case(), 1, by)),
    replays.replay: (MAKE, lambda s, by: replays.replay(s.place, s.cell, by, told_micro_usd=30_000)),
    people.add: (ADMIN, lambda s, by: people.add(s.place, "Cleo", "support", frozenset({MAKE}), by)),
    budgets.set_cap: (MONEY, lambda s, by: budgets.set_cap(s.place, LIMIT, by)),
    budgets.extend: (MONEY, lambda s, by: budgets.extend(s.place, LIMIT, by, "a fair")),
    budgets.end: (MONEY, lambda s, by: budgets.end(s.place, s.budget, by)),
    switches.pause: (ADMIN, lambda s, by: switches.pause(s.place, by)),
    switches.resume: (ADMIN, lambda s, by: switches.resume(s.place, by)),
}
NAMES = {f"{verb.__module__.rpartition('.')[2]}.{verb.__name__}": verb for verb in VERBS}


@pytest.mark.parametrize("name", NAMES)
def test_without_the_role_nothing_changes(studio, name):
    role, press = VERBS[NAMES[name]]
    before = studio.dump(), studio.files()
    with pytest.raises(NotAllowed) as caught:
        press(studio, Person(name="cleo", roles=frozenset(Role) - {role}))
    assert (studio.dump(), studio.files()) == before
    assert caught.value.say.startswith("cleo may not ")
    assert f"`{role.value}`" in caught.value.next


@pytest.mark.parametrize("name", sorted(set(NAMES) - {"switches.resume", "samples.ask_sample", NEEDS_TWO}))
def test_with_that_role_alone_it_is_done(studio, tmp_path, name):
    """Without this, a verb that refuses everybody would pass the test above."""
    copy = LittleStudio(shutil.copytree(studio.place.settings.data, tmp_path / "copy"))
    copy.other, copy.failed, copy.waiting, copy.lost, copy.cell = studio.other, studio.failed, studio.waiting, studio.lost, studio.cell
    copy.budget = studio.budget
    role, press = VERBS[NAMES[name]]
    before = copy.dump()
    press(copy, Person(name="cleo", roles=frozenset({Role.VIEW, role})))
    assert copy.dump() != before


@pytest.mark.parametrize(
    "module",
    [casebook, grants, people, photos, portraits, publishing, replays, requests, reviews, samples, switches, takedown, withdrawing],
    ids=lambda one: one.__name__,
)
def test_every_verb_that_names_a_person_and_writes_is_tried_here(module):
    def changes(function):
        source = inspect.getsource(function)
        return "by" in inspect.signature(function).parameters and any(mark in source for mark in ("writing()", "_ask(", "_ask_next(", "ask_a"))

    own = [one for name, one in vars(module).items() if inspect.isfunction(one) and one.__module__ == module.__name__ and name[0] != "_"]
    assert [one.__name__ for one in own if changes(one) and one not in VERBS] == []


def test_looking_needs_no_role_but_to_look(studio):
    guest = Person(name="guest", roles=frozenset({Role.VIEW}))
    assert casebook.look(studio.place, CASE, guest).case.id == CASE
