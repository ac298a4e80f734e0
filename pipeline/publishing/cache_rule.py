"""The CDN's rule for videos: thirty days at its edge, seven in a browser. Set beside the rules that a zone has already, never in their place.

Cloudflare's Rulesets API, phase `http_request_cache_settings`: https://developers.cloudflare.com/cache/how-to/cache-rules/create-api/
"""

from collections.abc import Mapping
from typing import Any

import httpx

from pipeline.publishing.purge import API, PATIENCE_SECONDS
from pipeline.settings import Settings

PHASE = "http_request_cache_settings"
REF = "living_portrait_videos"
EDGE_SECONDS = 30 * 86_400
BROWSER_SECONDS = 7 * 86_400
APPLIED = "applied"
NOT_SET_UP = "not applied: CLOUDFLARE_ZONE_ID and CLOUDFLARE_API_TOKEN are not set; paste it in the dashboard"
REFUSED = "not applied: Cloudflare refused; the token needs the right `Cache Rules: Edit` on that zone, or paste it in the dashboard"
Answer = Mapping[str, Any]


def cache_rule(domain: str) -> Mapping[str, Any]:
    """Return the rule for the videos and pictures of a domain, as the Rulesets API and the dashboard take it."""
    lasting = {"edge_ttl": EDGE_SECONDS, "browser_ttl": BROWSER_SECONDS}
    return {
        "ref": REF,
        "description": "Living portraits: 30 days at the edge, 7 days in browsers",
        "expression": f'(http.host eq "{domain}" and http.request.uri.path.extension in {{"mp4" "webp"}})',
        "action": "set_cache_settings",
        "action_parameters": {"cache": True} | {name: {"mode": "override_origin", "default": seconds} for name, seconds in lasting.items()},
        "enabled": True,
    }


def apply_rule(settings: Settings, domain: str, *, api: str = API) -> str:
    """Set the rule in the zone, or bring it up to date there, and return in words what became of it; the sandbox calls nobody."""
    if not (settings.cloudflare_zone_id and settings.cloudflare_api_token):
        return NOT_SET_UP
    if settings.is_sandbox and api == API:
        return "not applied: the sandbox calls nobody"
    header = {"authorization": f"Bearer {settings.cloudflare_api_token}"}
    try:
        with httpx.Client(base_url=f"{api}/zones/{settings.cloudflare_zone_id}/rulesets", headers=header, timeout=PATIENCE_SECONDS) as client:
            answer = _set(client, cache_rule(domain))
            return APPLIED if answer.is_success and bool(answer.json().get("success")) else REFUSED
    except (httpx.HTTPError, httpx.InvalidURL, ValueError, AttributeError, KeyError, TypeError):
        return REFUSED


def _set(client: httpx.Client, rule: Mapping[str, Any]) -> httpx.Response:
    found = client.get(f"/phases/{PHASE}/entrypoint")
    if found.status_code == httpx.codes.NOT_FOUND:
        return client.post("", json={"name": "Cache rules", "kind": "zone", "phase": PHASE, "rules": [rule]})
    if not found.is_success:
        return found
    ruleset: Answer = found.json()["result"]
    known = [one["id"] for one in ruleset.get("rules", ()) if one.get("ref") == REF]
    if known:
        return client.patch(f"/{ruleset['id']}/rules/{known[0]}", json=rule)
    return client.post(f"/{ruleset['id']}/rules", json=rule)
