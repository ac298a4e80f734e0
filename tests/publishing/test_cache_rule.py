"""The CDN's rule for videos joins the rules of a zone; it is set once, and brought up to date where it is."""

import json

import pytest

from pipeline.publishing.cache_rule import APPLIED, NOT_SET_UP, REF, REFUSED, apply_rule, cache_rule
from pipeline.publishing.purge import API
from tests.little_s3 import settings_for
from tests.providers.little_server import Asked, Reply, little_server

TOKEN = {"CLOUDFLARE_ZONE_ID": "zone-1", "CLOUDFLARE_API_TOKEN": "the-token"}
SETTINGS = settings_for("http://127.0.0.1:9", **TOKEN)
DOMAIN = "media.example.com"
PHASE = "/zones/zone-1/rulesets/phases/http_request_cache_settings/entrypoint"


def test_videos_stay_thirty_days_at_the_edge_and_seven_in_a_browser() -> None:
    rule = cache_rule(DOMAIN)
    lasting = {name: rule["action_parameters"][name]["default"] for name in ("edge_ttl", "browser_ttl")}
    assert (lasting, rule["action"]) == ({"edge_ttl": 2_592_000, "browser_ttl": 604_800}, "set_cache_settings")
    assert (f'"{DOMAIN}"' in rule["expression"], '"mp4"' in rule["expression"]) == (True, True)


@pytest.mark.parametrize(
    ("found", "method", "path"),
    [
        (Reply(status=404), "POST", "/zones/zone-1/rulesets"),
        (Reply(body={"result": {"id": "set-1", "rules": [{"id": "other", "ref": "theirs"}]}}), "POST", "/zones/zone-1/rulesets/set-1/rules"),
        (Reply(body={"result": {"id": "set-1"}}), "POST", "/zones/zone-1/rulesets/set-1/rules"),
        (Reply(body={"result": {"id": "set-1", "rules": [{"id": "ours", "ref": REF}]}}), "PATCH", "/zones/zone-1/rulesets/set-1/rules/ours"),
    ],
)
def test_the_rule_joins_those_that_are_there(found: Reply, method: str, path: str) -> None:
    with little_server() as server:
        server.script = lambda asked: found if asked.method == "GET" else Reply(body={"success": True})
        assert apply_rule(SETTINGS, DOMAIN, api=server.address) == APPLIED
    look, change = server.asked
    assert (look.path, change.method, change.path.rstrip("/")) == (PHASE, method, path)
    sent = json.loads(change.body)
    assert (sent["rules"][0] if "rules" in sent else sent) == cache_rule(DOMAIN)
    assert "rules" not in sent or (sent["kind"], sent["phase"]) == ("zone", "http_request_cache_settings")
    assert {asked.headers["authorization"] for asked in server.asked} == {"Bearer the-token"}


@pytest.mark.parametrize("reply", [{"status": 403}, {"body": b"not json"}, {"body": {}}, {"drop": True}, {"body": {"result": []}}])
def test_a_refusal_is_said_and_raises_nothing(reply: dict[str, object]) -> None:
    with little_server() as server:
        server.always(**reply)
        assert apply_rule(SETTINGS, DOMAIN, api=server.address) == REFUSED


def test_a_change_that_is_refused_is_not_called_applied() -> None:
    def answer(asked: Asked) -> Reply:
        return Reply(status=404) if asked.method == "GET" else Reply(body={"success": False})

    with little_server() as server:
        server.script = answer
        assert apply_rule(SETTINGS, DOMAIN, api=server.address) == REFUSED


@pytest.mark.parametrize("name", TOKEN)
def test_without_zone_or_token_nobody_is_asked(name: str) -> None:
    with little_server() as server:
        assert apply_rule(settings_for("http://127.0.0.1:9", **{**TOKEN, name: ""}), DOMAIN, api=server.address) == NOT_SET_UP
    assert server.asked == []


def test_the_sandbox_calls_nobody_outside() -> None:
    assert "sandbox" in apply_rule(SETTINGS, DOMAIN, api=API)
