"""Publish without a browser: what the shelves and a case say, what the buttons do, and that nothing unapproved is ever served."""

import html
import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import anyio
import httpx
import pytest
from starlette.applications import Starlette
from starlette.routing import Route

from pages.parts import daylinks, farewell, guestpage, publish_actions, window
from pages.parts.here import attempt
from pipeline.errors import NotAllowed, NotNow
from pipeline.folding import fold
from pipeline.guest.hero import script_key
from pipeline.publishing import publications
from pipeline.records import AssetKind, Decision
from pipeline.routes import all_routes
from pipeline.studio import publish_cleanup, publishing, reviews, takedown, takedown_receipt, testphotos, withdrawing
from pipeline.studio.place import Place
from pipeline.studio.takedown_copies import Copy, Outcome, Subject, Where
from pipeline.studio.takedown_receipt import Receipt
from tests.little_studio import CASE, ME, OWNER, LittleStudio, intake
from tests.pages.screens import drawn, now, visit

NASTY = "<script>alert(1)</script> & Söhne 👰🤵"


@pytest.fixture
def studio(own_data_folder: Path) -> LittleStudio:
    """The studio that the screens of this test look at, with a customer."""
    return LittleStudio(own_data_folder, customer=True)


def test_an_empty_shelf_says_what_comes_here_and_where_to_go(studio: LittleStudio) -> None:
    assert "Nothing is approved yet" in drawn(visit("publish"))
    assert "Guests see nothing yet" in drawn(visit("publish", show="shown"))


def test_what_is_approved_waits_and_what_is_published_is_on_the_other_shelf(studio: LittleStudio) -> None:
    clip = studio.approved_clip()
    seen = drawn(visit("publish"))
    assert "To publish · 1" in seen
    assert "Clip and avatar" in seen
    assert attempt(lambda: publishing.publish(studio.place, CASE, clip.sha256, OWNER, ME))
    assert "Everything that is approved is published" in drawn(visit("publish"))
    assert "Published · 1" in drawn(visit("publish", show="shown"))


def test_a_newer_approval_waits_again_and_says_so(studio: LittleStudio) -> None:
    publishing.publish(studio.place, CASE, studio.approved_avatar().sha256, OWNER, ME)
    studio.approved_avatar()
    assert "A newer avatar is approved" in drawn(visit("publish"))
    assert "Publish the newer one" in drawn(visit("publish", case=CASE))


def test_names_are_text_and_are_found(studio: LittleStudio) -> None:
    studio.customer("case-2", "ben", photo="green")
    with studio.place.database.writing() as tx:
        tx.execute("UPDATE cases SET name = ?, folded = ? WHERE id = 'case-2'", (NASTY, fold("case-2", NASTY)))
    studio.approved_avatar("case-2")
    studio.approved_avatar()
    seen = drawn(visit("publish", q="söhne"))
    assert ("&lt;script&gt;" in seen, "<script>alert" in seen, "#case-2" in seen, "#case-1" in seen) == (True, False, True, False)
    assert "&lt;script&gt;" in drawn(visit("publish", case="case-2"))


def test_a_case_shows_its_links_its_markup_and_who_published_it(studio: LittleStudio) -> None:
    clip = studio.approved_clip()
    publishing.publish(studio.place, CASE, clip.sha256, OWNER, ME)
    seen = drawn(visit("publish", case=CASE))
    assert f"/p/animations/{CASE}/{clip.sha256}.mp4" in seen
    assert "Guests see the avatar and the clip" in seen
    assert "by me, just now; every byte was read back and compared" in seen
    assert "data-living-portrait" in seen
    assert "The clip plays and repeats without sound" in seen


def test_a_case_that_is_not_there_says_so(studio: LittleStudio) -> None:
    assert "This case is not here" in drawn(visit("publish", case="case-9"))


def test_the_switches_change_what_the_preview_says(studio: LittleStudio) -> None:
    studio.approved_clip()
    assert "Not published yet" in drawn(visit("publish", case=CASE))
    assert "on a 3G connection no clip is loaded" in drawn(visit("publish", case=CASE, net="3g"))
    assert "the guest asked for less motion" in drawn(visit("publish", case=CASE, calm="1"))


def test_an_earlier_publication_is_one_press_away(studio: LittleStudio) -> None:
    older = studio.approved_avatar()
    publishing.publish(studio.place, CASE, older.sha256, OWNER, ME)
    publishing.publish(studio.place, CASE, studio.approved_avatar().sha256, OWNER, ME)
    seen = drawn(visit("publish", case=CASE))
    assert re.search(rf'Publish this again|data-asset="{older.sha256}"', seen)
    publish_actions.ACTIONS["publish"]({"case": CASE, "asset": older.sha256})
    now()
    with studio.place.database.reading() as db:
        assert publications.live(db, CASE)[AssetKind.AVATAR].asset == older.sha256


