"""A case is taken down while its avatar is being made, by the real worker and the real sandbox: what arrives late is paid, said and not kept."""

from pipeline.records import RunState
from pipeline.studio import takedown, takedown_receipt
from pipeline.studio.takedown_copies import Outcome, Subject, Where
from tests.running import ME, OWNER, Running


def test_a_late_result_ends_its_run_in_words_charged_and_without_a_byte_and_a_retry_buys_nothing(studio: Running) -> None:
    case = studio.customer()
    run = studio.ask_avatar(case, model="flux-dev", seed=4)
    studio.until(lambda: studio.shown(run)["calls"][0]["state"] in ("submitted", "running"))
    subject = Subject(case_id=case.id, owner=OWNER)
    receipt = takedown.take_down(studio.place, subject, ME, "asked for", expected=takedown.plan(studio.place, subject).mark)
    assert receipt.ended_at is None
    for ended in (studio.wait_for(run), studio.retry(run)):
        assert (ended.state, studio.charged(run), studio.held(run)) == (RunState.FAILED, 30_000, 0)
        assert ended.error is not None
        assert (ended.error["error"], ended.error["charged"], "taken down" in ended.error["say"]) == ("TakenDown", True, True)
    takedown.resume(studio.place)
    after = takedown_receipt.receipt(studio.place, receipt.id)
    assert after.ended_at
    assert {one.where for one in after.copies} - {Where.ELSEWHERE} == {Where.PRIVATE, Where.SANDBOX, Where.WORK}
    assert {one.outcome for one in after.copies if one.where is not Where.ELSEWHERE} == {Outcome.REMOVED}
    assert list(studio.place.store.list(f"{case.id}/")) == []
