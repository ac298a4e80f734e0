"""Everything about one file, exactly as it was asked for, without a secret or an address of a provider."""

import json

import pytest

from pipeline.buying import calls
from pipeline.database import insert
from pipeline.errors import UnknownName
from pipeline.records import CallState, Decision, now
from pipeline.studio import details, portraits, requests, reviews, stars
from pipeline.workflows.wishes import AvatarWish, ClipWish
from tests.little_studio import CASE, ME, OWNER, LittleStudio

UPLOADED = "https://v3.fal.media/files/secret-place/photo.jpg?signature=abc"


@pytest.fixture
def studio(tmp_path):
    studio = LittleStudio(tmp_path / "studio", customer=True)
    studio.avatar = studio.succeed(portraits.ask_avatar(studio.place, CASE, OWNER, AvatarWish(seed=7), ME, run_id="r-1").run)
    reviews.decide_on(studio.place, studio.avatar, OWNER, Decision.APPROVED, ME)
    studio.clip = studio.succeed(portraits.ask_clip(studio.place, CASE, OWNER, ClipWish(), ME, run_id="c-1").run)
    return studio


def look(studio, sha256):
    return details.details(studio.place, CASE, sha256)


def kinds(relatives):
    return [relative.asset.kind.value for relative in relatives]


def test_a_line_leads_from_the_photo_to_the_clip(studio):
    clip, avatar, photo = look(studio, studio.clip.sha256), look(studio, studio.avatar.sha256), look(studio, studio.case().photo)
    assert (kinds(clip.made_from), kinds(clip.made_of_it)) == (["photo", "crop", "avatar", "raw-clip"], ["poster"])
    assert (kinds(avatar.made_from), kinds(avatar.made_of_it)) == (["photo", "crop"], ["avatar-display", "raw-clip", "clip", "poster"])
    assert (kinds(photo.made_from), kinds(photo.made_of_it)) == ([], ["crop", "avatar", "avatar-display", "raw-clip", "clip", "poster"])
    assert [relative.thumbnail.kind.value for relative in clip.made_from] == ["crop", "crop", "avatar-display", "poster"]
    assert [relative.current for relative in clip.made_from] == [True, True, True, False]


def test_the_request_is_told_as_it_was_sent_but_for_the_photo_s_address(studio):
    prompt = f"A portrait that is not at {UPLOADED} at all"
    run = portraits.ask_avatar(studio.place, CASE, OWNER, AvatarWish(seed=9, prompt=prompt), ME, run_id="r-2").run
    with studio.place.database.writing() as tx:
        call = calls.filling(tx, run.id, "avatar")
        insert(tx, "uploads", {"call_id": call.id, "provider": "fal", "asset": call.input["photo"], "url": UPLOADED, "at": now()})
        arguments = {**call.input["arguments"], call.input["photo_field"]: UPLOADED, "mask_url": UPLOADED}
        calls.note(tx, call, sent_input=arguments, sent_at=now())
    made = studio.succeed(run)
    request = look(studio, made.sha256).request
    crop = studio.case().crop
    words = f"the photo, cut square (sha256 {crop})"
    assert request.input == {**call.input["arguments"], "image_url": words, "mask_url": words}
    assert (request.input["prompt"], request.input["strength"], request.seed) == (prompt, 0.6, 9)
    assert (request.model, request.endpoint, request.request_id) == ("flux-dev", "fal-ai/flux/dev/image-to-image", f"request-{call.id}")
    assert request.asked_at <= request.sent_at <= request.accepted_at <= request.finished_at
    assert [(entry.kind.value, entry.micro_usd) for entry in request.entries] == [("hold", 30_000), ("release", -30_000), ("charge", 30_000)]


def test_nothing_of_the_provider_s_answer_with_its_addresses_is_told(studio):
    run = portraits.ask_avatar(studio.place, CASE, OWNER, AvatarWish(seed=9), ME, run_id="r-2").run
    studio.pay(run, images=[{"url": UPLOADED}])
    made = studio.succeed(run)
    assert "secret-place" not in repr(look(studio, made.sha256))
    assert "secret-place" in json.dumps(studio.rows("SELECT result FROM calls WHERE id = ?", studio.call(run).id))


def test_only_the_money_of_the_request_itself_is_told(studio):
    run = portraits.ask_avatar(studio.place, CASE, OWNER, AvatarWish(seed=3), ME, run_id="r-3").run
    studio.fail(run)
    with studio.place.database.reading() as db:
        failed = calls.filling(db, run.id, "avatar")
    requests.retry(studio.place, run.id, OWNER, ME)
    made = studio.succeed(studio.run(run))
    seen = look(studio, made.sha256).request
    assert (failed.state, seen.call != failed.id) == (CallState.FAILED, True)
    assert {entry.call_id for entry in seen.entries} == {seen.call}


def test_decisions_stars_likeness_and_reuse_are_told_alike_of_a_copy_and_its_original(studio):
    stars.star(studio.place, CASE, studio.avatar.sha256, ME)
    reviews.decide_on(studio.place, studio.avatar, OWNER, Decision.REJECTED, ME, "the eyes")
    portraits.ask_avatar(studio.place, CASE, OWNER, AvatarWish(seed=7), ME, run_id="r-again")
    small = studio.rows("SELECT sha256 FROM assets WHERE kind = 'avatar-display'")[0]["sha256"]
    for sha256 in (studio.avatar.sha256, small):
        seen = look(studio, sha256)
        assert [(one.decision, one.person, one.reason) for one in seen.judgements] == [("rejected", "me", "the eyes"), ("approved", "me", "")]
        assert (seen.star.person, seen.reused_by) == ("me", ("r-again",))
    assert look(studio, small).item is None
    assert look(studio, studio.avatar.sha256).item.asset == studio.avatar


def test_a_photo_has_no_request_and_no_decision(studio):
    seen = look(studio, studio.case().photo)
    assert (seen.request, seen.judgements, seen.faces, seen.star, seen.removed) == (None, (), (), None, None)
    assert seen.item.current


@pytest.mark.parametrize(("scope", "sha256"), [(CASE, "0" * 64), ("case-9", ""), ("", ""), (CASE, "' OR 1=1 --")])
def test_what_never_existed_is_not_known(studio, scope, sha256):
    with pytest.raises(UnknownName):
        details.details(studio.place, scope, sha256)
