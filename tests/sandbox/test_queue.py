"""Places in the queue, delays, cancelling, the listing and the bill."""

import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from pipeline.sandbox import faults
from pipeline.sandbox.bill import bill
from pipeline.sandbox.faults import Fault
from tests.sandbox.conftest import FLUX, KLING, Sandbox, photo_uri

LISTING = "https://api.fal.ai/v1/models/requests/by-endpoint"


def status(sandbox: Sandbox, request_id: str) -> dict[str, object]:
    return sandbox.get(f"https://queue.fal.run/fal-ai/flux/requests/{request_id}/status", logs="true").json()


def cancel(sandbox: Sandbox, request_id: str) -> tuple[int, str]:
    answer = sandbox.web.put(f"https://queue.fal.run/fal-ai/flux/requests/{request_id}/cancel")
    return answer.status_code, answer.json().get("status", "")


def test_one_at_a_time_leaves_the_rest_queued_in_order(new_sandbox: Callable[..., Sandbox]) -> None:
    sandbox = new_sandbox(slots=1, speed="0.6").start()
    first, second, third = (sandbox.accepted() for _ in range(3))
    running = status(sandbox, first)
    assert (running["status"], running["logs"][0]["message"]) == ("IN_PROGRESS", "Reading the photo")
    assert [status(sandbox, r).get("queue_position") for r in (second, third)] == [0, 1]
    assert sandbox.result(third).status_code == 400
    for request_id in (first, second, third):
        sandbox.ended(request_id)
    starts = {item["request_id"]: item["started_at"] for item in sandbox.get(LISTING, endpoint_id=FLUX).json()["items"]}
    assert starts[first] < starts[second] < starts[third]


def test_low_priority_waits_behind_normal(new_sandbox: Callable[..., Sandbox]) -> None:
    sandbox = new_sandbox(slots=1, speed="5").start()
    sandbox.accepted()
    low = sandbox.accepted(**{"X-Fal-Queue-Priority": "low"})
    normal = sandbox.accepted()
    assert [status(sandbox, r)["queue_position"] for r in (normal, low)] == [0, 1]


def test_a_request_takes_exactly_its_delay(new_sandbox: Callable[..., Sandbox]) -> None:
    sandbox = new_sandbox(speed="1.5", pictures="ready").start()
    request_id = sandbox.accepted()
    seconds = sandbox.ended(request_id)["metrics"]["inference_time"]
    assert 1.5 <= seconds < 1.6


def test_a_queued_request_leaves_the_queue_at_no_cost(new_sandbox: Callable[..., Sandbox]) -> None:
    sandbox = new_sandbox(slots=1, speed="0.5").start()
    running, queued = sandbox.accepted(), sandbox.accepted()
    assert cancel(sandbox, queued) == (200, "OK")
    assert cancel(sandbox, queued) == (400, "ALREADY_COMPLETED")
    assert cancel(sandbox, running) == (202, "CANCELLATION_REQUESTED")
    assert cancel(sandbox, "00000000-0000-0000-0000-000000000000")[0] == 404
    assert sandbox.ended(queued)["error_type"] == "client_cancelled"
    assert sandbox.result(queued).status_code == 499
    sandbox.ended(running)
    assert {line.request_id: line.micro_usd for line in bill(sandbox.folder).requests} == {running: 30_000, queued: 0}


def test_a_running_request_stops_when_that_is_ordered(new_sandbox: Callable[..., Sandbox]) -> None:
    sandbox = new_sandbox(slots=1, speed="30").start()
    faults.add(sandbox.folder, Fault(kind="cancel_in_time"))
    running, queued = sandbox.accepted(), sandbox.accepted()
    assert cancel(sandbox, running) == (202, "CANCELLATION_REQUESTED")
    assert sandbox.ended(running)["error_type"] == "client_cancelled"
    assert status(sandbox, queued)["status"] == "IN_PROGRESS"
    assert bill(sandbox.folder).total_micro_usd == 0


def test_a_request_that_waits_too_long_for_its_start_times_out(new_sandbox: Callable[..., Sandbox]) -> None:
    sandbox = new_sandbox(slots=1, speed="30").start()
    sandbox.accepted()
    late = sandbox.accepted(**{"X-Fal-Request-Timeout": "0.3"})
    assert sandbox.ended(late)["error_type"] == "request_timeout"
    answer = sandbox.result(late)
    assert (answer.status_code, answer.headers["x-fal-request-timeout-type"]) == (504, "user")


def test_the_listing_is_complete_at_once_and_comes_in_pages(new_sandbox: Callable[..., Sandbox]) -> None:
    sandbox = new_sandbox(slots=2, speed="30").start()
    asked = [sandbox.accepted({"prompt": f"picture {n}", "image_url": "x", "seed": n}, X_Fal_Store="1") for n in range(5)]
    first = sandbox.get(LISTING, endpoint_id=FLUX, limit=3, expand="payloads").json()
    second = sandbox.get(LISTING, endpoint_id=FLUX, limit=3, expand="payloads", cursor=first["next_cursor"]).json()
    items = first["items"] + second["items"]
    assert [item["request_id"] for item in items] == asked[::-1]
    assert [item["json_input"]["seed"] for item in items] == [4, 3, 2, 1, 0]
    assert (first["has_more"], second["has_more"], second["next_cursor"]) == (True, False, None)


