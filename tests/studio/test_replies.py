"""What support copies to a customer is true of the case now, greets by name, and never promises a link that is not there."""

from dataclasses import replace

import pytest

from pipeline import runs
from pipeline.errors import GenerationFailed, InputRefused, UnknownName
from pipeline.publishing import publications
from pipeline.records import Decision, Plan, RunState
from pipeline.studio import casebook, photos, portraits, publishing, replies, reviews
from pipeline.workflows.wishes import AvatarWish, ClipWish
from tests.little_studio import CASE, ME, OWNER, LittleStudio, intake


@pytest.fixture
def studio(tmp_path):
    return LittleStudio(tmp_path / "studio", customer=True)


def letter(studio, case=CASE):
    return replies.reply(studio.place, case)


def ask(studio, number):
    return portraits.ask_next_avatar(studio.place, CASE, OWNER, AvatarWish(), ME, number).run


def approve(studio, run):
    reviews.decide_on(studio.place, studio.succeed(run), OWNER, Decision.APPROVED, ME)


def clip(studio, number):
    return portraits.ask_next_clip(studio.place, CASE, OWNER, studio.case().avatar, ClipWish(), ME, number).run


def end(studio, run, error):
    with studio.place.database.writing() as tx:
        runs.finish(tx, run.id, RunState.FAILED, error)


def named(studio, name):
    casebook.open_new(studio.place, case_id="A-1", owner="u-1", name=name, plan=Plan.PREMIUM, by=ME)
    return letter(studio, "A-1").text.partition("\n")[0]


@pytest.mark.parametrize(
    ("name", "greeting"),
    [
        ("Lim & Sofia", "Hello Lim & Sofia,"),
        ("<script>alert(1)</script>", "Hello <script>alert(1)</script>,"),
        ("محمد وفاطمة", "Hello محمد وفاطمة,"),
        ("Ana 👩‍👩‍👧", "Hello Ana 👩‍👩‍👧,"),
        ("bell\x07 ring\x00ing", "Hello bell ringing,"),
        ("A-1", "Hello,"),
        ("", "Hello,"),
        ("x" * 5000, f"Hello {'x' * 80}…,"),
    ],
)
def test_a_letter_greets_by_the_name_of_the_case(studio, name, greeting):
    assert named(studio, name) == greeting


def test_without_a_photo_the_letter_asks_for_one_with_the_rules(studio):
    studio.customer("case-2", "ben", photo=None)
    said = letter(studio, "case-2")
    assert "we need a photo" in said.text
    assert "without sunglasses" in said.text
    assert said.ready


def test_a_free_case_is_told_about_the_plan(studio):
    studio.customer("case-2", "ben", plan=Plan.FREE)
    assert "premium plan" in letter(studio, "case-2").text


def test_while_nothing_is_approved_the_letter_says_that_work_goes_on(studio):
    assert "We are working on your portrait" in letter(studio).text
    studio.succeed(ask(studio, 1))
    assert "We are working on your portrait" in letter(studio).text
    assert letter(studio).ready


def test_an_approved_avatar_is_told_and_waits_for_its_link(studio):
    approve(studio, ask(studio, 1))
    said = letter(studio)
    assert "Your portrait is ready" in said.text
    assert "[The link joins here after publishing.]" in said.text
    assert "we will bring it to life" in said.text
    assert (said.ready, said.remedy) == (False, "Publish it first.")
    clip(studio, 1)
    assert "being brought to life now" in letter(studio).text


ADDRESSES = {
    "https://media.example.com": "",
    "http://portraits.example.org": "",
    "http://localhost:8501": "leads to this computer or this network only",
    "http://127.0.0.1:8501": "leads to this computer or this network only",
    "http://[::1]:8501": "leads to this computer or this network only",
    "http://192.168.1.20": "leads to this computer or this network only",
    "http://0x7f.1": "leads to this computer or this network only",
    "http://2130706433": "leads to this computer or this network only",
    "http://studio:8501": "leads to this computer or this network only",
    "https://studio.internal": "leads to this computer or this network only",
}


@pytest.mark.parametrize("address", ADDRESSES)
def test_a_letter_names_a_published_address_only_where_customers_can_open_it(studio, address):
    approve(studio, ask(studio, 1))
    publishing.publish_case(studio.place, CASE, OWNER, ME)
    with studio.place.database.writing() as tx:
        publications.readdress(tx, studio.place.storefront.name, address)
    in_sandbox = letter(studio)
    assert (in_sandbox.ready, "live mode" in in_sandbox.remedy) == (False, True)
    studio.place.settings = replace(studio.place.settings, mode="live")
    said = letter(studio)
    assert ADDRESSES[address] in said.why_not
    assert said.ready == (address in said.text) == (not ADDRESSES[address])
    assert said.ready or ("STUDIO_PUBLIC_URL" in said.remedy and "[The link joins here once customers can open it.]" in said.text)


def test_an_approved_clip_is_told_and_waits_for_its_link(studio):
    approve(studio, ask(studio, 1))
    approve(studio, clip(studio, 1))
    said = letter(studio)
    assert "Your living portrait is ready" in said.text
    assert (said.text.count("[The link joins here after publishing.]"), said.ready) == (1, False)


def test_a_photo_that_was_refused_is_asked_for_anew_until_another_one_is_there(studio):
    end(studio, ask(studio, 1), InputRefused())
    said = letter(studio)
    assert "Could you send us another one?" in said.text
    assert "facing the camera" in said.text
    assert said.ready
    photos.put_photo(studio.place, CASE, OWNER, intake("red"), ME, replace=True)
    assert "We are working on your portrait" in letter(studio).text


def test_a_failure_of_ours_is_no_reason_to_bother_the_customer(studio):
    end(studio, ask(studio, 1), GenerationFailed())
    assert "We are working on your portrait" in letter(studio).text


def test_a_case_that_is_not_there_gets_no_letter(studio):
    with pytest.raises(UnknownName):
        letter(studio, "case-9")


def test_the_page_of_the_case_holds_the_same_letter(studio):
    assert casebook.look(studio.place, CASE).reply == letter(studio)
