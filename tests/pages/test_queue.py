"""The Queue without a browser: what it says, what its buttons do, and which addresses it understands."""

import html
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import streamlit as st

from pages.parts import frame, queue_actions
from pages.parts.here import attempt, dismiss, notice
from pipeline import runs
from pipeline.buying import calls
from pipeline.errors import BeingLookedUp, DownloadFailed, GenerationFailed, InputRefused, StudioError
from pipeline.records import Call, CallState, Person, Role, Run, RunState
from pipeline.studio import looks, people, photos, portraits, requests, switches
from pipeline.workflows.wishes import AvatarWish
from tests.little_studio import CASE, ME, OWNER, LittleStudio, intake
from tests.pages.screens import drawn, visit

ANA, BEN = Person(name="Ana"), Person(name="Ben")
NASTY = "<script>alert(1)</script> & Söhne 👰🤵 محمد " + "x" * 5000


@pytest.fixture
def studio(own_data_folder: Path) -> Iterator[LittleStudio]:
    """The studio that the screens of this test look at, with a customer in it; nobody is in front of them but its owner."""
    yield LittleStudio(own_data_folder, customer=True, STUDIO_ATTEMPTS="1000")
    for name in ("person", "retried", "go"):
        st.session_state.pop(name, None)
    dismiss()


def ask(studio: LittleStudio, run_id: str, seed: int = 1, by: Person = ME) -> Run:
    return portraits.ask_avatar(studio.place, CASE, OWNER, AvatarWish(seed=seed), by, run_id=run_id).run


def end_badly(studio: LittleStudio, run: Run, error: StudioError) -> None:
    with studio.place.database.writing() as tx:
        runs.finish(tx, run.id, RunState.FAILED, error)


def lost(studio: LittleStudio, run_id: str, seed: int = 1) -> Call:
    """Let a run's request be one that nobody can prove, not even by its id."""
    run = ask(studio, run_id, seed)
    with studio.place.database.writing() as tx:
        call = calls.move(tx, calls.filling(tx, run.id, "avatar"), CallState.SUBMITTING, sent_at="2026-03-05T09:08:07.000000+00:00", sends=1)
        call = calls.move(tx, call, CallState.UNKNOWN, needs_decision=1, error={**BeingLookedUp().as_json(), "asked": 2, "found": 0})
        runs.finish(tx, run.id, RunState.FAILED, BeingLookedUp())
        return call


def press(**what: str) -> str:
    """Press a button of the Queue and return what the screen then has to say."""
    frame.do(queue_actions.ACTIONS, what)
    return notice()


def be(name: str) -> None:
    """Sit in front of the screen as somebody else."""
    st.session_state["person"] = name


def look(**query: str) -> str:
    """Return what a first visit sees now, not what another visit saw a moment ago."""
    attempt(lambda: None)
    return drawn(visit("queue", **query))


def seen_by(name: str, **query: str) -> str:
    screen = visit("queue", **query)
    screen.session_state["person"] = name
    return drawn(screen.run())


def section(seen: str, name: str) -> str:
    """Return the HTML of one section."""
    return seen.partition(f'<section id="{name}">')[2].partition("</section>")[0]


def rows(seen: str) -> list[str]:
    return re.findall(r'<li id="run-([^"]+)"', seen)


def test_an_empty_queue_says_so_and_that_the_worker_is_not_there(studio: LittleStudio) -> None:
    seen = look()
    for words in ("Nothing runs.", "Nothing waits.", "No lost request needs a decision.", "Nothing failed in the last seven days."):
        assert words in seen
    assert "<b>Worker</b><span>Not running. It starts again by itself; nothing is lost meanwhile.</span>" in seen


def test_everybody_s_place_stage_person_and_money_are_shown_in_fair_order(studio: LittleStudio) -> None:
    for number in range(3):
        ask(studio, f"ana{number}", number, ANA)
    studio.submit(studio.run("ana0"))
    ask(studio, "ben0", 10, BEN)
    seen = look()
    assert rows(section(seen, "running")) == ["ana0"]
    assert rows(section(seen, "waiting")) == ["ben0", "ana1", "ana2"]
    assert re.findall(r'class="place"[^>]*>(\w+)<', seen) == ["1st", "2nd", "3rd"]
    assert 'role="progressbar"' in section(seen, "running")
    assert section(seen, "waiting").count("$0.03 held") == 3
    assert 'href="/queue?who=Ben"' in section(seen, "waiting")
    assert "1 running, 3 waiting, 0 needs a decision, 0 failed, 0 done today" in seen


