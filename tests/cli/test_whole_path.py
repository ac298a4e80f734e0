"""The commands scripts stand on, used as scripts use them, against the real sandbox and a real worker."""

import csv
import io
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import av
import pytest
from PIL import Image

from pipeline.settings import ROOT
from tests.cli.conftest import SAMPLE, CommandLine

FILE = {"path", "sha256", "media_type", "width_px", "height_px", "bytes"}


@pytest.fixture(scope="module")
def portrait(served: CommandLine, tmp_path_factory: pytest.TempPathFactory) -> dict[str, object]:
    """One portrait with its clip, made once for this file, from a photo with a name that needs care."""
    photo = tmp_path_factory.mktemp("photos") / 'Zoë & Li\'s "day" $(echo no) 喜.jpg'
    shutil.copy(SAMPLE, photo)
    out = tmp_path_factory.mktemp("out") / "new folder"
    said = served("portrait", str(photo), "--style", "ghibli", "--seed", "7", "--approve", "--out", str(out), "--json")
    assert said.code == 0, said.err
    return dict(said.document)


def test_a_portrait_is_one_document_with_whole_files(portrait: dict[str, dict[str, object]]) -> None:
    assert {"run", "case", "mode", "cost_micro_usd", "avatar", "clip", "poster"} <= portrait.keys()
    assert portrait["mode"] == "sandbox"
    assert portrait["cost_micro_usd"] == 380_000
    for name, extra in (("avatar", {"likeness"}), ("clip", {"seconds"}), ("poster", set())):
        assert FILE | extra <= portrait[name].keys()
        assert Path(str(portrait[name]["path"])).stat().st_size == portrait[name]["bytes"]


def test_the_avatar_is_a_square_webp_and_looks_like_the_photo(portrait: dict[str, dict[str, object]]) -> None:
    with Image.open(str(portrait["avatar"]["path"])) as picture:
        assert (picture.format, picture.size) == ("WEBP", (512, 512))
        assert not picture.getexif()
    likeness = portrait["avatar"]["likeness"]
    assert isinstance(likeness, dict)
    assert 0 < likeness["distance"] < 0.6
    assert likeness["band"] in ("strong", "recognisable")


def test_the_clip_is_ready_for_the_web(portrait: dict[str, dict[str, object]]) -> None:
    path = Path(str(portrait["clip"]["path"]))
    with av.open(str(path)) as clip:
        track = clip.streams.video[0]
        assert (track.width, track.height, float(track.average_rate or 0), track.codec_context.name) == (720, 720, 24.0, "h264")
        assert "Baseline" in str(track.profile)
        assert not clip.streams.audio
    data = path.read_bytes()
    assert data.index(b"moov") < data.index(b"mdat")
    assert len(data) <= 1_500_000
    assert portrait["clip"]["seconds"] == pytest.approx(4.5, abs=0.05)


def test_the_ledger_is_exactly_what_the_sandbox_billed(served: CommandLine, portrait: dict[str, object]) -> None:
    bill = served("sandbox", "bill", "--json").document
    totals = served("ledger", "--totals", "--json").document
    lines = served("ledger", "--json").document
    assert totals == {"held_micro_usd": 0, "charged_micro_usd": bill["total_micro_usd"]}
    assert all({"at", "kind", "call", "endpoint", "unit", "quantity", "micro_usd"} <= line.keys() for line in lines)
    charges = sorted(line["micro_usd"] for line in lines if line["kind"] == "charge")
    assert charges == sorted(request["micro_usd"] for request in bill["requests"] if request["micro_usd"])
    assert all(set(request) == {"request_id", "endpoint", "micro_usd", "accepted_at"} for request in bill["requests"])
    rows = list(csv.DictReader(io.StringIO(served("ledger", "--csv").out)))
    assert [int(row["micro_usd"]) for row in rows] == [line["micro_usd"] for line in lines]


