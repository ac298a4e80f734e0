"""What fal keeps of a request: one DELETE at its platform, and what each answer to it means."""

import pytest

from pipeline import errors
from pipeline.providers.fal import FalProvider
from pipeline.providers.port import Forgotten
from tests.providers.little_server import LittleServer, Reply

REQUEST = "a1b2c3d4-e5f6-7890-abcd-ef1234567890"
FILE = {"link": "https://v3.fal.media/files/abc/made.png", "exception": None}


def test_a_wish_to_forget_is_one_delete_with_our_key_and_names_the_request(fal: FalProvider, server: LittleServer) -> None:
    server.always(body={"cdn_delete_results": [FILE]})
    assert fal.forget(REQUEST) is Forgotten.REMOVED
    [asked] = server.asked
    assert (asked.method, asked.host, asked.path) == ("DELETE", "api.fal.ai", f"/v1/models/requests/{REQUEST}/payloads")
    assert (asked.headers["Authorization"], asked.body) == ("Key k:s", b"")


def test_an_id_leads_to_no_other_address(fal: FalProvider, server: LittleServer) -> None:
    fal.forget("../../x?y=/z")
    assert server.asked[0].path == "/v1/models/requests/..%2F..%2Fx%3Fy%3D%2Fz/payloads"


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (200, {"cdn_delete_results": []}, Forgotten.REMOVED),
        (403, {"error": {"type": "authorization_error", "message": "SECRET"}}, Forgotten.NOT_ALLOWED),
        (404, {"error": {"type": "not_found", "message": "SECRET"}}, Forgotten.ABSENT),
    ],
)
def test_a_clear_answer_ends_it(fal: FalProvider, server: LittleServer, status: int, body: object, expected: Forgotten) -> None:
    server.always(status=status, body=body)
    assert fal.forget(REQUEST) is expected


def test_a_wrong_key_is_said_as_such(fal: FalProvider, server: LittleServer) -> None:
    server.always(status=401, body={"error": {"type": "authorization_error", "message": "SECRET"}})
    with pytest.raises(errors.KeyRefused):
        fal.forget(REQUEST)


@pytest.mark.parametrize(
    "reply",
    [
        Reply(drop=True),
        Reply(status=500),
        Reply(status=503, body=b"<html>"),
        Reply(status=429, headers={"Retry-After": "3"}),
        Reply(status=400),
        Reply(status=302),
        Reply(body=b"<html>"),
        Reply(body={}),
        Reply(body={"cdn_delete_results": "SECRET"}),
        Reply(body={"cdn_delete_results": ["SECRET"]}),
        Reply(body={"cdn_delete_results": [FILE, {**FILE, "exception": "SECRET"}]}),
    ],
)
def test_nothing_counts_as_removed_that_fal_did_not_say_was(fal: FalProvider, server: LittleServer, reply: Reply) -> None:
    server.script = lambda asked: reply
    with pytest.raises(errors.NotSent) as caught:
        fal.forget(REQUEST)
    assert "SECRET" not in f"{caught.value.say} {caught.value}"
    assert len(server.asked) == 1
