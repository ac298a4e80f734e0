"""Inputs are checked as fal checks them, host by host and field by field."""

import ast
from pathlib import Path
from typing import Any

import httpx
import pytest

import pipeline.sandbox
from pipeline.sandbox.inputs import completed, problems
from pipeline.sandbox.models import MODELS, seconds_for
from pipeline.sandbox.prices import PRICES
from tests.sandbox.conftest import FLUX, KLING, Sandbox, photo_uri

GOOD = {"prompt": "a portrait", "image_url": "x"}
WAN = "fal-ai/wan-i2v"


@pytest.mark.parametrize(
    ("endpoint", "given", "name", "kind"),
    [
        (FLUX, {"strength": 0.001}, "strength", "greater_than_equal"),
        (FLUX, {"strength": 1.4}, "strength", "less_than_equal"),
        (FLUX, {"strength": True}, "strength", "float_parsing"),
        (FLUX, {"strength": "0.6"}, "strength", "float_parsing"),
        (FLUX, {"strength": float("nan")}, "strength", "float_parsing"),
        (FLUX, {"num_inference_steps": 9}, "num_inference_steps", "greater_than_equal"),
        (FLUX, {"num_inference_steps": 20.5}, "num_inference_steps", "int_from_float"),
        (FLUX, {"num_images": 5}, "num_images", "less_than_equal"),
        (FLUX, {"seed": -1}, "seed", "greater_than_equal"),
        (FLUX, {"output_format": "webp"}, "output_format", "literal_error"),
        (FLUX, {"enable_safety_checker": "yes"}, "enable_safety_checker", "bool_parsing"),
        (FLUX, {"prompt": 7}, "prompt", "string_type"),
        (KLING, {"start_image_url": "x", "duration": 5}, "duration", "literal_error"),
        (KLING, {"start_image_url": "x", "prompt": "x" * 2501}, "prompt", "string_too_long"),
        (KLING, {"start_image_url": "x", "voice_ids": ["a", "b", "c"]}, "voice_ids", "too_long"),
        (WAN, {"num_frames": 80}, "num_frames", "greater_than_equal"),
        (WAN, {"resolution": "1080p"}, "resolution", "literal_error"),
        ("fal-ai/flux-pro/v1.1", {"image_size": "huge"}, "image_size", "literal_error"),
        ("fal-ai/flux-pro/v1.1", {"image_size": {"width": 5000, "height": 512}}, "image_size", "less_than_equal"),
    ],
)
def test_what_is_wrong_is_named(endpoint: str, given: dict[str, Any], name: str, kind: str) -> None:
    found = problems(MODELS[endpoint], {**GOOD, **given})
    assert [(entry["loc"][:2], entry["type"]) for entry in found] == [(["body", name], kind)]


def test_defaults_are_fals_own() -> None:
    kling = completed(MODELS[KLING], {"prompt": "x", "start_image_url": "y"})
    assert (kling["generate_audio"], kling["duration"]) == (True, "5")
    flux = completed(MODELS[FLUX], GOOD)
    assert (flux["strength"], flux["num_inference_steps"], flux["guidance_scale"], flux["output_format"]) == (0.95, 40, 3.5, "jpeg")
    assert completed(MODELS[WAN], GOOD)["resolution"] == "720p"
    assert "seed" not in completed(MODELS["fal-ai/minimax/hailuo-02/standard/image-to-video"], {**GOOD, "seed": 4})


def test_every_model_has_a_price_and_a_pace() -> None:
    assert set(MODELS) == set(PRICES)
    for model in MODELS.values():
        assert 0 < seconds_for(model, "fast") < seconds_for(model, "real")
        assert seconds_for(model, "3.5") == 3.5


def test_a_photo_too_small_for_kling_is_declined(sandbox: Sandbox) -> None:
    request_id = sandbox.accepted({"prompt": "gentle motion", "start_image_url": photo_uri(299)}, KLING)
    sandbox.ended(request_id, KLING)
    answer = sandbox.result(request_id, KLING)
    assert (answer.status_code, answer.json()["detail"][0]["type"]) == (422, "image_too_small")
    assert answer.json()["detail"][0]["ctx"] == {"min_width": 300, "min_height": 300}


def test_a_body_that_is_no_json_object_is_not_accepted(sandbox: Sandbox) -> None:
    for body in (b"", b"{", b"[1]", b'{"prompt": "\\ud800"}', b'{"strength": NaN}'):
        answer = sandbox.web.post(f"https://queue.fal.run/{FLUX}", content=body)
        assert (answer.status_code, answer.json()["error_type"]) == (400, "bad_request")


def test_a_host_it_does_not_stand_in_for_is_refused(sandbox: Sandbox) -> None:
    assert sandbox.get("https://example.com/").status_code == 421


def test_without_the_header_the_path_decides(sandbox: Sandbox) -> None:
    answer = httpx.post(f"http://127.0.0.1:{sandbox.port}/{FLUX}", json=GOOD, headers={"Authorization": "Key k"})
    assert answer.json()["status_url"].startswith("https://queue.fal.run/fal-ai/flux/requests/")
    jwks = httpx.get(f"http://127.0.0.1:{sandbox.port}/.well-known/jwks.json").json()
    assert jwks["keys"][0]["crv"] == "Ed25519"


def test_the_sandbox_knows_neither_catalogue_nor_ledger() -> None:
    allowed = ("pipeline.sandbox", "pipeline.media", "pipeline.settings", "pipeline.errors")
    for path in Path(pipeline.sandbox.__file__).parent.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            names = (
                [alias.name for alias in node.names]
                if isinstance(node, ast.Import)
                else [node.module or ""]
                if isinstance(node, ast.ImportFrom)
                else []
            )
            ours = [name for name in names if name.startswith("pipeline.")]
            assert all(name.startswith(allowed) for name in ours), f"{path.name} imports {ours}"


def test_the_map_names_every_module() -> None:
    folder = Path(pipeline.sandbox.__file__).parent
    named = {line.split(".py")[0].strip() for line in (pipeline.sandbox.__doc__ or "").splitlines() if ".py " in line}
    assert named == {path.stem for path in folder.glob("*.py")} - {"__init__"}