def test_what_of_many_could_not_be_published_is_said_with_the_count(studio: LittleStudio) -> None:
    studio.customer("case-2", "ben", photo="green")
    good, waiting = studio.approved_avatar(), studio.avatar("case-2")
    with pytest.raises(NotNow, match="1 of 2 are to be published"):
        publish_actions.ACTIONS["publish-all"]({"cases": f"{CASE}\ncase-2", "assets": f"{good.sha256},{waiting.sha256}"})


def two_more(studio: LittleStudio) -> None:
    """Let two other cases wait, so that there is something to publish by one press."""
    for number, colour in ((2, "green"), (3, "red")):
        studio.customer(f"case-{number}", f"owner-{number}", photo=colour)
        studio.approved_avatar(f"case-{number}")


def test_what_was_withdrawn_does_not_come_back_with_the_others(studio: LittleStudio) -> None:
    clip = studio.approved_clip()
    two_more(studio)
    assert "Publish these 3" in drawn(visit("publish"))
    publishing.publish(studio.place, CASE, clip.sha256, OWNER, ME)
    assert attempt(lambda: withdrawing.withdraw(studio.place, CASE, OWNER, ME, "The couple asked"))
    seen = drawn(visit("publish"))
    assert ("Publish these 2" in seen, "Unpublished by me, just now" in seen, f'data-asset="{clip.sha256}"' in seen) == (True, True, True)
    assert "Guests see nothing of this: unpublished by me, just now" in drawn(visit("publish", case=CASE))
    publishing.publish(studio.place, CASE, clip.sha256, OWNER, ME)
    assert attempt(lambda: withdrawing.withdraw(studio.place, CASE, OWNER, ME, kinds=[AssetKind.CLIP]))
    seen = drawn(visit("publish"))
    assert ("Publish these 2" in seen, "Unpublished by me, just now" in seen) == (True, True)


def test_what_is_approved_after_a_withdrawal_waits_with_the_others(studio: LittleStudio) -> None:
    publishing.publish(studio.place, CASE, studio.approved_avatar().sha256, OWNER, ME)
    withdrawing.withdraw(studio.place, CASE, OWNER, ME)
    studio.approved_avatar()
    two_more(studio)
    seen = drawn(visit("publish"))
    assert ("Publish these 3" in seen, "Unpublished by" in seen) == (True, False)


def test_an_earlier_one_shown_on_purpose_is_not_replaced_with_the_others(studio: LittleStudio) -> None:
    older = studio.approved_avatar()
    publishing.publish(studio.place, CASE, older.sha256, OWNER, ME)
    studio.approved_avatar()
    two_more(studio)
    assert "Publish these 3" in drawn(visit("publish"))
    publishing.publish(studio.place, CASE, studio.case().avatar or "", OWNER, ME)
    assert attempt(lambda: publishing.publish(studio.place, CASE, older.sha256, OWNER, ME))
    seen = drawn(visit("publish"))
    assert ("Publish these 2" in seen, f'data-asset="{studio.case().avatar}"' in seen) == (True, True)


def test_a_page_that_has_become_empty_shows_the_last_one_there_is(studio: LittleStudio, monkeypatch: pytest.MonkeyPatch) -> None:
    studio.approved_avatar()
    assert f"#{CASE}" in drawn(visit("publish", page="2"))
    assert attempt(lambda: two_more(studio))
    monkeypatch.setattr(window, "PER_PAGE", 2)
    seen = drawn(visit("publish", page="99"))
    assert ("Page 2 of 2" in seen, "Everything that is approved" in seen, seen.count("data-tile")) == (True, False, 1)


def test_what_was_withdrawn_has_a_receipt_for_every_file(studio: LittleStudio, shown) -> None:  # type: ignore[no-untyped-def]
    assert "Receipt" not in drawn(visit("publish", case=CASE))
    assert attempt(lambda: publish_actions.ACTIONS["withdraw"]({"case": CASE, "what": "all", "reason": "The <couple> asked"}))
    now()
    seen = drawn(visit("publish", case=CASE))
    for one in shown.values():
        assert seen.count(f"at {one.url}\nSHA-256: {one.sha256}") == 1
    assert (seen.count("Reason: The &lt;couple&gt; asked\nOutcome: removed, "), seen.count("<summary>Receipt")) == (3, 2)
    with studio.place.database.reading() as db:
        told = {one.cleared for one in publications.history(db, CASE)}
    assert all(f"Copies at the CDN: {words}" in seen for words in told if words)


