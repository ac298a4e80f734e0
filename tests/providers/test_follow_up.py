"""Status, result, cancel and look-up: what each answer of fal means once a request exists."""

import json
import socket
import time
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from urllib.parse import parse_qs, urlsplit

import pytest

from pipeline import errors
from pipeline.providers import addresses
from pipeline.providers.fal import FalProvider
from pipeline.providers.port import Phase, Progress, Withdrawal, billed_units
from tests.providers.little_server import Asked, LittleServer, Reply

FLUX = "fal-ai/flux/dev/image-to-image"
TICKET = addresses.ticket(FLUX, "r-1")
FROM_FAL = {"x-fal-request-id": "r-1"}
NGINX = b"<html><center>nginx</center></html>"
SINCE = datetime(2026, 5, 1, 12, 0, tzinfo=UTC)


def model_error(kind: str) -> dict[str, object]:
    return {"detail": [{"loc": ["body", "image_url"], "msg": "SECRET", "type": kind, "ctx": {}, "input": "SECRET"}]}


def request_error(kind: str) -> dict[str, object]:
    return {"detail": "SECRET", "error_type": kind}


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (202, {"status": "IN_QUEUE", "queue_position": 3}, Progress(phase=Phase.QUEUED, place=3)),
        (202, {"status": "IN_QUEUE"}, Progress(phase=Phase.QUEUED)),
        (202, {"status": "IN_PROGRESS"}, Progress(phase=Phase.RUNNING)),
        (202, {"status": "IN_PROGRESS", "logs": None}, Progress(phase=Phase.RUNNING)),
        (202, {"status": "IN_PROGRESS", "logs": [{"message": " 50 %\x1b[0m\n"}, {}, "x"]}, Progress(phase=Phase.RUNNING, lines=("50 % [0m",))),
        (200, {"status": "COMPLETED"}, Progress(phase=Phase.DONE)),
        (200, {"status": "COMPLETED", "metrics": {"inference_time": 1.25}}, Progress(phase=Phase.DONE, inference_seconds=1.25)),
        (200, {"status": "COMPLETED", "metrics": None, "error": None}, Progress(phase=Phase.DONE)),
        (
            200,
            {"status": "COMPLETED", "error": "SECRET", "error_type": "request_timeout"},
            Progress(phase=Phase.FAILED, error_type="request_timeout"),
        ),
        (200, {"status": "COMPLETED", "error": "SECRET"}, Progress(phase=Phase.FAILED, error_type="unknown")),
    ],
)
def test_a_status_is_read_whatever_it_leaves_out(fal: FalProvider, server: LittleServer, status: int, body: object, expected: Progress) -> None:
    server.always(status=status, body=body)
    assert fal.status(TICKET) == expected
    assert server.asked[0].path == "/fal-ai/flux/requests/r-1/status?logs=true"


def test_a_long_log_is_shortened(fal: FalProvider, server: LittleServer) -> None:
    server.always(body={"status": "IN_PROGRESS", "logs": [{"message": f"{n} " + "x" * 1000} for n in range(100)]})
    lines = fal.status(TICKET).lines
    assert (len(lines), len(lines[0]), lines[0][:2], lines[-1][:2]) == (20, 200, "80", "99")


PASSING = [
    Reply(drop=True),
    Reply(wait_seconds=3),
    Reply(status=503, body=NGINX),
    Reply(status=500),
    Reply(status=302),
    Reply(body=b"<html>"),
    Reply(body=b""),
    Reply(body={"status": "COMPLETED"}, send=4),
    Reply(body=b"x" * 100, drip_seconds=0.1),
]


@pytest.mark.parametrize("reply", PASSING, ids=lambda reply: f"{reply.status}{'-drop' * reply.drop}")
@pytest.mark.parametrize("verb", ["status", "result", "find"])
def test_passing_trouble_asks_to_look_again_and_says_nothing_about_money(fal: FalProvider, server: LittleServer, reply: Reply, verb: str) -> None:
    server.script = lambda asked: reply
    with pytest.raises(errors.NotSent) as caught:
        fal.find(FLUX, {}, SINCE) if verb == "find" else getattr(fal, verb)(TICKET)
    assert caught.value.retry
    assert caught.value.charged is None
    assert len(server.asked) == 1


