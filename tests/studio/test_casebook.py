"""Support finds a case by what the customer says, opens one however often the form is sent, and sees on one page how it stands."""

from dataclasses import replace

import pytest

from pipeline import runs
from pipeline.buying import calls
from pipeline.errors import BadParameter, BeingLookedUp, NotAllowed, NotNow, UnknownName, WrongOwner
from pipeline.media.photos import Advice
from pipeline.records import AssetKind, CallState, Decision, Person, Plan, Role, RunKind, RunState
from pipeline.studio import casebook, grants, photos, portraits, reviews
from pipeline.studio.casebook import CaseState
from pipeline.workflows.wishes import AvatarWish, ClipWish
from tests.little_studio import CASE, ME, OWNER, LittleStudio, intake

NASTY = "<script>alert('x')</script> مرحبا 👩‍👩‍👧 " + "long " * 996
NOBODY = Person(name="guest", roles=frozenset({Role.VIEW}))


@pytest.fixture
def studio(tmp_path):
    return LittleStudio(tmp_path / "studio", customer=True)


def open_new(studio, **more):
    given = {"case_id": "", "owner": "u-7", "name": "Lim & Sofia's wedding", "plan": Plan.PREMIUM, "by": ME}
    return casebook.open_new(studio.place, **{**given, **more})


def ids(studio, text="", **more):
    return [line.case.id for line in casebook.search(studio.place, text, **more).lines]


def ask(studio, number, **wish):
    wish = AvatarWish(**{"seed": number, **wish})
    return portraits.ask_next_avatar(studio.place, CASE, OWNER, wish, ME, number).run


def made(studio, number):
    return studio.succeed(ask(studio, number))


def decide(studio, asset, decision=Decision.APPROVED):
    return reviews.decide_on(studio.place, asset, OWNER, decision, ME)


def clip(studio, number):
    avatar = studio.case().avatar
    return portraits.ask_next_clip(studio.place, CASE, OWNER, avatar, ClipWish(), ME, number).run


def look(studio, by=ME):
    return casebook.look(studio.place, CASE, by)


def state(studio):
    listed = next(line.state for line in casebook.search(studio.place).lines if line.case.id == CASE)
    assert listed is look(studio).state
    return listed


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", ["B-2", "A-1", CASE]),
        ("rossi", ["B-2", "A-1"]),
        ("ROSSI bruno", ["B-2"]),
        ("bruno\trossi", ["B-2"]),
        ("u-77", ["A-1"]),
        ("a-1", ["A-1"]),
        ("ÉLODIE", ["A-1"]),
        ("e\u0301lodie", ["A-1"]),
        ("%", ["B-2"]),
        ("_", []),
        ("rossi nobody", []),
        ("' OR 1=1 --", []),
        ("\ud800", []),
    ],
)
def test_every_word_must_be_in_id_owner_or_name_and_letters_are_only_letters(studio, text, found):
    open_new(studio, case_id="A-1", owner="u-77", name="Élodie Rossi")
    open_new(studio, case_id="B-2", owner="bruno", name="Rossi 100%")
    page = casebook.search(studio.place, text)
    assert [line.case.id for line in page.lines] == found
    assert page.total == len(found)


def test_the_newest_activity_comes_first_and_pages_do_not_overlap(studio):
    open_new(studio, case_id="A-1")
    open_new(studio, case_id="B-2")
    ask(studio, 1)
    assert ids(studio) == [CASE, "B-2", "A-1"]
    assert [ids(studio, limit=1, offset=number) for number in range(4)] == [[CASE], ["B-2"], ["A-1"], []]
    beyond = casebook.search(studio.place, limit=2, offset=9)
    assert (beyond.lines, beyond.total) == ((), 3)
    assert ids(studio, limit=-1, offset=-1) == []


def test_a_name_of_five_thousand_characters_with_markup_and_emoji_is_found_and_kept_as_it_is(studio):
    assert len(NASTY) > 5000
    case = open_new(studio, case_id="A-1", name=NASTY)
    assert case.name == " ".join(NASTY.split())[:5000]
    assert ids(studio, "<SCRIPT>alert مرحبا") == ["A-1"]
    assert casebook.look(studio.place, "A-1").case == case
    assert open_new(studio, case_id="A-1", name=NASTY) == case


def test_a_form_sent_twice_opens_one_case(studio):
    first = open_new(studio)
    before = studio.dump()
    assert open_new(studio) == first
    assert open_new(studio, owner=" u-7 ", name="Lim &  Sofia's wedding ") == first
    assert studio.dump() == before
    assert first.id.startswith("lim-sofia-s-wedding-")
    assert open_new(studio, owner="u-8").id != first.id