def test_a_receipt_says_what_the_store_still_holds(studio: LittleStudio, shown, monkeypatch: pytest.MonkeyPatch) -> None:  # type: ignore[no-untyped-def]
    monkeypatch.setattr(publish_cleanup, "clear", lambda *_: 0)
    publish_actions.ACTIONS["withdraw"]({"case": CASE, "what": "clip", "reason": ""})
    now()
    seen = drawn(visit("publish", case=CASE))
    assert (seen.count("Outcome: out of sight"), seen.count("<summary>Receipt"), "Outcome: removed" in seen) == (2, 1, False)


def taken_down(studio: LittleStudio, subject: Subject) -> Receipt:
    shown = takedown.plan(studio.place, subject)
    return takedown.take_down(studio.place, subject, ME, "The couple asked", expected=shown.mark)


def test_a_case_lists_its_own_receipts_and_those_of_its_customer(studio: LittleStudio) -> None:
    studio.customer("42", "ben", photo="green")
    studio.customer("case-7", "42", photo="red")
    studio.customer("42_", "eve", photo="black")
    file = taken_down(studio, Subject(owner="ben", case_id="42", sha256=studio.avatar("42").sha256))
    other = taken_down(studio, Subject(owner="eve", case_id="42_", sha256=studio.avatar("42_").sha256))
    whole, customer = taken_down(studio, Subject(owner="ben", case_id="42")), taken_down(studio, Subject(owner="42"))
    listed = {case: [one.id for one in takedown_receipt.of_case(studio.place, *case)] for case in (("42", "ben"), ("case-7", "42"), ("42_", "eve"))}
    assert listed == {("42", "ben"): [whole.id, file.id], ("case-7", "42"): [customer.id], ("42_", "eve"): [other.id]}
    assert f"Receipt {file.id}" in drawn(visit("publish", case="42", receipt=file.id))
    assert "There is no such receipt" in drawn(visit("publish", case="42", receipt=customer.id))


def test_a_take_down_is_judged_by_pictures_of_invitation_and_sweep_and_names_what_stays_with_others(studio: LittleStudio) -> None:
    testphotos.add(studio.place, "Sample couple", intake("blue"), ME)
    studio.customer("case-2", "ben", photo="blue")
    studio.approved_clip()
    cell = studio.avatar()
    studio.as_cell(studio.run(cell.run_id or ""), "s-1")
    seen = drawn(visit("publish", case=CASE, takedown="case"))
    groups = re.findall(r'<section class="going-group( stays)?">(.*?)</section>', seen, re.DOTALL)
    titles = [(bool(stays), re.sub(r"<[^>]+>", "", group.partition("</h4>")[0]), group.count("<figure")) for stays, group in groups]
    assert [(stays, pictures) for stays, _, pictures in titles] == [(False, 3), (False, 1), (True, 1), (True, 1)]
    words = " ".join(title for _, title, _ in titles)
    assert re.search(rf"Invitation {CASE}.*Sweep s-1 presets on {CASE}.*case-2.*Test photos", words)
    assert "one of the studio's own test photos" in html.unescape(seen)
    assert re.search(r'<button[^>]*type="submit"[^>]*class="danger".*?>Take down \d+ copies<.*?Cancel</a>', seen, re.DOTALL)


def test_what_would_go_is_looked_for_once_an_opening(studio: LittleStudio, monkeypatch: pytest.MonkeyPatch) -> None:
    looks: list[Subject] = []
    plan = takedown.plan

    def counted(place: Place, subject: Subject) -> takedown.TakeDownPlan:
        looks.append(subject)
        return plan(place, subject)

    monkeypatch.setattr(takedown, "plan", counted)
    screen = visit("publish", case=CASE, takedown="case")
    opened = len(looks)
    assert attempt(studio.avatar)
    assert "would be removed" in drawn(screen.run())
    assert (opened, len(looks)) == (1, 1)
    del screen.query_params["takedown"]
    screen.run()
    screen.query_params["takedown"] = "case"
    screen.run()
    assert len(looks) == 2


def test_a_copy_that_waits_would_go_in_a_plan_and_is_still_to_be_removed_on_a_receipt() -> None:
    copies = [Copy(what="photo", where=Where.PUBLIC, address="", case_id=CASE, sha256="", bytes=1, outcome=Outcome.WAITING, why="", at=None)]
    plan, receipt = str(farewell._copies(copies, planned=True)), str(farewell._copies(copies, planned=False))
    assert ("would go" in plan, "Still to be removed" in plan) == (True, False)
    assert ("would go" in receipt, "Still to be removed" in receipt) == (False, True)


def answers(*requests: tuple[str, dict[str, str]], method: str = "GET") -> list[httpx.Response]:
    """Ask the studio's own routes, as a guest does."""

    async def ask() -> list[httpx.Response]:
        app = Starlette(routes=[*all_routes(), Route("/guest/{token}", guestpage.guest)])
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://studio") as client:
            return [await client.request(method, path, headers=headers) for path, headers in requests]

    with ThreadPoolExecutor(1) as beside:  # a browser of another test may have a loop of its own in this thread
        return beside.submit(anyio.run, ask).result()


