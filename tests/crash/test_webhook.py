"""A webhook through the whole studio: signed by the sandbox, verified by the app, waking the worker."""

from pathlib import Path

import pytest

from pipeline.buying import calls
from pipeline.records import moment
from pipeline.sandbox import faults
from pipeline.studio.photos import Intake
from tests.crash.conftest import forget_settings
from tests.crash.harness import WreckableApp, assert_sound

DELAY = 3.2
NEXT_LOOK = 4.5  # half of what the catalogue expects of the model, when it was never met


@pytest.mark.crash
@pytest.mark.timeout(120)
def test_an_end_is_noticed_at_once_when_fal_calls_and_a_second_call_changes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, intake: Intake
) -> None:
    forget_settings(monkeypatch)
    app = WreckableApp(tmp_path / "studio", STUDIO_SANDBOX_SPEED=str(DELAY))
    try:
        app.wait_until(lambda: None not in (app.pid("worker"), app.pid("sandbox")), "worker and sandbox")
        faults.add(app.settings.folder / "emulator", faults.Fault(kind="duplicate_webhook"))
        run = app.ask_avatar(app.case_with(intake))
        app.wait_for_all()
        with app.place.database.reading() as db:
            (call,) = calls.of_run(db, run.id)
            inbox = [row["request_id"] for row in db.execute("SELECT request_id FROM webhook_inbox")]
        assert inbox == [call.request_id]
        assert call.accepted_at
        assert call.finished_at
        assert DELAY - 0.1 < (moment(call.finished_at) - moment(call.accepted_at)).total_seconds() < NEXT_LOOK - 0.3
        assert_sound(app)
    finally:
        app.close()