@pytest.mark.parametrize(("name", "start"), [("新郎", "case-"), ("Élodie", "elodie-"), ("sample portrait", "case-sample-portrait-"), ("🙂", "case-")])
def test_a_made_up_id_is_readable_and_never_one_of_the_sample_s(studio, name, start):
    assert open_new(studio, name=name).id.startswith(start)


def test_an_id_that_is_taken_opens_nothing(studio):
    before = studio.dump()
    with pytest.raises(WrongOwner):
        open_new(studio, case_id=CASE)
    with pytest.raises(NotNow, match="another name or plan"):
        open_new(studio, case_id=CASE, owner=OWNER)
    with pytest.raises(NotNow, match="another name or plan"):
        open_new(studio, case_id=CASE, owner=OWNER, name=CASE, plan=Plan.FREE)
    assert open_new(studio, case_id=CASE, owner=OWNER, name="").id == CASE
    assert studio.dump() == before


@pytest.mark.parametrize("bad", [{"owner": " "}, {"name": "", "case_id": " "}, {"case_id": "x" * 201}, {"owner": "a\nb"}])
def test_a_case_that_cannot_be_is_refused(studio, bad):
    before = studio.dump()
    with pytest.raises(BadParameter):
        open_new(studio, **bad)
    assert studio.dump() == before


def test_whoever_may_only_look_opens_no_case_but_sees_all(studio):
    before = studio.dump()
    with pytest.raises(NotAllowed):
        open_new(studio, by=NOBODY)
    assert studio.dump() == before
    assert look(studio, NOBODY).case.id == CASE


@pytest.mark.parametrize("missing", ["case-9", "", "%", "\ud800", "x" * 10_000])
def test_a_case_that_is_not_there_is_said(studio, missing):
    with pytest.raises(UnknownName, match="no such case"):
        casebook.look(studio.place, missing)


def test_a_case_stands_step_by_step_where_people_would_say(studio):
    open_new(studio, case_id="A-1")
    assert casebook.look(studio.place, "A-1").state is CaseState.NO_PHOTO
    assert state(studio) is CaseState.PHOTO
    run = ask(studio, 1)
    assert state(studio) is CaseState.WORKING
    avatar = studio.succeed(run)
    assert state(studio) is CaseState.TO_REVIEW
    decide(studio, avatar)
    assert state(studio) is CaseState.AVATAR
    run = clip(studio, 1)
    studio.fail(run)
    assert state(studio) is CaseState.FAILED
    done = studio.succeed(clip(studio, 2))
    assert state(studio) is CaseState.TO_REVIEW
    decide(studio, done)
    assert state(studio) is CaseState.READY


def test_a_request_that_nobody_can_prove_is_what_a_case_needs_first(studio):
    run = ask(studio, 1)
    lose(studio, run)
    ask(studio, 2)
    assert state(studio) is CaseState.NEEDS_DECISION
    assert [one.question.call.run_id for one in look(studio).questions] == [run.id]


def lose(studio, run):
    with studio.place.database.writing() as tx:
        call = calls.move(tx, calls.filling(tx, run.id, "avatar"), CallState.SUBMITTING, sends=1)
        calls.note(tx, calls.move(tx, call, CallState.UNKNOWN), needs_decision=1, error=BeingLookedUp().as_json())
        runs.finish(tx, run.id, RunState.FAILED, BeingLookedUp())


def test_a_list_shows_the_avatar_s_small_copy_else_the_crop_else_nothing(studio):
    open_new(studio, case_id="A-1")

    def thumbs():
        return {line.case.id: line.thumb and line.thumb.kind for line in casebook.search(studio.place).lines}

    assert thumbs() == {CASE: AssetKind.CROP, "A-1": None}
    decide(studio, made(studio, 1))
    assert thumbs()[CASE] is AssetKind.AVATAR_DISPLAY


def test_candidates_are_finished_undecided_and_of_the_present_photo_or_avatar(studio):
    first, second, third = made(studio, 1), made(studio, 2), made(studio, 3)
    decide(studio, second, Decision.REJECTED)
    assert [one.made for one in look(studio).candidates] == [third, first]
    decide(studio, first)
    moving = studio.succeed(clip(studio, 1))
    assert [one.made for one in look(studio).candidates] == [moving, third]
    decide(studio, third)
    assert look(studio).candidates == ()
    photos.put_photo(studio.place, CASE, OWNER, intake("red"), ME, replace=True)
    assert look(studio).candidates == ()


def test_what_two_runs_share_is_one_candidate(studio):
    shared = made(studio, 1)
    again = portraits.ask_next_avatar(studio.place, CASE, OWNER, AvatarWish(seed=1), ME, 2).run
    with studio.place.database.writing() as tx:
        runs.finish(tx, again.id, RunState.SUCCEEDED)
    assert [(one.run.id, one.made) for one in look(studio).candidates] == [(again.id, shared)]
    assert next(line for line in casebook.search(studio.place).lines).to_review == 1