def test_an_address_names_a_section_a_person_and_a_page(studio: LittleStudio) -> None:
    for number in range(50):
        ask(studio, f"r{number:02}", number, (ANA, BEN)[number % 2])
    ours = look(show="waiting", who="Ana")
    assert len(rows(ours)) == 25
    assert 'aria-current="page"><span>Waiting</span><span class="count">25' in ours
    assert '<option value="Ana" selected>' in ours
    second = look(show="waiting", page="2")
    assert len(rows(second)) == 2
    assert "49th" in second
    assert "Page 2 of 2" in second
    glance = look()
    assert len(rows(section(glance, "waiting"))) == 8
    assert "Show all 50" in glance


@pytest.mark.parametrize(
    "query", [{"show": "<b>"}, {"page": "0"}, {"page": "-1"}, {"page": "²"}, {"page": "9" * 40}, {"who": NASTY}, {"show": NASTY}]
)
def test_odd_addresses_show_the_queue(studio: LittleStudio, query: dict[str, str]) -> None:
    ask(studio, "r")
    seen = look(**query)
    assert "<h1>Queue</h1>" in seen
    assert "<script" not in seen


@pytest.mark.parametrize("run", ["nothing", "%", "r%", NASTY, "'; DROP TABLE runs; --"])
def test_a_run_that_is_not_there_gets_a_friendly_page(studio: LittleStudio, run: str) -> None:
    ask(studio, "r")
    seen = look(run=run)
    assert "This run is not here" in seen
    assert 'href="/queue"' in seen
    assert "<script" not in seen


def test_strange_names_are_text_on_every_part_of_the_screen(studio: LittleStudio) -> None:
    stranger = Person(name='"><script>alert(1)</script>')
    photos.open_case(studio.place, "odd", "me", ME, name=NASTY)
    photos.put_photo(studio.place, "odd", "me", intake("red"), ME)
    for number in range(3):
        run = portraits.ask_avatar(studio.place, "odd", "me", AvatarWish(seed=number), stranger, run_id=f"odd{number}").run
        if number:
            studio.fail(run)
    switches.pause(studio.place, stranger, "<script>why</script>")
    frame.do(queue_actions.ACTIONS, {"do": "retry-all", "runs": "odd1,odd2,<script>", "price": "60000"})
    for query in ({}, {"run": "odd0"}, {"run": "odd1"}, {"who": stranger.name}):
        seen = look(**query)
        assert "<script" not in seen
        assert html.escape(NASTY[:60]) in seen


def test_a_failure_says_what_whose_fault_what_it_cost_what_to_try_and_what_a_retry_costs(studio: LittleStudio) -> None:
    end_badly(studio, ask(studio, "refused", 1), InputRefused())
    paid = ask(studio, "paid", 2)
    studio.pay(paid)
    end_badly(studio, paid, DownloadFailed(charged=True))
    seen = section(look(), "failed")
    assert "Something about the input · not charged · just now" in seen
    assert InputRefused.next in seen
    assert "The provider’s fault · charged $0.03 · just now" in seen
    assert "Retry · free" in seen


def test_what_cannot_be_retried_says_why_and_has_no_button_that_would_refuse(studio: LittleStudio) -> None:
    studio.fail(ask(studio, "r"))
    photos.put_photo(studio.place, CASE, OWNER, intake("red"), ME, replace=True)
    seen = section(look(), "failed")
    assert "The photo was replaced meanwhile, so this is not bought again." in seen
    assert 'data-do="retry"' not in seen


def test_a_retried_run_keeps_its_old_error_until_it_succeeds(studio: LittleStudio) -> None:
    studio.fail(ask(studio, "r"))
    for _ in range(2):
        assert press(do="retry", run="r") == ""
    assert (studio.run("r").attempt, len(studio.rows("SELECT id FROM calls"))) == (2, 2)
    assert f"Last time: {GenerationFailed.say}" in section(look(), "waiting")
    studio.succeed(studio.run("r"))
    seen = look()
    assert GenerationFailed.say not in seen
    assert rows(section(seen, "done")) == ["r"]


