"""Each fault order does what its line in the table says, and the bill stays true."""

import time
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
from fal_client import client as fal

from pipeline.errors import BadParameter
from pipeline.sandbox import faults
from pipeline.sandbox.bill import bill
from pipeline.sandbox.faults import MEANINGS, Fault, Kind
from tests.sandbox.conftest import FLUX, KLING, Sandbox, photo_uri

PRICE_MICRO_USD = 30_000


def order(sandbox: Sandbox, kind: str, **more: object) -> None:
    faults.add(sandbox.folder, Fault(kind=kind, **more))


def lines(sandbox: Sandbox) -> int:
    return len(bill(sandbox.folder).requests)


def price_of(sandbox: Sandbox, request_id: str) -> int:
    return next(line.micro_usd for line in bill(sandbox.folder).requests if line.request_id == request_id)


def test_every_kind_has_a_meaning() -> None:
    assert set(MEANINGS) == set(Kind)


@pytest.mark.parametrize(
    ("kind", "status_code"),
    [
        ("submit_401", 401),
        ("submit_403", 403),
        ("submit_404", 404),
        ("submit_422", 422),
        ("submit_429", 429),
        ("submit_500", 500),
        ("nginx_503", 503),
    ],
)
def test_a_refused_submit_is_not_on_the_bill(sandbox: Sandbox, kind: str, status_code: int) -> None:
    before = lines(sandbox)
    order(sandbox, kind, seconds=3)
    answer = sandbox.submit()
    assert answer.status_code == status_code
    assert answer.headers.get("retry-after") == ("3" if kind == "submit_429" else None)
    assert ("nginx" in answer.text and "x-fal-request-id" not in answer.headers) == (kind == "nginx_503")
    assert lines(sandbox) == before
    assert sandbox.submit().status_code == 200


def test_a_connection_dropped_before_the_queue_is_not_on_the_bill(sandbox: Sandbox) -> None:
    before = lines(sandbox)
    order(sandbox, "drop_before")
    with pytest.raises(httpx.RemoteProtocolError):
        sandbox.submit()
    assert lines(sandbox) == before


def test_a_connection_dropped_after_acceptance_is_on_the_bill_and_in_the_listing(sandbox: Sandbox) -> None:
    before = lines(sandbox)
    order(sandbox, "close_after_body")
    with pytest.raises(httpx.RemoteProtocolError):
        sandbox.submit({"prompt": "lost on the way", "image_url": photo_uri(), "seed": 991})
    assert lines(sandbox) == before + 1
    found = sandbox.get("https://api.fal.ai/v1/models/requests/by-endpoint", endpoint_id=FLUX, expand="payloads").json()["items"]
    assert [item["json_input"]["prompt"] for item in found if item["json_input"]["seed"] == 991] == ["lost on the way"]


def test_the_real_client_buys_ten_times_when_its_connection_drops(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fal, "BASE_DELAY", 0.001)
    before = lines(sandbox)
    order(sandbox, "close_after_body", count=20)
    with pytest.raises(httpx.RemoteProtocolError):
        sandbox.fal.submit(FLUX, {"prompt": "again and again", "image_url": photo_uri()})
    assert lines(sandbox) == before + 10


def test_a_hanging_submit_was_accepted_before_it_hung(sandbox: Sandbox) -> None:
    before = lines(sandbox)
    order(sandbox, "hang_after_queuing", seconds=30)
    with pytest.raises(httpx.ReadTimeout):
        sandbox.web.post(f"https://queue.fal.run/{FLUX}", json={"prompt": "slow", "image_url": photo_uri()}, timeout=0.3)
    assert lines(sandbox) == before + 1


def test_a_delayed_submit_answers_late(sandbox: Sandbox) -> None:
    order(sandbox, "delay", seconds=0.4)
    begun = time.monotonic()
    assert sandbox.submit().status_code == 200
    assert time.monotonic() - begun >= 0.4


@pytest.mark.parametrize(
    ("kind", "status_code", "charged"),
    [("result_422", 422, 0), ("result_500", 500, 0), ("completed_with_error", 500, 0), ("result_404", 404, PRICE_MICRO_USD)],
)
def test_an_ordered_ending_costs_what_its_meaning_says(sandbox: Sandbox, kind: str, status_code: int, charged: int) -> None:
    order(sandbox, kind)
    request_id = sandbox.accepted()
    status = sandbox.ended(request_id)
    assert ("error" in status) == (kind != "result_404")
    assert status.get("error_type") == ("runner_server_error" if kind == "completed_with_error" else None)
    answer = sandbox.result(request_id)
    assert (answer.status_code, price_of(sandbox, request_id)) == (status_code, charged)
    assert answer.headers.get("x-fal-retryable") == {"result_422": "false", "result_500": "true"}.get(kind)
    if kind == "result_422":
        assert answer.json()["detail"][0]["type"] == "content_policy_violation"


def test_a_flagged_picture_is_black_and_billed(sandbox: Sandbox) -> None:
    from tests.sandbox.conftest import decoded

    order(sandbox, "flagged")
    request_id = sandbox.accepted()
    sandbox.ended(request_id)
    answer = sandbox.result(request_id).json()
    assert answer["has_nsfw_concepts"] == [True]
    assert decoded(sandbox.get(answer["images"][0]["url"]).content).max() == 0
    assert price_of(sandbox, request_id) == PRICE_MICRO_USD


def test_status_requests_fail_only_as_often_as_ordered(sandbox: Sandbox) -> None:
    request_id = sandbox.accepted()
    sandbox.ended(request_id)
    order(sandbox, "status_500", count=2)
    order(sandbox, "status_429", skip=2)
    address = f"https://queue.fal.run/fal-ai/flux/requests/{request_id}/status"
    assert [sandbox.get(address).status_code for _ in range(4)] == [500, 500, 429, 200]