def test_an_approval_that_is_withdrawn_makes_a_candidate_again(studio):
    avatar = made(studio, 1)
    decide(studio, avatar)
    decide(studio, avatar, Decision.WITHDRAWN)
    seen = look(studio)
    assert (seen.avatar, [one.made for one in seen.candidates]) == (None, [avatar])
    assert state(studio) is CaseState.TO_REVIEW
    assert decide(studio, avatar).avatar == avatar.sha256
    assert [said.decision for said in look(studio).history[0].judgements] == [Decision.APPROVED, Decision.WITHDRAWN, Decision.APPROVED]


def test_the_page_shows_what_is_current_running_failed_and_spent(studio):
    avatar = made(studio, 1)
    decide(studio, avatar)
    studio.fail(clip(studio, 1))
    under_way = clip(studio, 2)
    seen = look(studio)
    assert (seen.avatar.made, seen.clip) == (avatar, None)
    assert [one.run.id for one in seen.running] == [under_way.id]
    assert seen.failed == ()
    assert (seen.money.charged_micro_usd, seen.money.held_micro_usd) == (30_000, 350_000)
    assert (seen.attempts.allowed, seen.attempts.used, seen.attempts.in_flight) == (8, 1, 1)
    assert (seen.avatars, seen.clips) == (1, 2)
    studio.fail(under_way)
    assert [one.run.id for one in look(studio).failed] == [under_way.id]
    given = grants.grant(studio.place, CASE, OWNER, 2, "goodwill", ME)
    assert (look(studio).grants, look(studio).attempts.allowed) == ((given,), 10)


def test_another_avatar_leaves_a_clip_behind_until_a_new_one_is_asked_for(studio):
    first, second = made(studio, 1), made(studio, 2)
    decide(studio, first)
    old = studio.succeed(clip(studio, 1))
    decide(studio, old)
    assert not look(studio).clip_of_older_avatar
    decide(studio, second)
    assert look(studio).clip_of_older_avatar
    assert look(studio).older_clip.made == old
    failed = clip(studio, 2)
    assert not look(studio).clip_of_older_avatar
    studio.fail(failed)
    assert look(studio).clip_of_older_avatar
    photos.put_photo(studio.place, CASE, OWNER, intake("red"), ME, replace=True)
    assert not look(studio).clip_of_older_avatar


def test_a_rejected_clip_of_an_older_avatar_is_not_missed(studio):
    first, second = made(studio, 1), made(studio, 2)
    decide(studio, first)
    decide(studio, studio.succeed(clip(studio, 1)), Decision.REJECTED)
    decide(studio, second)
    assert not look(studio).clip_of_older_avatar


def test_the_advice_about_a_photo_is_kept_with_it(studio):
    remark = Advice(code="dark", say="The photo is dark.")
    photos.put_photo(studio.place, CASE, OWNER, replace(intake("red"), faces=3, advice=(remark,)), ME, replace=True)
    seen = look(studio)
    assert (seen.faces, seen.advice) == (3, ("The photo is dark.",))
    assert seen.photo.sha256 == seen.case.photo
    assert seen.crop.sha256 == seen.case.crop
    open_new(studio, case_id="A-1")
    empty = casebook.look(studio.place, "A-1")
    assert (empty.photo, empty.crop, empty.faces, empty.advice) == (None, None, None, ())


def test_who_replaced_a_photo_is_in_the_audit_log(studio):
    photos.put_photo(studio.place, CASE, OWNER, intake("red"), Person(name="ana"), replace=True)
    rows = studio.rows("SELECT person, detail FROM audit_log WHERE action = 'photo' AND subject = ? ORDER BY id", CASE)
    assert [row["person"] for row in rows] == ["me", "ana"]
    assert studio.case().photo in rows[1]["detail"]


def test_the_offers_name_the_person_s_own_reason(studio):
    assert look(studio).avatar_offer.why is None
    assert look(studio, NOBODY).avatar_offer.why == "guest may not make avatars and clips, which costs money."
    assert {one.kind for one in (look(studio).avatar_offer, look(studio).clip_offer)} == set(RunKind)


def test_an_invitation_without_an_owner_id_belongs_to_itself_and_a_name_alone_opens_nothing(studio):
    opened = open_new(studio, case_id="A-1", owner="")
    assert (opened.id, opened.owner) == ("A-1", "A-1")
    assert open_new(studio, case_id="A-1", owner="") == opened
    with pytest.raises(BadParameter, match="invitation id or the owner id"):
        open_new(studio, case_id="", owner="", name="Anna")
