"""Telling Cloudflare to forget what was withdrawn: its edge keeps a file for thirty days otherwise."""

from collections.abc import Sequence

import httpx

from pipeline.settings import Settings

API = "https://api.cloudflare.com/client/v4"
AT_ONCE = 30
PATIENCE_SECONDS = 10.0
NO_CDN = "no CDN before it"
LASTING = "the edge may show it for 30 days with the cache rule of `store advice`, else for a year"
NOT_SET_UP = f"not cleared: CLOUDFLARE_ZONE_ID and CLOUDFLARE_API_TOKEN are not set; {LASTING}"
REFUSED = f"not cleared: Cloudflare refused; {LASTING}"
CLEARED = "cleared"


def purge(settings: Settings, urls: Sequence[str], *, store: str = "", api: str = API) -> str:
    """Ask the CDN to forget these addresses and return in words what became of it; nothing is asked in the sandbox, nor for the folder store.

    `store` is where they were published, when that may be another one than is set now. At most 30 addresses go with one
    request (Cloudflare's "purge by single-file").
    """
    if (store or settings.store) == "folder":
        return NO_CDN
    if not (settings.cloudflare_zone_id and settings.cloudflare_api_token):
        return NOT_SET_UP
    if settings.is_sandbox and api == API:
        return "not cleared: the sandbox calls nobody"
    parts = [urls[at : at + AT_ONCE] for at in range(0, len(urls), AT_ONCE)]
    return CLEARED if all(_asked(settings, part, api) for part in parts) else REFUSED


def _asked(settings: Settings, urls: Sequence[str], api: str) -> bool:
    address = f"{api}/zones/{settings.cloudflare_zone_id}/purge_cache"
    header = {"authorization": f"Bearer {settings.cloudflare_api_token}"}
    try:
        answer = httpx.post(address, json={"files": list(urls)}, headers=header, timeout=PATIENCE_SECONDS)
        return answer.is_success and bool(answer.json().get("success"))
    except (httpx.HTTPError, httpx.InvalidURL, ValueError, AttributeError):
        return False