def test_a_status_without_logs_breaks_the_real_client(sandbox: Sandbox) -> None:
    handle = sandbox.fal.submit(FLUX, {"prompt": "logs", "image_url": photo_uri()})
    handle.get()
    order(sandbox, "missing_logs")
    with pytest.raises(KeyError):
        handle.status()
    assert isinstance(handle.status(), fal.Completed)


def test_downloads_break_and_the_next_one_is_whole(sandbox: Sandbox) -> None:
    request_id = sandbox.accepted()
    sandbox.ended(request_id)
    url = sandbox.result(request_id).json()["images"][0]["url"]
    whole = sandbox.get(url)
    order(sandbox, "half_body")
    with pytest.raises(httpx.RemoteProtocolError):
        sandbox.get(url)
    order(sandbox, "zero_bytes")
    assert sandbox.get(url).content == b""
    order(sandbox, "wrong_bytes")
    wrong = sandbox.get(url)
    assert (wrong.content[:15], wrong.headers["content-type"]) == (b"<!doctype html>", "image/jpeg")
    order(sandbox, "slow_download", seconds=0.3)
    begun = time.monotonic()
    assert sandbox.get(url).content == whole.content
    assert time.monotonic() - begun >= 0.3


def test_an_expired_output_is_gone_and_billed(sandbox: Sandbox) -> None:
    order(sandbox, "expired_output")
    request_id = sandbox.accepted()
    sandbox.ended(request_id)
    assert sandbox.get(sandbox.result(request_id).json()["images"][0]["url"]).status_code == 404
    assert price_of(sandbox, request_id) == PRICE_MICRO_USD


def test_outputs_expire_when_their_lifecycle_ends(sandbox: Sandbox) -> None:
    request_id = sandbox.accepted(**{"X-Fal-Object-Lifecycle-Preference": '{"expiration_duration_seconds": 1}'})
    sandbox.ended(request_id)
    url = sandbox.result(request_id).json()["images"][0]["url"]
    assert sandbox.get(url).status_code == 200
    time.sleep(1.05)
    assert sandbox.get(url).status_code == 404


def test_a_clip_without_a_picture_track_has_sound_only(sandbox: Sandbox) -> None:
    import io

    import av

    order(sandbox, "no_picture_track")
    sandbox.accepted()
    request_id = sandbox.accepted({"prompt": "gentle motion", "start_image_url": photo_uri()}, KLING)
    sandbox.ended(request_id, KLING)
    data = sandbox.get(sandbox.result(request_id, KLING).json()["video"]["url"]).content
    with av.open(io.BytesIO(data)) as clip:
        assert (len(clip.streams.video), len(clip.streams.audio)) == (0, 1)


def test_another_endpoint_serves_only_those_who_allow_it(sandbox: Sandbox) -> None:
    order(sandbox, "served_elsewhere")
    kept = sandbox.accepted(**{"x-app-fal-disable-fallback": "true"})
    moved = sandbox.accepted(**{"x-fal-disable-fallbacks": "true"})  # not the name that fal documents
    order(sandbox, "served_elsewhere_anyway")
    forced = sandbox.accepted(**{"x-app-fal-disable-fallback": "true"})
    items = sandbox.get("https://api.fal.ai/v1/models/requests/by-endpoint", endpoint_id=FLUX).json()["items"]
    served = {item["request_id"]: item["endpoint"] for item in items}
    assert served[kept] == FLUX
    assert served[moved] == served[forced] != FLUX


def test_a_failing_upload_is_an_internal_error(sandbox: Sandbox) -> None:
    order(sandbox, "upload_500")
    with pytest.raises(fal.FalClientHTTPError):
        sandbox.fal.upload(b"x", "text/plain")
    assert sandbox.fal.upload(b"x", "text/plain").startswith("https://v3.fal.media/")


def test_an_order_names_its_endpoint_and_leaves_others_alone(sandbox: Sandbox) -> None:
    order(sandbox, "submit_500", endpoint="kling")
    assert sandbox.submit().status_code == 200
    assert sandbox.submit({"prompt": "gentle motion", "start_image_url": "x"}, KLING).status_code == 500


def test_a_rate_hits_about_its_share_and_the_same_share_again(tmp_path: Path, new_sandbox: Callable[..., Sandbox]) -> None:
    tallies = []
    for _ in range(2):
        sandbox = new_sandbox()
        order(sandbox, "submit_500", rate=0.3)
        sandbox.start()
        tallies.append([sandbox.submit({}).status_code for _ in range(60)])
    assert tallies[0] == tallies[1]
    assert 9 <= tallies[0].count(500) <= 28
    assert faults.listing(sandbox.folder)[0].fired == tallies[1].count(500)


def test_senseless_orders_are_refused(tmp_path: Path) -> None:
    for fault in (
        Fault(kind="nonsense"),
        Fault(kind="delay", rate=1.5),
        Fault(kind="delay", count=0),
        Fault(kind="delay", seconds=-1),
        Fault(kind="delay", seconds=float("nan")),
    ):
        with pytest.raises(BadParameter):
            faults.add(tmp_path, fault)
    assert faults.listing(tmp_path) == ()


def test_clearing_says_how_many_orders_there_were(tmp_path: Path) -> None:
    faults.add(tmp_path, Fault(kind="delay"))
    faults.add(tmp_path, Fault(kind="flagged", count=3))
    assert [(o.kind, o.remaining, o.seconds) for o in faults.listing(tmp_path)] == [(Kind.DELAY, 1, 2.0), (Kind.FLAGGED, 3, 0.0)]
    assert faults.clear(tmp_path) == 2
