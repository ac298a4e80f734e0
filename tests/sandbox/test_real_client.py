"""The real fal-client cannot tell the emulator from the provider."""

from typing import Any

import httpx
import pytest
from fal_client import client as fal

from tests.sandbox.conftest import FLUX, KLING, Sandbox, decoded, photo_bytes


def ask(url: str, **more: Any) -> dict[str, Any]:
    return {"prompt": "a Pixar-style portrait, warm light", "image_url": url, "strength": 0.6, "seed": 7, **more}


def test_a_photo_goes_up_and_a_picture_of_the_same_size_comes_back(sandbox: Sandbox) -> None:
    url = sandbox.fal.upload(photo_bytes(), "image/jpeg", "me.jpg")
    seen: list[Any] = []
    answer = sandbox.fal.subscribe(FLUX, ask(url), with_logs=True, on_queue_update=seen.append)
    image = answer["images"][0]
    assert image["url"].startswith("https://v3.fal.media/files/")
    assert (image["width"], image["height"], image["content_type"]) == (512, 512, "image/jpeg")
    assert (answer["seed"], answer["has_nsfw_concepts"]) == (7, [False])
    assert decoded(sandbox.get(image["url"]).content).shape == (512, 512, 3)
    assert isinstance(seen[-1], fal.Completed)
    assert [line["message"] for line in seen[-1].logs] == ["Reading the photo", "Finding faces", "Painting", "Finishing"]


def test_a_handle_built_from_the_request_id_finds_the_request_again(sandbox: Sandbox) -> None:
    first = sandbox.fal.submit(FLUX, ask(sandbox.fal.upload(photo_bytes(), "image/jpeg")))
    again = sandbox.fal.get_handle(FLUX, first.request_id)
    assert again.get() == first.get()


def test_a_bad_key_is_refused_and_a_locked_account_too(sandbox: Sandbox) -> None:
    for key, status_code in (("bad", 401), ("locked", 403)):
        with pytest.raises(fal.FalClientHTTPError) as refused:
            sandbox.client(key).submit(FLUX, ask("x"))
        assert refused.value.status_code == status_code


def test_wrong_input_becomes_a_list_of_details_at_the_result(sandbox: Sandbox) -> None:
    handle = sandbox.fal.submit(FLUX, {"image_url": "https://example.com/none.jpg", "strength": 1.4, "output_format": "gif"})
    with pytest.raises(fal.FalClientHTTPError) as declined:
        handle.get()
    assert declined.value.status_code == 422
    assert {(entry["loc"][1], entry["type"]) for entry in declined.value.message} == {
        ("prompt", "missing"),
        ("strength", "less_than_equal"),
        ("output_format", "literal_error"),
    }


def test_an_image_nobody_can_load_is_declined(sandbox: Sandbox) -> None:
    for url, kind in (("https://v3.fal.media/files/koala/none.jpg", "file_download_error"), ("data:image/png;base64,AAAA", "image_load_error")):
        with pytest.raises(fal.FalClientHTTPError) as declined:
            sandbox.fal.submit(FLUX, ask(url)).get()
        assert declined.value.message[0]["type"] == kind


def test_an_endpoint_nobody_serves_is_not_found(sandbox: Sandbox) -> None:
    with pytest.raises(fal.FalClientHTTPError) as refused:
        sandbox.fal.submit("fal-ai/no-such-model", {})
    assert refused.value.status_code == 404


def test_the_direct_run_waits_for_the_result(sandbox: Sandbox) -> None:
    answer = sandbox.fal.run("fal-ai/flux-pro/v1.1", {"prompt": "a quiet sea", "image_size": "square", "seed": 3})
    assert (answer["images"][0]["width"], answer["images"][0]["height"]) == (512, 512)


def test_a_file_goes_up_in_parts(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    monkeypatch.setattr(fal, "MULTIPART_THRESHOLD", 10_000)
    monkeypatch.setattr(fal, "MULTIPART_CHUNK_SIZE", 10_000)
    (tmp_path / "large.bin").write_bytes(bytes(range(256)) * 200)
    url = sandbox.fal.upload_file(tmp_path / "large.bin")
    assert sandbox.get(url).content == bytes(range(256)) * 200


def test_a_clip_has_sound_unless_told_otherwise(sandbox: Sandbox) -> None:
    url = sandbox.fal.upload(photo_bytes(), "image/jpeg")
    for asked, sound in (({}, True), ({"generate_audio": False}, False)):
        answer = sandbox.fal.subscribe(KLING, {"prompt": "gentle motion", "start_image_url": url, **asked})
        facts = probe(sandbox.get(answer["video"]["url"]).content)
        assert facts == {"width": 720, "height": 720, "frames": 120, "seconds": 5.0, "sound": sound}


def test_kling_wants_its_own_name_for_the_photo(sandbox: Sandbox) -> None:
    with pytest.raises(fal.FalClientHTTPError) as declined:
        sandbox.fal.subscribe(KLING, {"prompt": "gentle motion", "image_url": sandbox.fal.upload(photo_bytes(), "image/jpeg")})
    assert declined.value.message[0]["loc"] == ["body", "start_image_url"]


def test_a_range_and_the_true_length_are_served(sandbox: Sandbox) -> None:
    url = sandbox.fal.upload(b"0123456789", "application/octet-stream", "ten.bin")
    whole = sandbox.get(url)
    assert (whole.headers["content-length"], whole.headers["content-type"]) == ("10", "application/octet-stream")
    part = sandbox.web.get(url, headers={"Range": "bytes=2-4"})
    assert (part.status_code, part.content, part.headers["content-range"]) == (206, b"234", "bytes 2-4/10")


def probe(data: bytes) -> dict[str, Any]:
    import io

    import av

    with av.open(io.BytesIO(data)) as clip:
        picture = clip.streams.video[0]
        frames = sum(1 for _ in clip.decode(video=0))
        seconds = float(picture.duration * picture.time_base)
        return {"width": picture.width, "height": picture.height, "frames": frames, "seconds": seconds, "sound": bool(clip.streams.audio)}


def test_an_upload_without_a_token_is_refused(sandbox: Sandbox) -> None:
    answer = httpx.post(f"http://127.0.0.1:{sandbox.port}/files/upload", content=b"x", headers={"Authorization": "Bearer none"})
    assert answer.status_code == 401