def test_runs_are_listed_and_shown_by_a_beginning_of_their_id(served: CommandLine, portrait: dict[str, object]) -> None:
    runs = served("runs", "--json").document
    assert all({"run", "kind", "case", "state", "cost_micro_usd"} <= run.keys() for run in runs)
    assert {"avatar", "clip"} <= {run["kind"] for run in runs if run["case"] == portrait["case"]}
    shown = served("show", str(portrait["run"]), "--json").document
    assert shown["run"] == portrait["run"]
    assert shown["settings"]["seed"] == 7
    assert [call["state"] for call in shown["calls"]] == ["succeeded"]


def test_the_clip_waits_for_its_own_approval(served: CommandLine, portrait: dict[str, dict[str, str]]) -> None:
    sha256 = portrait["clip"]["sha256"]
    waiting = {asset["sha256"]: asset["decision"] for asset in served("assets", "--json").document}
    assert waiting[sha256] is None
    approved = served("approve", sha256[:10], "--json").document
    assert (approved["decision"], approved["clip"]) == ("approved", sha256)


def test_the_same_wish_in_the_same_case_costs_nothing_again(served: CommandLine, portrait: dict[str, dict[str, object]]) -> None:
    before = served("sandbox", "bill", "--json").document
    said = served("portrait", str(SAMPLE), "--case", str(portrait["case"]), "--style", "ghibli", "--seed", "7", "--json")
    assert said.code == 0, said.err
    assert said.document["avatar"]["sha256"] == portrait["avatar"]["sha256"]
    assert said.document["cost_micro_usd"] == 0
    assert served("sandbox", "bill", "--json").document == before


def test_another_take_of_the_clip_is_bought_only_when_asked_for(served: CommandLine, portrait: dict[str, object]) -> None:
    run = str(portrait["run"])
    assert served("animate", run, "--json").document["cost_micro_usd"] == 0
    again = served("animate", run, "--again", "--tall", "--model", "wan-2.1", "--resolution", "480p", "--json").document
    assert again["cost_micro_usd"] == 200_000
    assert (again["clip"]["width_px"], again["clip"]["height_px"]) == (720, 960)


def test_somebody_elses_case_is_refused(served: CommandLine, portrait: dict[str, dict[str, str]]) -> None:
    case = str(portrait["case"])
    refused = [
        served("portrait", str(SAMPLE), "--case", case, "--owner", "somebody", "--json"),
        served("animate", str(portrait["run"]), "--owner", "somebody", "--json"),
        served("approve", portrait["avatar"]["sha256"], "--owner", "somebody", "--json"),
        served("reject", portrait["clip"]["sha256"], "--owner", "somebody", "--json"),
    ]
    assert [(said.code, said.document["error"]) for said in refused] == [(4, "WrongOwner")] * 4


def test_an_animation_needs_an_approved_avatar(served: CommandLine) -> None:
    made = served("portrait", str(SAMPLE), "--seed", "3", "--json").document
    said = served("animate", made["run"], "--json")
    assert (said.code, said.document["error"], said.document["charged"]) == (3, "NotNow", False)


def test_a_failed_run_can_be_retried(served: CommandLine) -> None:
    served("sandbox", "faults", "add", "result_500")
    failed = served("portrait", str(SAMPLE), "--seed", "4", "--json")
    assert (failed.code, failed.document["error"], failed.document["charged"]) == (6, "GenerationFailed", False)
    run = served("runs", "--limit", "1", "--json").document[0]["run"]
    done = served("retry", run, "--json")
    assert done.code == 0, done.err
    assert done.document["cost_micro_usd"] == 30_000


def test_a_clip_that_fails_says_that_the_avatar_before_it_was_paid(served: CommandLine, tmp_path: Path) -> None:
    photo = os.fsencode(tmp_path) + b"/not utf-8 \xff.jpg"
    Path(os.fsdecode(photo)).write_bytes(SAMPLE.read_bytes())
    served("sandbox", "faults", "add", "result_422", "--endpoint", "kling")
    said = served("portrait", os.fsdecode(photo), "--approve", "--json")
    assert (said.code, said.document["error"], said.document["charged"]) == (6, "InputRefused", True)
    clip, avatar = served("runs", "--limit", "2", "--json").document
    assert (clip["cost_micro_usd"], avatar["cost_micro_usd"]) == (0, 30_000)
    assert f"`show {avatar['run']}`" in said.document["next"]