@pytest.fixture
def shown(studio: LittleStudio) -> dict[AssetKind, publications.Publication]:
    """What guests see of a published clip."""
    return {one.kind: one for one in publishing.publish(studio.place, CASE, studio.approved_clip().sha256, OWNER, ME)}


def test_a_published_file_is_served_whole_in_parts_and_not_again(studio: LittleStudio, shown) -> None:  # type: ignore[no-untyped-def]
    clip = shown[AssetKind.CLIP]
    path = f"/p/{clip.key}"
    tag = f'"{clip.sha256}"'
    whole, part, known, past = answers((path, {}), (path, {"range": "bytes=2-5"}), (path, {"if-none-match": tag}), (path, {"range": "bytes=999999-"}))
    assert (whole.status_code, whole.headers["content-type"], whole.headers["etag"], len(whole.content)) == (200, "video/mp4", tag, clip.bytes)
    assert whole.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert (part.status_code, part.content, part.headers["content-range"]) == (206, whole.content[2:6], f"bytes 2-5/{clip.bytes}")
    assert (known.status_code, known.content, past.status_code) == (304, b"", 416)
    (head,) = answers((path, {}), method="HEAD")
    assert (head.status_code, head.content, head.headers["content-length"]) == (200, b"", str(clip.bytes))


def test_what_is_withdrawn_answers_no_more_even_while_its_file_is_still_there(studio: LittleStudio, shown) -> None:  # type: ignore[no-untyped-def]
    paths = [f"/p/{one.key}" for one in shown.values()]
    kept = {one.key: (studio.place.settings.folder / "public" / one.key).read_bytes() for one in shown.values()}
    withdrawing.withdraw(studio.place, CASE, OWNER, ME)
    for key, data in kept.items():
        studio.place.storefront.store.put(key, data, media_type="image/webp", cache_control="no-store")
    assert [one.status_code for one in answers(*((path, {}) for path in paths))] == [404] * 3


TRAVERSALS = [
    "/p/",
    "/p/avatars/",
    "/p/avatars/case-1/",
    "/p/../studio.db",
    "/p/%2e%2e/studio.db",
    "/p/..%2fstudio.db",
    "/p/avatars/../../studio.db",
    "/p/avatars/%2e%2e/%2e%2e/studio.db",
    "/p/.lock",
    "/p//etc/passwd",
    "/p/avatars/case-1/" + "0" * 64 + ".webp",
    "/p/%00",
    "/p/scripts/",
]


@pytest.mark.parametrize("path", TRAVERSALS)
def test_no_other_address_answers(studio: LittleStudio, shown, path: str) -> None:  # type: ignore[no-untyped-def]
    assert answers((path, {}))[0].status_code in (404, 307)


def test_of_everything_that_is_kept_only_what_is_published_can_be_reached_without_a_link(studio: LittleStudio, shown) -> None:  # type: ignore[no-untyped-def]
    """Every file of both stores is asked for under every address it could have."""
    studio.avatar()
    rejected = studio.approved_avatar()
    reviews.decide_on(studio.place, rejected, OWNER, Decision.REJECTED, ME)
    folder = studio.place.settings.folder
    files = [path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()]
    names = {name.partition("/")[2] for name in files} | {f".{name}.json" for name in files} | set(files)
    hashes = {row["sha256"]: row["media_type"].rpartition("/")[2] for row in studio.rows("SELECT sha256, media_type FROM assets")}
    guessed = {f"{kind}/{CASE}/{sha256}.{ending}" for sha256 in hashes for kind in ("avatars", "animations", "posters") for ending in ("webp", "mp4")}
    asked = sorted({f"{prefix}/{name}" for prefix in ("/p", "/m", "/samples", "/p/public", "/p/objects") for name in names | guessed})
    found = {path for path, answer in zip(asked, answers(*((path, {}) for path in asked)), strict=True) if answer.status_code < 400}
    assert found - {f"/p/{script_key()}"} == {f"/p/{one.key}" for one in shown.values()}
    assert len(asked) > 300


def test_the_preview_needs_its_signed_link_and_holds_the_real_markup(studio: LittleStudio, shown) -> None:  # type: ignore[no-untyped-def]
    token = daylinks.sign("guest", CASE)
    page, forged, other = answers((f"/guest/{token}?calm=1", {}), (f"/guest/{token}x", {}), (f"/guest/{daylinks.sign('guest', 'case-9')}", {}))
    assert (page.status_code, forged.status_code, other.status_code) == (200, 403, 404)
    assert f"/p/{shown[AssetKind.CLIP].key}" in page.text
    assert "frame-ancestors 'self'" in page.headers["content-security-policy"]
    with pytest.raises(NotAllowed):
        daylinks.read("media", token)
