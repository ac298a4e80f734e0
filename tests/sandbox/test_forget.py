"""The emulator lets go of what a request was asked and made, and of nothing else."""

import httpx

from pipeline.sandbox.bill import bill
from tests.sandbox.conftest import FLUX, Sandbox, photo_bytes

PLATFORM = "https://api.fal.ai/v1/models/requests"


def forget(sandbox: Sandbox, request_id: str) -> httpx.Response:
    return sandbox.web.delete(f"{PLATFORM}/{request_id}/payloads")


def listed(sandbox: Sandbox, request_id: str) -> dict[str, object]:
    [row] = sandbox.get(f"{PLATFORM}/by-endpoint", endpoint_id=FLUX, request_id=request_id, expand="payloads").json()["items"]
    return dict(row)


def test_files_input_and_answer_go_and_the_bill_stays(sandbox: Sandbox) -> None:
    uploaded = sandbox.fal.upload(photo_bytes(), "image/jpeg", "me.jpg")
    one = sandbox.accepted({"prompt": "a portrait", "image_url": uploaded, "seed": 1})
    sandbox.ended(one)
    [made] = [image["url"] for image in sandbox.result(one).json()["images"]]
    on_disk = sandbox.folder / "files" / made.rpartition("/")[2].partition("_")[0]
    before = bill(sandbox.folder)
    assert on_disk.exists()
    assert listed(sandbox, one)["json_input"]
    assert forget(sandbox, one).json() == {"cdn_delete_results": [{"link": made, "exception": None}]}
    assert not on_disk.exists()
    assert sandbox.get(made).status_code == 404
    assert sandbox.get(uploaded).content == photo_bytes()
    assert sandbox.result(one).status_code == 404
    row = listed(sandbox, one)
    assert (row["json_input"], row["json_output"], row["status_code"]) == (None, None, 200)
    assert bill(sandbox.folder) == before
    assert forget(sandbox, one).status_code == 404


def test_what_a_refusal_repeats_of_its_input_stays(sandbox: Sandbox) -> None:
    uploaded = sandbox.fal.upload(b"no picture", "image/jpeg", "me.jpg")
    one = sandbox.accepted({"prompt": "a portrait", "image_url": uploaded, "seed": 1})
    sandbox.ended(one)
    assert uploaded in sandbox.result(one).text
    assert forget(sandbox, one).json() == {"cdn_delete_results": []}
    assert sandbox.get(uploaded).content == b"no picture"


def test_a_request_that_has_not_ended_is_not_forgotten(sandbox: Sandbox) -> None:
    one = sandbox.accepted()
    early = forget(sandbox, one)
    sandbox.ended(one)
    assert early.status_code == 400
    assert sandbox.result(one).status_code == 200


def test_a_key_without_the_right_removes_nothing(sandbox: Sandbox) -> None:
    one = sandbox.accepted()
    sandbox.ended(one)
    for key, status_code in (("bad", 401), ("locked", 403)):
        refused = sandbox.web.delete(f"{PLATFORM}/{one}/payloads", headers={"Authorization": f"Key {key}"})
        assert refused.status_code == status_code
    assert sandbox.result(one).status_code == 200
