"""A pause of purchases outlives every process; afterwards everything goes on by itself, and nothing was bought in between or twice."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from pipeline.records import Run, RunState
from pipeline.sandbox.bill import bill
from pipeline.stages import in_line
from pipeline.studio import switches
from pipeline.studio.photos import Intake
from tests.crash.conftest import forget_settings
from tests.crash.harness import ME, Wreckable, WreckableApp, assert_sound

pytestmark = [pytest.mark.crash, pytest.mark.timeout(180)]
WORDS = f"Purchases are paused by {ME.name}: wrong prices"


@pytest.fixture
def narrow(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Wreckable]:
    """A studio with one place, whose requests take long enough for two more to come in line behind the first."""
    forget_settings(monkeypatch)
    monkeypatch.setenv("STUDIO_PROVIDER_SLOTS", "1")
    studio = Wreckable(tmp_path / "studio", STUDIO_SANDBOX_SPEED="6", STUDIO_PROVIDER_SLOTS="1")
    yield studio
    studio.close()
    assert studio.processes() == {}, "stray processes"


def accepted(studio: Wreckable) -> int:
    return len(bill(studio.settings.folder / "emulator").requests)


def stages(studio: Wreckable, *asked: Run) -> list[str]:
    return [studio.look(run.id).stage for run in asked]


def test_what_waits_at_the_gate_stays_there_and_what_was_submitted_is_delivered(narrow: Wreckable, intake: Intake) -> None:
    first = narrow.ask_avatar(narrow.case_with(intake))
    narrow.wait_until(lambda: accepted(narrow) == 1, "the first request being accepted")
    second, third = (narrow.ask_avatar(narrow.case_with(intake)) for _ in range(2))
    narrow.wait_until(lambda: stages(narrow, second, third) == [in_line(1), in_line(2)], "two runs in line")
    switches.pause(narrow.place, ME, "wrong prices")
    assert stages(narrow, second, third) == [WORDS] * 2
    for names in (("worker",), ("worker", "sandbox")):
        for name in names:
            narrow.kill(name)
        narrow.wait_until(lambda: None not in (narrow.pid("worker"), narrow.pid("sandbox")), "both back")
    narrow.wait_until(lambda: narrow.look(first.id).state is RunState.SUCCEEDED, "what was submitted being delivered")
    assert stages(narrow, second, third) == [WORDS] * 2
    assert accepted(narrow) == 1
    switches.resume(narrow.place, ME)
    narrow.wait_for_all()
    assert_sound(narrow)


def test_a_pause_outlives_the_app(app: WreckableApp, intake: Intake) -> None:
    switches.pause(app.place, ME, "wrong prices")
    asked = app.ask_avatar(app.case_with(intake))
    for name in ("worker", "app"):
        app.wait_until(lambda: app.pid("worker") is not None, "a worker under the app")
        app.kill(name)
    app.wait_until(lambda: app.pid("worker") is not None, "a worker under the app again")
    assert (stages(app, asked), accepted(app)) == ([WORDS], 0)
    switches.resume(app.place, ME)
    app.wait_for_all()
    assert_sound(app)