@pytest.mark.parametrize("verb", ["status", "result", "cancel"])
def test_no_connection_asks_to_look_again(verb: str) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{free.getsockname()[1]}"
        with FalProvider("k:s", emulator=lambda: address) as fal, pytest.raises(errors.ProviderUnreachable):
            getattr(fal, verb)(TICKET)


@pytest.mark.parametrize("verb", ["status", "result"])
@pytest.mark.parametrize(
    ("status", "expected"), [(401, errors.KeyRefused), (403, errors.AccountRefused), (404, errors.RequestUnknown), (429, errors.RateLimited)]
)
def test_doors_closed_later_do_not_say_that_nothing_was_charged(
    fal: FalProvider, server: LittleServer, verb: str, status: int, expected: type
) -> None:
    server.always(status=status, body={"detail": "SECRET"}, headers={"Retry-After": "2"})
    with pytest.raises(expected) as caught:
        getattr(fal, verb)(TICKET)
    assert caught.value.charged is None


def test_a_result_comes_with_what_fal_bills(fal: FalProvider, server: LittleServer) -> None:
    body = {"images": [{"url": "https://v3.fal.media/files/a.png", "width": 8}], "seed": 7, "prompt": "see http://example.com"}
    server.always(body=body, headers={"x-fal-billable-units": "1.5"})
    delivery = fal.result(TICKET)
    assert (delivery.body, delivery.billable_units, delivery.served_endpoint) == (body, Decimal("1.5"), None)


@pytest.mark.parametrize(
    ("listed", "expected"),
    [
        ({"items": [{"request_id": "r-1", "endpoint_id": FLUX}]}, FLUX),
        ({"items": [{"request_id": "r-1", "endpoint_id": FLUX, "endpoint": "fal-ai/flux/schnell"}]}, "fal-ai/flux/schnell"),
        ({"items": [{"request_id": "r-1", "endpoint": "/", "endpoint_id": None}]}, FLUX),
        ({"items": [{"request_id": "r-2", "endpoint_id": FLUX}]}, None),
        ({"items": []}, None),
        ({"items": None}, None),
        (b"<html>", None),
    ],
)
def test_what_served_a_request_is_taken_from_the_listing_when_it_is_there(
    fal: FalProvider, server: LittleServer, listed: object, expected: str | None
) -> None:
    server.script = lambda asked: Reply(body=listed if asked.host == "api.fal.ai" else {"images": []})
    assert fal.result(TICKET).served_endpoint == expected
    query = parse_qs(urlsplit(server.asked[1].path).query)
    assert (query["request_id"], query["endpoint_id"]) == (["r-1"], [FLUX])


def test_a_listing_that_is_down_does_not_hold_up_a_result(fal: FalProvider, server: LittleServer) -> None:
    server.script = lambda asked: Reply(wait_seconds=9) if asked.host == "api.fal.ai" else Reply(body={"images": []})
    began = time.monotonic()
    assert fal.result(TICKET).served_endpoint is None
    assert time.monotonic() - began < 0.45


@pytest.mark.parametrize("text", ["", "many", "NaN", "-1", "Infinity", "1e99"])
def test_units_that_make_no_sense_count_as_not_told(fal: FalProvider, server: LittleServer, text: str) -> None:
    server.always(body={"images": []}, headers={"x-fal-billable-units": text})
    assert fal.result(TICKET).billable_units is None


@pytest.mark.parametrize(
    "url",
    [
        "http://v3.fal.media/a.png",
        "https://fal.media.example/a.png",
        "https://evilfal.media/a.png",
        "https://v3.fal.media@evil.example/a.png",
        "https://v3.fal.media:8443/a.png",
        "https://storage.googleapis.com/other-bucket/a.png",
        "http://169.254.169.254/latest",
        "file:///etc/passwd",
        "data:image/png;base64,AAAA",
        None,
        7,
    ],
)
def test_a_result_elsewhere_than_in_fals_storage_is_not_taken(fal: FalProvider, server: LittleServer, url: object) -> None:
    server.always(body={"images": [{"url": url}]}, headers={"x-fal-billable-units": "2"})
    with pytest.raises(errors.ResultLost) as caught:
        fal.result(TICKET)
    assert billed_units(caught.value) == 2
    if isinstance(url, str):
        with pytest.raises(errors.ResultLost):
            fal.download(url, limit_bytes=100, seconds=1)
    assert len(server.asked) == 1


