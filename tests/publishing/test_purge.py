"""What was withdrawn is cleared from the CDN, thirty addresses a request, and nothing is asked of it that was not set up."""

import json
from pathlib import Path

import pytest

from pipeline.publishing.purge import API, CLEARED, NO_CDN, NOT_SET_UP, REFUSED, purge
from pipeline.settings import Settings, load
from tests.little_s3 import settings_for
from tests.providers.little_server import LittleServer, Reply, little_server

TOKEN = {"CLOUDFLARE_ZONE_ID": "zone-1", "CLOUDFLARE_API_TOKEN": "the-token"}


def settings(**more: str) -> Settings:
    return settings_for("http://127.0.0.1:9", **{**TOKEN, **more})


def test_addresses_go_thirty_at_a_time_with_the_token() -> None:
    urls = [f"https://media.example.com/avatars/a/{number}.webp" for number in range(61)]
    with little_server() as server:
        server.always(body={"success": True})
        assert purge(settings(), urls, api=server.address) == CLEARED
    sent = [json.loads(asked.body)["files"] for asked in server.asked]
    assert ([len(part) for part in sent], [url for part in sent for url in part]) == ([30, 30, 1], urls)
    assert {(asked.method, asked.path, asked.headers["authorization"]) for asked in server.asked} == {
        ("POST", "/zones/zone-1/purge_cache", "Bearer the-token")
    }


@pytest.mark.parametrize(
    "reply", [{"status": 403, "body": {"success": False}}, {"body": {"success": False}}, {"body": b"not json"}, {"body": []}, {"drop": True}]
)
def test_a_refusal_is_said_and_raises_nothing(reply: dict[str, object]) -> None:
    with little_server() as server:
        server.always(**reply)
        assert purge(settings(), ["https://media.example.com/a.webp"], api=server.address) == REFUSED


def test_one_refused_part_is_not_called_cleared() -> None:
    with little_server() as server:
        server.script = lambda asked: Reply(body={"success": len(server.asked) != 1})
        assert purge(settings(), ["u"] * 60, api=server.address) == REFUSED


def asked_nothing(server: LittleServer) -> bool:
    return server.asked == []


def test_the_folder_has_no_cdn_and_one_that_is_not_set_up_is_not_asked(tmp_path: Path) -> None:
    with little_server() as server:
        assert purge(load({**TOKEN}), ["u"], api=server.address) == NO_CDN
        assert purge(settings(), ["u"], store="folder", api=server.address) == NO_CDN
        assert purge(settings(CLOUDFLARE_API_TOKEN=""), ["u"], api=server.address) == NOT_SET_UP
        assert purge(settings(CLOUDFLARE_ZONE_ID=""), ["u"], api=server.address) == NOT_SET_UP
        assert asked_nothing(server)


def test_what_was_published_to_a_bucket_is_cleared_though_the_folder_is_set_now() -> None:
    with little_server() as server:
        server.always(body={"success": True})
        assert purge(settings(STUDIO_STORE="folder"), ["u"], store="r2:media", api=server.address) == CLEARED


def test_the_sandbox_calls_nobody_outside() -> None:
    assert API.startswith("https://api.cloudflare.com/")
    assert "sandbox" in purge(settings(), ["u"])
