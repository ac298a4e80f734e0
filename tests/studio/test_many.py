"""One decision about many: each stands or falls by itself, and whoever reads the answer knows which and why."""

import pytest

from pipeline.errors import NotAllowed
from pipeline.records import Decision, Person, Role
from pipeline.studio import many, photos, portraits
from pipeline.workflows.wishes import AvatarWish
from tests.little_studio import CASE, ME, OWNER, LittleStudio, intake

APPROVED, REJECTED, WITHDRAWN = Decision.APPROVED, Decision.REJECTED, Decision.WITHDRAWN


@pytest.fixture
def studio(tmp_path):
    studio = LittleStudio(tmp_path / "studio", customer=True)
    studio.customer("case-2", "ben", photo="green")
    studio.old = avatar(studio, CASE, OWNER, 1)
    photos.put_photo(studio.place, CASE, OWNER, intake("red"), ME, replace=True)
    studio.new, studio.bens = avatar(studio, CASE, OWNER, 2), avatar(studio, "case-2", "ben", 3)
    return studio


def avatar(studio, case, owner, seed):
    return studio.succeed(portraits.ask_avatar(studio.place, case, owner, AvatarWish(seed=seed), ME, run_id=f"r-{seed}").run)


def decide(studio, *chosen, decision=APPROVED, by=ME, note=""):
    return many.decide_many(studio.place, [(asset.scope, asset.sha256) for asset in chosen], decision, by, note)


def test_what_can_be_approved_is_and_the_rest_says_why_not(studio):
    done = decide(studio, studio.old, studio.new, studio.bens)
    assert [one.ok for one in done] == [False, True, True]
    assert "no longer current" in done[0].why
    assert done[0].next
    assert (studio.case().avatar, studio.case("case-2").avatar) == (studio.new.sha256, studio.bens.sha256)
    assert [(one.scope, one.sha256) for one in done] == [(asset.scope, asset.sha256) for asset in (studio.old, studio.new, studio.bens)]


def test_what_does_not_exist_stops_nobody_else(studio):
    done = many.decide_many(studio.place, [("case-9", "0" * 64), ("case-2", studio.new.sha256), (CASE, studio.new.sha256)], APPROVED, ME)
    assert [one.ok for one in done] == [False, False, True]


def test_a_photo_is_not_decided_on(studio):
    [done] = many.decide_many(studio.place, [(CASE, studio.case().photo)], APPROVED, ME)
    assert "avatar or clip" in done.why


def test_one_chosen_twice_is_decided_once_with_the_reason_kept(studio):
    done = decide(studio, studio.new, studio.new, studio.bens, decision=REJECTED, note="the eyes")
    assert len(done) == 2
    assert studio.rows("SELECT decision, note FROM approvals") == [{"decision": "rejected", "note": "the eyes"}] * 2


def test_withdrawing_what_nobody_decided_says_so(studio):
    decide(studio, studio.new)
    done = decide(studio, studio.new, studio.bens, decision=WITHDRAWN)
    assert [one.ok for one in done] == [True, False]
    assert studio.case().avatar is None


def test_only_who_may_approve_decides_and_nothing_changes_otherwise(studio):
    before = studio.dump()
    with pytest.raises(NotAllowed):
        decide(studio, studio.new, by=Person(name="eve", roles=frozenset(Role) - {Role.APPROVE}))
    assert studio.dump() == before
    assert decide(studio, studio.new, by=Person(name="ann", roles=frozenset({Role.APPROVE})))[0].ok


def test_nothing_chosen_is_nothing_done(studio):
    assert decide(studio) == ()
