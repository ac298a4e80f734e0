"""kill -9 at any moment, at every named point, and with the engine's memory gone: nothing is lost and nothing is bought twice."""

import json
import os
import random
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from pipeline.buying import POINTS
from pipeline.records import Run, RunKind, RunState
from pipeline.settings import ROOT
from pipeline.studio.photos import Intake
from tests.crash.harness import PATIENCE_SECONDS, Wreckable, WreckableApp, assert_sound

KILLS = int(os.environ.get("KILLS", "20"))
FEW = 6
CLIP_ONLY = {"after-encoding"}
AVATAR_ONLY = {"after-display-copy"}

pytestmark = [pytest.mark.crash, pytest.mark.timeout(60 + 30 * KILLS)]


def test_every_named_point_of_the_buy_path_survives_a_power_cut(studio: Wreckable, intake: Intake) -> None:
    made = [_die_at(studio, points, lambda: studio.ask_avatar(studio.case_with(intake))) for points in _lives(CLIP_ONLY)]
    for points, avatar in zip(_lives(AVATAR_ONLY), made, strict=True):
        _die_at(studio, points, lambda avatar=avatar: studio.ask_clip(avatar))  # type: ignore[misc]
    assert_sound(studio)


def _lives(never: set[str]) -> list[list[str]]:
    """Share the points out over two runs: one that died elsewhere finds its request done and does not wait for it any more."""
    return [[point for point in POINTS if point not in {*never, "while-waiting"}], ["while-waiting"]]


def _die_at(studio: Wreckable, points: list[str], ask: Callable[[], Run]) -> Run:
    """Let one run die at each of these points in turn, and end well."""
    deaths = [studio.pull_the_plug_at(point) for point in points]
    run = ask()
    studio.wait_for_all()
    studio.wait_until(lambda: not any(order.exists() for order in deaths), f"reaching every one of {points}", 10)
    return run


REMEMBERS, FORGETS = "the engine remembers", "jobs.db deleted between kills"


@pytest.mark.parametrize(
    ("forgetful", "most"),
    [
        pytest.param(False, FEW, id=REMEMBERS),
        pytest.param(True, FEW, id=FORGETS),
        pytest.param(False, KILLS, id=f"{REMEMBERS}, at length", marks=pytest.mark.long),
        pytest.param(True, KILLS, id=f"{FORGETS}, at length", marks=pytest.mark.long),
    ],
)
def test_random_kills_lose_nothing_and_buy_nothing_twice(studio: Wreckable, intake: Intake, forgetful: bool, most: int) -> None:
    dice = random.Random(f"{forgetful} {most}")
    avatars = [studio.ask_avatar(studio.case_with(intake)) for _ in range(4)]
    kills = 0
    while kills < most:
        studio.up()
        time.sleep(dice.uniform(0.2, 2.0))
        kills += _kill_something(studio, dice, forgetful)
        avatars = _keep_busy(studio, intake, avatars)
    studio.wait_for_all()
    assert_sound(studio)


@pytest.mark.long
def test_the_app_may_be_killed_too(app: WreckableApp, intake: Intake) -> None:
    dice = random.Random(KILLS)
    avatars = [app.ask_avatar(app.case_with(intake)) for _ in range(3)]
    kills = 0
    while kills < max(KILLS // 4, 4):
        app.wait_until(lambda: app.pid("worker") is not None, "a worker under the app")
        time.sleep(dice.uniform(0.2, 2.0))
        kills += _kill_something(app, dice, forgetful=False, names=("app", "worker", "sandbox"))
        avatars = _keep_busy(app, intake, avatars)
    app.wait_for_all()
    assert_sound(app)


def test_nothing_outlives_the_app(app: WreckableApp) -> None:
    app.wait_until(lambda: None not in (app.pid("worker"), app.pid("sandbox")), "the app's children")
    app.kill("app")
    end = time.monotonic() + 10
    while app.processes() and time.monotonic() < end:
        time.sleep(0.05)
    assert app.processes() == {}


def _kill_something(studio: Wreckable, dice: random.Random, forgetful: bool, names: tuple[str, ...] = ("worker", "worker", "sandbox")) -> int:
    name = dice.choice(names)
    if not studio.kill(name):
        return 0
    if forgetful and name == "worker":
        studio.forget_jobs()
    return 1


def _keep_busy(studio: Wreckable, intake: Intake, avatars: list[Run]) -> list[Run]:
    """Animate avatars that are ready and ask for new ones, so that there is always something to interrupt."""
    now = [studio.look(run.id) for run in avatars]
    for run in now:
        if run.state is RunState.SUCCEEDED and run.kind is RunKind.AVATAR:
            studio.ask_clip(run)
    going = [run for run in now if not run.ended]
    return going if len(studio.live()) >= 4 else [*going, studio.ask_avatar(studio.case_with(intake))]


@pytest.mark.long
def test_eight_commands_at_once_end_well_while_the_worker_is_killed_six_times(studio: Wreckable) -> None:
    command = [sys.executable, "-m", "pipeline", "portrait", "data/samples/astronaut.jpg", "--approve", "--json"]
    asked = [subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) for _ in range(8)]
    dice = random.Random(6)
    kills = 0
    while kills < 6:
        time.sleep(dice.uniform(0.5, 2.0))
        kills += studio.kill("worker")
        assert any(process.poll() is None for process in asked) or kills >= 6, "all ended before the worker could be killed"
    answers = [json.loads(process.communicate(timeout=PATIENCE_SECONDS)[0]) for process in asked]
    assert [process.returncode for process in asked] == [0] * 8
    assert {answer["cost_micro_usd"] for answer in answers} == {380_000}
    assert all(Path(answer[name]["path"]).stat().st_size == answer[name]["bytes"] for answer in answers for name in ("avatar", "clip", "poster"))
    assert_sound(studio)
