"""fal's file storage: bytes up under a fresh address, produced files down and whole. Neither costs anything."""

import json
import re
import time
from datetime import datetime

import httpx
from fal_client import client as fal_client
from fal_client.auth import AuthCredentials

from pipeline import errors
from pipeline.providers import addresses, failures
from pipeline.providers.transport import Answer, Deadline, Exchange, ask, in_pieces

_PAUSES_SECONDS = (0.0, 0.1, 0.3)
_REDIRECTS = 3
# A copy that the provider works from is needed for minutes; what it made is fetched at once, and may be fetched again for a week.
UPLOAD_SECONDS = 86_400
RESULT_SECONDS = 7 * 86_400
_FOREIGN = "The provider named an address outside its own storage, so nothing was fetched from it."
_TOO_LARGE = "The result is larger than the studio accepts."


def kept_for(seconds: int) -> dict[str, str]:
    """Return the headers that ask fal to let a file go so long after it came; without them it is kept for good."""
    wish = json.dumps({"expiration_duration_seconds": seconds})
    return {"X-Fal-Object-Lifecycle": wish, "X-Fal-Object-Lifecycle-Preference": wish}


class Tokens(fal_client.CDNTokenManager):
    """fal-client's storage tokens, fetched over our connection instead of one of its own that nothing can redirect or limit."""

    def __init__(self, auth: AuthCredentials, client: httpx.Client, seconds: float) -> None:
        super().__init__(auth)
        self._http, self._seconds = client, seconds

    def _refresh_token(self) -> fal_client.CDNToken:
        try:
            answer = ask(self._http, "POST", addresses.TOKENS, seconds=self._seconds, json={})
        except httpx.HTTPError as error:
            raise errors.ProviderUnreachable() from error
        if answer.status != 200:
            raise failures.refused_ping(answer)
        return _token(answer)

    def forget(self) -> None:
        """Have the next upload fetch another token."""
        with self._lock:
            self._token.expires_at = datetime.min.replace(tzinfo=self._token.expires_at.tzinfo)


class Files:
    """Uploads and downloads; the account's key is never sent along, a storage host has no need of it."""

    def __init__(self, client: httpx.Client, tokens: Tokens, *, seconds: float, sandbox: bool) -> None:
        self._client, self._tokens, self._seconds, self._sandbox = client, tokens, seconds, sandbox

    def upload(self, data: bytes, media_type: str, name: str) -> str:
        """Store bytes and return their fresh address, trying passing trouble again within the time limit; NotSent, Refused."""
        deadline = Deadline(self._seconds)
        trouble: errors.NotSent = errors.ProviderUnreachable()
        for pause_seconds in _PAUSES_SECONDS:
            time.sleep(pause_seconds)
            if not deadline.left_seconds():
                break
            try:
                return self._upload_once(data, {"Content-Type": media_type, "X-Fal-File-Name": _plain(name), **kept_for(UPLOAD_SECONDS)})
            except errors.NotSent as error:
                trouble = error
        raise trouble

    def _upload_once(self, data: bytes, headers: dict[str, str]) -> str:
        token = self._tokens.get_token()
        more = {"Authorization": f"{token.token_type} {token.token}", "Content-Length": str(len(data))}
        pieces = in_pieces(data, Deadline(self._seconds / 2))
        try:
            answer = ask(self._client, "POST", addresses.UPLOADS, seconds=self._seconds / 2, content=pieces, headers=headers | more)
        except httpx.HTTPError as error:
            raise errors.ProviderUnreachable() from error
        return self._uploaded(answer)

    def _uploaded(self, answer: Answer) -> str:
        url = answer.document().get("access_url")
        if answer.status == 200 and isinstance(url, str) and self._is_ours(url):
            return url
        if answer.status in (400, 413, 415, 422):
            raise failures.refused_submit(answer)
        if answer.status == 401:
            # The token is younger than the key's check; only the token itself can be wrong here.
            self._tokens.forget()
            raise errors.ProviderUnreachable()
        raise failures.refused_ping(answer)

    def check_addresses(self, body: object) -> None:
        """Raise ResultLost when a result names a file anywhere but in fal's storage."""
        if not all(isinstance(url, str) and self._is_ours(url) for url in addresses.media_urls(body)):
            raise errors.ResultLost(_FOREIGN)

    def download(self, url: str, *, limit_bytes: int, seconds: float) -> bytes:
        """Fetch one file whole within the limits; DownloadFailed: fetch it again, ResultLost: gone, foreign or too large."""
        deadline = Deadline(seconds)
        for _ in range(_REDIRECTS):
            if not self._is_ours(url):
                raise errors.ResultLost(_FOREIGN)
            try:
                found = self._fetch(url, limit_bytes, deadline)
            except (httpx.HTTPError, httpx.InvalidURL) as error:
                raise errors.DownloadFailed() from error
            if isinstance(found, bytes):
                return found
            url = str(found)
        raise errors.DownloadFailed()

    def _fetch(self, url: str, limit_bytes: int, deadline: Deadline) -> bytes | httpx.URL:
        deadline.check()
        # Uncompressed, so that the length announced is the length received.
        with Exchange(self._client, "GET", url, seconds=deadline.left_seconds(), headers={"Accept-Encoding": "identity"}) as exchange:
            response = exchange.response
            if response.has_redirect_location:
                return response.url.join(response.headers["location"])
            if response.status_code in (404, 410):
                raise errors.ResultLost()
            if response.status_code != 200 or response.headers.get("content-encoding", "identity") != "identity":
                raise errors.DownloadFailed()
            return _whole(exchange, limit_bytes)

    def _is_ours(self, url: str) -> bool:
        return addresses.is_media(url, sandbox=self._sandbox)


def _whole(exchange: Exchange, limit_bytes: int) -> bytes:
    announced = exchange.response.headers.get("content-length", "")
    if announced.isdigit() and int(announced) > limit_bytes:
        raise errors.ResultLost(_TOO_LARGE)
    body = bytearray()
    for piece in exchange.pieces(raw=True):
        body += piece
        if len(body) > limit_bytes:
            raise errors.ResultLost(_TOO_LARGE)
    if not body or (announced.isdigit() and int(announced) != len(body)):
        raise errors.DownloadFailed()
    return bytes(body)


def _token(answer: Answer) -> fal_client.CDNToken:
    found = answer.document()
    try:
        expires_at = datetime.fromisoformat(str(found["expires_at"]))
        token = fal_client.CDNToken(str(found["token"]), str(found["token_type"]), str(found["base_url"]), expires_at)
        token.is_expired()
    except (KeyError, ValueError, TypeError) as error:
        raise errors.ProviderUnreachable() from error
    return token


def _plain(name: str) -> str:
    """Return a file name that can stand in a header.

    >>> _plain("Zoë & Max.png")
    'Zo_Max.png'
    """
    return re.sub(r"[^A-Za-z0-9.-]+", "_", name)[-100:].strip("_") or "file"