def test_cancelling_twice_is_cancelling_once(studio: LittleStudio) -> None:
    ask(studio, "r")
    for _ in range(2):
        assert press(do="cancel", run="r") == ""
    assert "Cancelling" in section(look(), "waiting")
    assert 'data-do="cancel"' not in section(look(), "waiting")


def test_retrying_all_lists_what_is_bought_and_what_not_and_tells_what_became_of_each(studio: LittleStudio) -> None:
    studio.fail(ask(studio, "free", 1))
    paid = ask(studio, "paid", 2)
    studio.pay(paid)
    end_badly(studio, paid, DownloadFailed(charged=True))
    seen = look(show="failed")
    assert "Retry all failed · $0.03" in seen
    assert 'id="again-paid"' in seen
    runs_, price = re.search(r'data-runs="([^"]*)" data-price="(\d+)"', seen).groups()
    assert (runs_, price) == ("paid,free", "30000")
    for _ in range(2):
        assert press(do="retry-all", runs=runs_, price=price) == ""
    assert [studio.run(name).attempt for name in ("free", "paid")] == [2, 2]
    told = st.session_state["retried"]
    assert [(run, bool(why)) for run, _, why in told] == [("paid", True), ("free", True)]
    assert looks.ledger_totals(studio.place) == {"held_micro_usd": 30_000, "charged_micro_usd": 30_000}


