"""A button knows before it is pressed whether it would work, what it costs, and if not, why; finding that out changes nothing."""

from dataclasses import replace

import pytest

from pipeline.errors import StudioError
from pipeline.ledger import Cap, set_budget
from pipeline.records import Decision, Person, Plan, Role, RunKind
from pipeline.studio import grants, offers, portraits, reviews, switches
from pipeline.workflows.wishes import AvatarWish, ClipWish
from tests.little_studio import CASE, ME, OWNER, LittleStudio

AVATAR, CLIP = RunKind.AVATAR, RunKind.CLIP


@pytest.fixture
def studio(tmp_path):
    return LittleStudio(tmp_path / "studio", customer=True, STUDIO_ATTEMPTS="2")


def offer(studio, kind=AVATAR, case=CASE, by=ME):
    before = studio.dump()
    with studio.place.database.reading() as db:
        found = offers.offer(studio.place, db, studio.case(case), kind, by)
        assert offers.why_not(studio.place, db, studio.case(case), kind, by) == found.why
    assert studio.dump() == before
    return found


def ask(studio, seed, by=ME):
    return portraits.ask_avatar(studio.place, CASE, OWNER, AvatarWish(seed=seed), by, run_id=f"r-{seed}").run


def approve(studio, run):
    reviews.decide_on(studio.place, studio.succeed(run), OWNER, Decision.APPROVED, ME)


def refused(studio, kind=AVATAR, case=CASE, by=ME):
    """Return what is said of a button and what is said when it is pressed all the same."""
    found = offer(studio, kind, case, by)
    ask_for, wish = (portraits.ask_avatar, AvatarWish()) if kind is AVATAR else (portraits.ask_clip, ClipWish())
    with pytest.raises(StudioError) as caught:
        ask_for(studio.place, case, OWNER, wish, by, run_id="pressed")
    names = ("Whoever may change budgets", "You")  # a button names who may, to whoever may it says so
    assert (found.why, found.remedy) == (caught.value.say, caught.value.next.replace(*names))
    return found.why


def test_a_case_with_a_photo_can_have_an_avatar_and_no_clip_yet(studio):
    assert offer(studio).why is None
    assert refused(studio, CLIP) == "This case has no approved avatar yet."
    approve(studio, ask(studio, 1))
    assert offer(studio, CLIP).why is None


def test_a_case_without_a_photo_says_so(studio):
    studio.customer("case-2", OWNER, photo=None)
    assert refused(studio, case="case-2") == "This case has no photo yet."


def test_a_free_case_says_so_before_anything_else(studio):
    studio.customer("case-2", OWNER, plan=Plan.FREE)
    assert refused(studio, case="case-2") == "Living portraits are part of the premium plan."


def test_a_person_without_the_role_reads_which_one_is_missing(studio):
    guest = Person(name="guest", roles=frozenset({Role.VIEW, Role.APPROVE}))
    assert refused(studio, by=guest) == "guest may not make avatars and clips, which costs money."


def test_used_attempts_are_counted_and_a_grant_helps(studio):
    studio.succeed(ask(studio, 1))
    ask(studio, 2)
    assert refused(studio) == "This case has no attempts left: 1 made and 1 in flight of 2. Failures are free."
    grants.grant(studio.place, CASE, OWNER, 1, "goodwill", ME)
    assert offer(studio).why is None


def test_a_missing_key_is_said_in_live_mode(studio):
    studio.place.settings = replace(studio.place.settings, mode="live", fal_key="")
    assert refused(studio) == "No key of fal is set, so nothing can be bought."


def test_a_pause_of_purchases_is_said(studio):
    switches.pause(studio.place, ME, "wrong prices")
    assert offer(studio).why == "Purchases are paused by me: wrong prices."
    switches.resume(studio.place, ME)
    assert offer(studio).why is None


def test_a_cap_that_no_model_fits_is_said_and_one_that_some_fit_is_said_of_the_others(studio):
    approve(studio, ask(studio, 1))
    cap(studio, 30_000 + 200_000)
    found = offer(studio, CLIP)
    assert found.why is None
    assert {one.name for one in found.models if one.why is None} == {"hailuo-02", "wan-2.1"}
    assert found.models[0].why == "This needs $0.35, but $0.20 is left of the total cap of $0.23 for the case case-1."
    cap(studio, 30_000)
    assert refused(studio, CLIP) == "This needs $0.35, but $0.00 is left of the total cap of $0.03 for the case case-1."


def cap(studio, micro_usd):
    with studio.place.database.writing() as tx:
        set_budget(tx, Cap(scope_kind="case", scope=CASE, period="ever", micro_usd=micro_usd), hard=True, person="boss")


def test_the_usual_model_comes_first_and_the_others_by_price(studio):
    found = offer(studio)
    assert [(one.name, one.micro_usd) for one in found.models] == [("flux-dev", 30_000), ("flux-kontext", 40_000)]
    assert found.models[0].takes_seed
    strength = found.models[0].parameters["strength"]
    assert (strength.default, float(strength.low), float(strength.high)) == (0.6, 0.01, 1.0)
    assert offer(studio, CLIP).models[0].name == "kling-2.6"


def test_every_model_of_the_catalogue_that_does_the_job_is_offered_at_what_it_will_cost(studio):
    approve(studio, ask(studio, 1))
    for one in offer(studio, CLIP).models:
        assert one.micro_usd == portraits.price_clip(studio.place, ClipWish(model=one.name), width_px=512, height_px=512).micro_usd
        assert set(one.by_resolution) == set(one.parameters["resolution"].choices if "resolution" in one.parameters else ())
        assert not one.by_resolution or one.micro_usd in one.by_resolution.values()
    assert len(offer(studio, CLIP).models) == sum(model.job.value == "clip" for model in studio.place.catalogue.models.values())


def test_the_price_shown_is_the_price_held(studio):
    shown = offer(studio).models[0].micro_usd
    ask(studio, 1)
    assert studio.rows("SELECT micro_usd FROM entries WHERE kind = 'hold'") == [{"micro_usd": shown}]