@pytest.mark.parametrize(
    ("status", "body", "headers", "expected", "charged"),
    [
        (422, model_error("face_detection_error"), {}, errors.InputRefused, None),
        (422, model_error("a_new_type"), {}, errors.InputRefused, None),
        (422, {"detail": "text"}, {}, errors.InputRefused, None),
        (422, b"", {}, errors.InputRefused, None),
        (400, request_error("bad_request"), {}, errors.InputRefused, None),
        (403, model_error("content_policy_violation"), {}, errors.InputRefused, None),
        (500, model_error("internal_server_error"), FROM_FAL, errors.GenerationFailed, False),
        (400, model_error("downstream_service_error"), {}, errors.GenerationFailed, None),
        (503, request_error("runner_scheduling_failure"), {}, errors.GenerationFailed, False),
        (500, {"detail": "x"}, {"x-fal-error-type": "runner_server_error"}, errors.GenerationFailed, False),
        (500, {"detail": "x"}, FROM_FAL, errors.GenerationFailed, False),
        (500, model_error("a_new_type"), {}, errors.GenerationFailed, False),
        (504, model_error("generation_timeout"), {}, errors.GenerationTimedOut, False),
        (504, request_error("request_timeout"), {}, errors.GenerationTimedOut, False),
        (504, {"detail": "x"}, FROM_FAL, errors.GenerationTimedOut, False),
        (499, request_error("client_cancelled"), {}, errors.Cancelled, None),
        (404, {"detail": "not found"}, {}, errors.RequestUnknown, None),
        (410, {"detail": "gone"}, {}, errors.ResultLost, True),
        (400, {"detail": "Request is still in progress"}, {}, errors.ProviderUnreachable, None),
        (202, {"status": "IN_PROGRESS"}, {}, errors.ProviderUnreachable, None),
    ],
)
def test_a_failed_result_says_who_failed_and_whether_it_cost(
    fal: FalProvider, server: LittleServer, status: int, body: object, headers: dict[str, str], expected: type, charged: bool | None
) -> None:
    server.always(status=status, body=body, headers=headers | {"x-fal-billable-units": "3"})
    with pytest.raises(errors.StudioError) as caught:
        fal.result(TICKET)
    assert (type(caught.value), caught.value.charged) == (expected, charged)
    assert billed_units(caught.value) == 3
    assert "SECRET" not in f"{caught.value.as_json()} {caught.value.__cause__!r}"


def test_refusals_speak_of_the_reason_in_plain_words(fal: FalProvider, server: LittleServer) -> None:
    said = set()
    for kind in ("content_policy_violation", "face_detection_error", "image_too_small", "file_download_error", "a_new_type"):
        server.always(status=422, body=model_error(kind))
        with pytest.raises(errors.InputRefused) as caught:
            fal.result(TICKET)
        assert kind not in caught.value.say
        said.add(caught.value.say)
    assert len(said) == 5
    assert errors.InputRefused.say in said


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (200, {"status": "OK"}, Withdrawal.REMOVED),
        (200, {"status": "CANCELLATION_REQUESTED"}, Withdrawal.ASKED),
        (202, {"status": "CANCELLATION_REQUESTED"}, Withdrawal.ASKED),
        (400, {"status": "ALREADY_COMPLETED"}, Withdrawal.TOO_LATE),
        (404, {"status": "NOT_FOUND"}, Withdrawal.UNKNOWN),
    ],
)
def test_a_cancel_tells_its_four_endings_apart(fal: FalProvider, server: LittleServer, status: int, body: object, expected: Withdrawal) -> None:
    server.always(status=status, body=body)
    assert fal.cancel(TICKET) is expected
    assert (server.asked[0].method, server.asked[0].path) == ("PUT", "/fal-ai/flux/requests/r-1/cancel")


def test_a_cancel_that_meets_trouble_is_asked_again(fal: FalProvider, server: LittleServer) -> None:
    server.always(status=503, body=NGINX)
    with pytest.raises(errors.NotSent):
        fal.cancel(TICKET)