def test_what_a_retry_of_many_could_not_do_is_told_until_it_is_closed(studio: LittleStudio, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STUDIO_DAILY_CAP_USD", "0.05")
    for number in range(2):
        studio.fail(ask(studio, f"r{number}", number))
    assert press(do="retry-all", runs="r1,r0,gone", price="60000") == ""
    screen = visit("queue")
    screen.session_state["retried"] = st.session_state["retried"]
    seen = drawn(screen.run())
    assert "1 of 3 are being tried again" in seen
    assert "is left of the day cap" in seen
    assert "no run &#x27;gone&#x27;" in seen
    press(do="retried-read")
    assert "retried" not in st.session_state


def test_nothing_is_bought_at_a_higher_price_than_was_said(studio: LittleStudio) -> None:
    for number in range(2):
        studio.fail(ask(studio, f"r{number}", number))
    for told in ("30000", "", "-1", "many"):
        assert "would now cost $0.06" in press(do="retry-all", runs="r0,r1", price=told)
    assert [studio.run(name).state for name in ("r0", "r1")] == [RunState.FAILED] * 2


def test_a_request_nobody_can_prove_is_told_with_the_price_of_every_way_out(studio: LittleStudio) -> None:
    lost(studio, "r")
    for query in ({}, {"run": "r"}):
        seen = look(**query)
        assert "fal&#x27;s list does not show it" in seen
        assert "Looked up twice, nothing found." in seen
        for words in ("It arrived · $0.03", "Send again · $0.03 more", "Write off · $0.03"):
            assert words in seen
        assert 'name="request"' in seen


def test_a_request_is_adopted_by_its_id_only(studio: LittleStudio) -> None:
    call = lost(studio, "r")
    for wrong in ("", "  ", "../../account", "<script>"):
        assert "not a request id" in press(do="settle", call=call.id, choice="adopt", request=wrong)
    assert press(do="settle", call=call.id, choice="adopt", request=" 764cabcf-b745 ", note="found it") == ""
    after = requests.find_call(studio.place, call.id)
    assert (after.request_id, after.state, after.needs_decision) == ("764cabcf-b745", CallState.SUBMITTED, False)
    assert studio.rows("SELECT choice, person, note FROM decisions") == [{"choice": "adopt", "person": "me", "note": "found it"}]


@pytest.mark.parametrize(("choice", "money"), [("resend", (30_000, 30_000)), ("write-off", (0, 30_000))])
def test_a_decision_pressed_twice_is_one(studio: LittleStudio, choice: str, money: tuple[int, int]) -> None:
    call = lost(studio, "r")
    for _ in range(2):
        assert press(do="settle", call=call.id, choice=choice) == ""
    assert looks.ledger_totals(studio.place) == {"held_micro_usd": money[0], "charged_micro_usd": money[1]}
    assert len(studio.rows("SELECT id FROM decisions")) == 1


def test_a_pause_says_large_who_why_and_since_when_and_what_waits_keeps_its_place(studio: LittleStudio) -> None:
    ask(studio, "r")
    assert press(do="pause", note="fal bills twice") == ""
    seen = look()
    assert "<h2>Purchases are paused</h2>" in seen
    assert "“fal bills twice”" in seen
    assert re.search(r"By me, just now \(\d+ \w+, \d\d:\d\d UTC\)\. One run waits for it\.", seen)
    assert "Keeps its place until purchases are resumed" in section(seen, "waiting")
    assert 'data-do="resume"' in seen
    assert "Pause new purchases" not in seen
    assert press(do="resume") == ""
    assert 'id="pause-card"' not in look()


def test_a_reason_that_is_too_long_is_refused_in_one_sentence(studio: LittleStudio) -> None:
    assert "at most 200 characters" in press(do="pause", note="x" * 201)
    assert 'id="pause-card"' not in look()


def test_people_without_a_role_see_the_reason_and_change_nothing(studio: LittleStudio) -> None:
    people.add(studio.place, "Vera", "support", frozenset({Role.VIEW}), ME)
    for number in range(2):
        studio.fail(ask(studio, f"failed{number}", number))
    ask(studio, "waiting", 5)
    call = lost(studio, "lost", 6)
    seen = seen_by("Vera").partition("<h1>Queue</h1>")[2]
    for what in ('data-do="retry"', "data-choice"):
        assert what not in seen
    for what in ('data-do="cancel"', 'popovertarget="pause"', 'popovertarget="retry-all"'):
        buttons = [button for button in re.findall("<button[^>]*>", seen) if what in button]
        assert [" disabled" in button for button in buttons] == [True] * len(buttons) != [], what
    assert "Only who may change budgets and settle lost requests can decide this." in seen
    be("Vera")
    before = studio.dump()
    wishes = (
        {"do": "retry", "run": "failed0"},
        {"do": "retry-all", "runs": "failed0,failed1", "price": "60000"},
        {"do": "cancel", "run": "waiting"},
        {"do": "settle", "call": call.id, "choice": "write-off"},
        {"do": "pause", "note": "no"},
        {"do": "resume"},
    )
    for wish in wishes:
        assert "Vera may not" in press(**wish)
    assert studio.dump() == before


@pytest.mark.parametrize(
    "what",
    [{}, {"do": "retry", "run": "nobody"}, {"do": "settle", "call": "x", "choice": "resend"}, {"do": "retry-all"}, {"do": "cancel"}, {"do": "drop"}],
)
def test_a_press_nobody_offered_changes_nothing(studio: LittleStudio, what: dict[str, str]) -> None:
    lost(studio, "r")
    before = studio.dump()
    press(**what)
    assert studio.dump() == before


def test_a_choice_nobody_offered_changes_nothing(studio: LittleStudio) -> None:
    call = lost(studio, "r")
    assert "out of date" in press(do="settle", call=call.id, choice="everything")
    assert requests.find_call(studio.place, call.id).needs_decision


def test_a_filter_leads_to_an_address_that_keeps_the_section(studio: LittleStudio) -> None:
    st.query_params["show"] = "failed"
    press(do="whose", who="Ben & Söhne")
    st.query_params.clear()
    assert st.session_state["go"] == "/queue?show=failed&who=Ben%20%26%20S%C3%B6hne"


def test_one_run_is_told_in_full_with_who_did_what_what_was_sent_and_every_ledger_line(studio: LittleStudio) -> None:
    studio.fail(ask(studio, "r", by=ANA))
    requests.retry(studio.place, "r", OWNER, BEN)
    studio.succeed(studio.run("r"))
    seen = look(run="r")
    assert re.findall(r'<b dir="auto">(\w+)</b> (asked for it|had it tried again)', seen) == [("Ana", "asked for it"), ("Ben", "had it tried again")]
    assert "<h2>Request 1</h2>" in seen
    assert "<h2>Request 2</h2>" in seen
    assert "the photo, cut square" in seen
    assert "1 megapixel × $0.03 = $0.03" in seen
    assert [seen.count(f"<span>{kind}</span>") for kind in ("Held", "Given back", "Charged")] == [2, 2, 1]
    assert "$0.03 charged, $0.00 held." in seen
    assert "attempt 2" in seen


def test_a_run_that_waits_for_another_s_request_says_so_and_has_no_lines_of_its_own(studio: LittleStudio) -> None:
    for name in ("first", "second"):
        ask(studio, name)
    seen = look(run="second")
    assert 'href="/queue?run=first"' in seen
    assert "This run has no line of its own" in seen