@pytest.fixture
def _heard() -> Iterator[None]:
    """A child started here hears Ctrl-C, even when a shell began the tests in the background, where it is ignored."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("_heard")
def test_leaving_a_command_does_not_stop_what_it_asked_for(served: CommandLine) -> None:
    waits = [sys.executable, "-m", "pipeline", "portrait", str(SAMPLE), "--json"]
    given = {**os.environ, "STUDIO_DATA": str(served.folder)}
    with subprocess.Popen(waits, cwd=ROOT, env=given, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as command:
        assert command.stderr is not None
        said = next(line for line in command.stderr if line.startswith("Avatar: run "))
        command.send_signal(signal.SIGINT)
        out, _ = command.communicate(timeout=60)
    assert command.returncode == 130
    assert (json.loads(out)["error"], json.loads(out)["charged"]) == ("Interrupted", None)
    run = said.split()[2].rstrip(",")
    end = time.monotonic() + 60
    while served("show", run, "--json").document["state"] != "succeeded" and time.monotonic() < end:
        time.sleep(0.2)
    assert served("show", run, "--json").document["avatar"]


def test_paused_purchases_wait_and_go_on_when_resumed(served: CommandLine) -> None:
    assert served("pause", "--note", "fal is down", "--json").document["note"] == "fal is down"
    waits = [sys.executable, "-m", "pipeline", "portrait", str(SAMPLE), "--seed", "77", "--json"]
    with subprocess.Popen(waits, cwd=ROOT, env={**os.environ, "STUDIO_DATA": str(served.folder)}, stdout=subprocess.PIPE, text=True) as command:
        end, newest = time.monotonic() + 60, {}
        while "fal is down" not in str(newest.get("stage")) and time.monotonic() < end:
            newest = next(iter(served("runs", "--limit", "1", "--json").document), {})
        served("resume")
        out, _ = command.communicate(timeout=60)
    assert ("fal is down" in newest["stage"], newest["cost_micro_usd"]) == (True, 0)
    assert json.loads(out)["cost_micro_usd"] == 30_000


def test_prices_are_told_and_nothing_is_spent(served: CommandLine) -> None:
    before = served("ledger", "--totals", "--json").document
    listed = {row["model"]: row["micro_usd"] for row in served("price", "--json").document["items"]}
    assert listed["flux-dev"] == 30_000
    assert listed["kling-2.6"] == 350_000
    assert served("price", str(SAMPLE), "--json").document["total_micro_usd"] == 380_000
    assert served("price", "--model", "wan-2.1", "--resolution", "720p", "--json").document["total_micro_usd"] == 400_000
    assert served("ledger", "--totals", "--json").document == before


def test_the_doctor_finds_every_part_well(served: CommandLine) -> None:
    said = served("doctor", "--json")
    assert [finding for finding in said.document if not finding["ok"]] == []
    assert said.code == 0


def test_the_doctor_names_the_remedy_and_fails(pipeline: CommandLine) -> None:
    said = pipeline("doctor", "--json", STUDIO_FFMPEG="/nowhere/ffmpeg", STUDIO_STORE="r2")
    sick = {finding["part"]: finding for finding in said.document if not finding["ok"]}
    assert said.code == 1
    assert {"ffmpeg", "store"} <= sick.keys()
    assert all(finding["next"] for finding in sick.values())


def test_two_at_once_bring_up_one_worker(served: CommandLine) -> None:
    import concurrent.futures

    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        both = list(pool.map(lambda seed: served("portrait", str(SAMPLE), "--seed", str(seed), "--json"), (11, 12)))
    assert [said.code for said in both] == [0, 0]