def test_the_listing_keeps_to_its_window_endpoint_and_ending(sandbox: Sandbox) -> None:
    good, wrong = sandbox.accepted(), sandbox.accepted({"image_url": "x"})
    sandbox.ended(good)
    sandbox.ended(wrong)

    def listed(**filters: str) -> set[str]:
        return {item["request_id"] for item in sandbox.get(LISTING, **filters).json()["items"]}

    assert {good, wrong} & listed(endpoint_id=FLUX, status="success") == {good}
    assert {good, wrong} & listed(endpoint_id=FLUX, status="user_error") == {wrong}
    assert listed(endpoint_id=KLING) == set()
    assert listed(endpoint_id=FLUX, request_id=good) == {good}
    assert listed(endpoint_id=FLUX, end=(datetime.now(UTC) - timedelta(hours=1)).isoformat()) == set()


def test_payloads_stay_out_of_the_listing_when_storing_is_off(sandbox: Sandbox) -> None:
    request_id = sandbox.accepted(**{"X-Fal-Store-IO": "0"})
    sandbox.ended(request_id)
    item = sandbox.get(LISTING, endpoint_id=FLUX, request_id=request_id, expand="payloads").json()["items"][0]
    assert (item["json_input"], item["json_output"], item["status_code"]) == (None, None, 200)


@pytest.mark.parametrize(
    ("endpoint", "asked", "units", "micro_usd"),
    [
        (FLUX, {"image_url": True, "num_images": 2}, "2", 60_000),
        ("fal-ai/flux-pro/kontext", {"image_url": True}, "1", 40_000),
        ("fal-ai/flux-pro/v1.1", {"image_size": {"width": 1440, "height": 1024}}, "2", 80_000),
        (KLING, {"start_image_url": True}, "5", 700_000),
        (KLING, {"start_image_url": True, "generate_audio": False}, "5", 350_000),
        ("fal-ai/kling-video/v2.5-turbo/pro/image-to-video", {"image_url": True, "duration": "10"}, "10", 700_000),
        ("fal-ai/minimax/hailuo-02/standard/image-to-video", {"image_url": True}, "6", 270_000),
        ("fal-ai/minimax/hailuo-02/standard/image-to-video", {"image_url": True, "resolution": "512P"}, "6", 102_000),
        ("fal-ai/minimax/video-01/image-to-video", {"image_url": True}, "1", 500_000),
        ("fal-ai/wan-i2v", {"image_url": True}, "1", 400_000),
        ("fal-ai/wan-i2v", {"image_url": True, "resolution": "480p", "num_frames": 96}, "1.25", 250_000),
    ],
)
def test_each_model_bills_its_own_unit(sandbox: Sandbox, endpoint: str, asked: dict[str, object], units: str, micro_usd: int) -> None:
    body = {name: photo_uri() if value is True and name.endswith("url") else value for name, value in asked.items()}
    request_id = sandbox.accepted({"prompt": "gentle motion", **body}, endpoint)
    sandbox.ended(request_id, endpoint)
    answer = sandbox.result(request_id, endpoint)
    assert (answer.status_code, answer.headers["x-fal-billable-units"], answer.headers["x-fal-request-id"]) == (200, units, request_id)
    assert {line.request_id: line.micro_usd for line in bill(sandbox.folder).requests}[request_id] == micro_usd
    event = sandbox.get("https://api.fal.ai/v1/models/billing-events", request_id=request_id).json()["billing_events"][0]
    assert event["cost_estimate_nano_usd"] == micro_usd * 1000


def test_prices_can_be_asked_for(sandbox: Sandbox) -> None:
    answer = sandbox.get("https://api.fal.ai/v1/models/pricing", endpoint_id=f"{FLUX},{KLING},none").json()
    assert [(row["endpoint_id"], row["unit_price"], row["unit"]) for row in answer["prices"]] == [
        (FLUX, 0.03, "megapixels"),
        (KLING, 0.07, "seconds"),
    ]


def test_a_picture_can_come_back_as_a_data_uri(sandbox: Sandbox) -> None:
    request_id = sandbox.accepted({"prompt": "inline", "image_url": photo_uri(), "sync_mode": True})
    sandbox.ended(request_id)
    assert sandbox.result(request_id).json()["images"][0]["url"].startswith("data:image/jpeg;base64,/9j/")


def test_ready_answers_share_pictures_but_not_bytes(new_sandbox: Callable[..., Sandbox]) -> None:
    sandbox = new_sandbox(pictures="ready").start()
    asked = [sandbox.accepted() for _ in range(16)]
    for request_id in asked:
        sandbox.ended(request_id)
    bodies = {sandbox.get(sandbox.result(r).json()["images"][0]["url"]).content for r in asked}
    assert (len(bodies), {body[:2] for body in bodies}) == (16, {b"\xff\xd8"})


def test_many_clients_at_once_are_all_accepted_once(new_sandbox: Callable[..., Sandbox]) -> None:
    sandbox = new_sandbox(pictures="ready", speed="0.2").start()
    threads = [
        threading.Thread(target=lambda n=n: [sandbox.accepted({"prompt": f"{n}", "image_url": photo_uri(64)}) for _ in range(5)]) for n in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    until = time.monotonic() + 20
    while sandbox.get("http://127.0.0.1/health").json() != {"sandbox": True, "queued": 0, "running": 0}:
        assert time.monotonic() < until
        time.sleep(0.05)
    lines = bill(sandbox.folder).requests
    assert len({line.request_id for line in lines}) == 40
    assert bill(sandbox.folder).total_micro_usd == 40 * 30_000