def row(number: int, sent_at: datetime | str, arguments: object, **more: object) -> dict[str, object]:
    moment = sent_at if isinstance(sent_at, str) else sent_at.isoformat()
    return {"request_id": f"r-{number}", "endpoint_id": FLUX, "sent_at": moment, "status_code": None, "json_input": arguments} | more


def pages(server: LittleServer, *rows: list[dict[str, object]]) -> None:
    def script(asked: Asked) -> Reply:
        page = int(parse_qs(urlsplit(asked.path).query).get("cursor", ["0"])[0])
        more = page + 1 < len(rows)
        return Reply(body={"items": rows[page], "has_more": more, "next_cursor": str(page + 1) if more else None})

    server.script = script


def test_a_lost_request_is_found_by_its_whole_input_and_its_time(fal: FalProvider, server: LittleServer) -> None:
    ours = {"prompt": "a couple", "seed": 7, "loud": True, "strength": 0.6}
    finished = {"ended_at": SINCE.isoformat(), "status_code": 200, "json_output": {"images": []}}
    pages(
        server,
        [
            row(1, SINCE + timedelta(seconds=9), dict(reversed(ours.items())), **finished),
            row(2, SINCE, ours | {"seed": 8}),
            row(3, SINCE, ours | {"extra": 1}),
        ],
        [row(4, SINCE, ours | {"loud": 1}), row(5, SINCE - timedelta(minutes=3), ours), row(6, SINCE - timedelta(minutes=1), ours)],
        [row(1, SINCE + timedelta(seconds=9), ours, **finished), {"json_input": ours}, row(7, "2026-05-01T12:00:01Z", ours)],
    )
    found = fal.find(FLUX, ours, SINCE)
    assert [one.request_id for one in found] == ["r-6", "r-7", "r-1"]
    assert [(one.finished, one.status_code, one.output) for one in found] == [(False, None, None), (False, None, None), (True, 200, {"images": []})]
    assert found[0].ticket == addresses.ticket(FLUX, "r-6")


def test_a_look_up_asks_for_payloads_and_from_two_minutes_before(fal: FalProvider, server: LittleServer) -> None:
    pages(server, [])
    assert fal.find(FLUX, {}, SINCE) == ()
    asked = server.asked[0]
    query = parse_qs(urlsplit(asked.path).query)
    assert (asked.host, urlsplit(asked.path).path) == ("api.fal.ai", "/v1/models/requests/by-endpoint")
    assert (query["endpoint_id"], query["expand"], query["limit"]) == ([FLUX], ["payloads"], ["100"])
    assert datetime.fromisoformat(query["start"][0]) == SINCE - timedelta(minutes=2)
    assert datetime.fromisoformat(query["end"][0]) > datetime.now(UTC)


def test_a_listing_that_repeats_its_cursor_does_not_run_for_ever(fal: FalProvider, server: LittleServer) -> None:
    server.always(body={"items": [row(1, SINCE, {})], "has_more": True, "next_cursor": "again"})
    assert len(fal.find(FLUX, {}, SINCE)) == 1
    assert len(server.asked) == 2


def test_a_missing_listing_is_not_taken_for_a_missing_request(fal: FalProvider, server: LittleServer) -> None:
    server.always(status=404)
    with pytest.raises(errors.NotSent):
        fal.find(FLUX, {}, SINCE)


@pytest.mark.parametrize(
    ("status", "expected"), [(401, errors.KeyRefused), (403, errors.AccountRefused), (429, errors.RateLimited), (500, errors.ProviderUnreachable)]
)
def test_a_ping_tells_a_bad_key_from_a_locked_account_and_a_bad_line(fal: FalProvider, server: LittleServer, status: int, expected: type) -> None:
    server.always(status=status)
    with pytest.raises(expected):
        fal.ping()


def test_a_ping_only_reads(fal: FalProvider, server: LittleServer) -> None:
    server.always(body={"items": [], "has_more": False})
    fal.ping()
    assert [asked.method for asked in server.asked] == ["GET"]
    assert json.loads(server.asked[0].body or b"{}") == {}
