"""fal.ai through its own client: the queue, the storage and the request listing.

The real `fal_client.SyncClient` makes the connections (key, backup domain, storage token). Its submit is not used, because it
repeats a POST up to ten times and each one is a new job to pay; here a submit is one POST and no redirect is followed. The
other verbs cost nothing, so whoever called may repeat them.

Headers of a submit, as fal's page on retries names them: `x-app-fal-disable-fallback` keeps fal from serving a request by another
endpoint, `x-fal-no-retry` from starting it anew by itself. A failure is free and tried again by us, where staff see it and can stop it.
"""

import json
import logging
import re
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from types import TracebackType
from typing import Any, Self

import httpx
from fal_client import client as fal_client

from pipeline import errors
from pipeline.providers import addresses, billing_events, failures, listing
from pipeline.providers.files import RESULT_SECONDS, Files, Tokens, kept_for
from pipeline.providers.port import Billed, Delivery, Forgotten, Found, Phase, Progress, Ticket, Withdrawal
from pipeline.providers.transport import CONNECTIONS, Answer, ToSandbox, ask

# Its INFO lines hold the addresses of pictures, and whoever has such an address can see the picture.
logging.getLogger("httpx").setLevel(logging.WARNING)

_ONCE_AND_HERE = {"x-app-fal-disable-fallback": "true", "x-fal-no-retry": "1"}
_SUBMIT_HEADERS = {**_ONCE_AND_HERE, "Content-Type": "application/json", **kept_for(RESULT_SECONDS)}
_PHASES = {"IN_QUEUE": Phase.QUEUED, "IN_PROGRESS": Phase.RUNNING, "COMPLETED": Phase.DONE}
_SERVED_SECONDS = 2.0
_LINES = 20
_LINE_CHARACTERS = 200


class FalProvider:
    """The Provider port on fal.ai, or on the sandbox when `emulator` gives its base address (asked anew for every request).

    Every verb but download ends within twice `timeout_seconds`.
    """

    name = "fal"
    can_look_up = True

    def __init__(self, key: str, *, emulator: Callable[[], str] | None = None, timeout_seconds: float = 30.0) -> None:
        """Open no connection yet; KeyRefused for a key that could not stand in a header."""
        if not re.fullmatch(r"[!-~]+", key):
            raise errors.KeyRefused()
        self._seconds = timeout_seconds
        client = fal_client.SyncClient(key=key, default_timeout=timeout_seconds)
        if emulator is not None:
            headers = {"Authorization": client._auth.header_value, "User-Agent": fal_client.USER_AGENT}
            # A cached property of a frozen dataclass: its place in __dict__ is the only one that can be set.
            client.__dict__["_client"] = httpx.Client(transport=ToSandbox(emulator), headers=headers)
        self._keyed: httpx.Client = client._client
        self._keyless = httpx.Client(transport=ToSandbox(emulator) if emulator else None, limits=CONNECTIONS)
        tokens = Tokens(client._auth, self._keyed, timeout_seconds / 4)
        self._files = Files(self._keyless, tokens, seconds=timeout_seconds, sandbox=emulator is not None)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Close every connection."""
        self._keyed.close()
        self._keyless.close()

    def submit(self, endpoint: str, arguments: Mapping[str, object], *, webhook_url: str | None = None) -> Ticket:
        """POST exactly once. NotSent, Refused: surely not accepted; OutcomeUnknown: look it up before anything is sent again."""
        body = _encoded(arguments)
        params = {"fal_webhook": webhook_url} if webhook_url else None
        url = addresses.submit_url(endpoint)
        try:
            answer = ask(self._keyed, "POST", url, seconds=self._seconds, content=body, params=params, headers=_SUBMIT_HEADERS)
        except httpx.HTTPError as error:
            raise failures.broken_submit(error) from error
        if not 200 <= answer.status < 300:
            raise failures.refused_submit(answer)
        request_id = addresses.request_id_of(answer.document())
        if request_id is None:
            raise errors.OutcomeUnknown()
        return addresses.ticket(endpoint, request_id, answer.document())

    def status(self, ticket: Ticket) -> Progress:
        """Look once at a request, its log lines included; NotSent: look again, RequestUnknown: fal has no such request."""
        answer = self._follow("GET", ticket.status_url, params={"logs": "true"})
        if answer.status not in (200, 202):
            raise failures.refused_follow_up(answer)
        return _progress(answer.document())

    def result(self, ticket: Ticket) -> Delivery:
        """Fetch what a request made and what fal bills for it; from an error raised here `port.billed_units` reads the latter.

        InputRefused, GenerationFailed, GenerationTimedOut, Cancelled: it failed. NotSent: not ready, or not reachable.
        RequestUnknown, ResultLost: fal no longer has it. No header names the endpoint that served it; the listing does, if it is
        quick about it, else `served_endpoint` is None.
        """
        answer = self._follow("GET", ticket.response_url)
        if answer.status != 200:
            raise failures.failed_result(answer)
        body = answer.document()
        if not body:
            raise failures.broken_follow_up()
        try:
            self._files.check_addresses(body)
        except errors.ResultLost as error:
            raise failures.with_units(error, answer) from None
        return Delivery(body=body, billable_units=failures.billable_units(answer.headers), served_endpoint=self._served(ticket))

    def cancel(self, ticket: Ticket) -> Withdrawal:
        """Ask to drop a request; one that already runs may still finish and be charged."""
        answer = self._follow("PUT", ticket.cancel_url)
        match answer.status:
            case 200:
                return Withdrawal.ASKED if answer.document().get("status") == "CANCELLATION_REQUESTED" else Withdrawal.REMOVED
            case 202:
                return Withdrawal.ASKED
            case 400:
                return Withdrawal.TOO_LATE
            case 404:
                return Withdrawal.UNKNOWN
        raise failures.refused_follow_up(answer)

    def find(self, endpoint: str, arguments: Mapping[str, object], since: datetime) -> tuple[Found, ...]:
        """List requests with exactly these arguments, sent from two minutes before `since` on, oldest first; NotSent, Refused."""
        addresses.submit_url(endpoint)
        return listing.find(self._listing, endpoint, arguments, since)

    def upload(self, data: bytes, media_type: str, name: str) -> str:
        """Store bytes at fal under a fresh address, trying passing trouble again within the time limit; NotSent, Refused."""
        return self._files.upload(data, media_type, name)

    def download(self, url: str, *, limit_bytes: int, seconds: float) -> bytes:
        """Fetch one file whole from fal's storage; DownloadFailed: fetch it again, ResultLost: gone, foreign or too large."""
        return self._files.download(url, limit_bytes=limit_bytes, seconds=seconds)

    def forget(self, request_id: str) -> Forgotten:
        """Have fal remove the input, the output and the output's files of an ended request; its uploads stay. NotSent, KeyRefused.

        Needs a key with the scope ADMIN. Docs: https://docs.fal.ai/platform-apis/v1/models/requests/payloads
        """
        answer = self._follow("DELETE", addresses.payloads_url(request_id))
        match answer.status:
            case 200 if failures.is_all_removed(answer):
                return Forgotten.REMOVED
            case 403:
                return Forgotten.NOT_ALLOWED
            case 404:
                return Forgotten.ABSENT
        raise failures.refused_follow_up(answer)

    def billed(self, start: datetime, end: datetime) -> Iterator[Billed]:
        """Yield fal's billing events from `start` until before `end`; NotSent, KeyRefused, and AccountRefused without the scope ADMIN."""
        return billing_events.billed(lambda query: self._follow("GET", addresses.BILLING_EVENTS, params=query), start, end)

    def ping(self) -> None:
        """Ask the listing for one line, which proves that the key works and spends nothing; NotSent, Refused."""
        try:
            answer = ask(self._keyed, "GET", addresses.LISTING, seconds=self._seconds, params={"endpoint_id": "fal-ai/flux/dev", "limit": "1"})
        except httpx.HTTPError as error:
            raise errors.ProviderUnreachable() from error
        if answer.status != 200:
            raise failures.refused_ping(answer)

    def webhook_keys(self) -> bytes:
        """Return the document with the keys fal signs its calls to our hook with; NotSent."""
        try:
            answer = ask(self._keyless, "GET", addresses.WEBHOOK_KEYS, seconds=self._seconds)
        except httpx.HTTPError as error:
            raise errors.ProviderUnreachable() from error
        if answer.status != 200:
            raise errors.ProviderUnreachable()
        return answer.body

    def _follow(self, method: str, url: str, *, seconds: float | None = None, **more: Any) -> Answer:
        try:
            return ask(self._keyed, method, url, seconds=seconds or self._seconds, **more)
        except httpx.HTTPError as error:
            raise failures.broken_follow_up() from error

    def _served(self, ticket: Ticket) -> str | None:
        try:
            return listing.served(lambda query: self._listing(query, min(_SERVED_SECONDS, self._seconds / 4)), ticket)
        except errors.ProviderError:
            return None

    def _listing(self, query: Mapping[str, str], seconds: float | None = None) -> Mapping[str, object]:
        answer = self._follow("GET", addresses.LISTING, seconds=seconds, params=query)
        if answer.status != 200 or "items" not in answer.document():
            raise failures.money_unknown(failures.refused_ping(answer))
        return answer.document()


def _encoded(arguments: Mapping[str, object]) -> bytes:
    try:
        return json.dumps(dict(arguments), allow_nan=False).encode()
    except (TypeError, ValueError):
        raise errors.InputRefused("One of the parameters cannot be sent to the provider.", next="Put the settings back to the preset's.") from None


def _progress(body: Mapping[str, object]) -> Progress:
    phase = _PHASES.get(str(body.get("status")))
    if phase is None:
        raise failures.broken_follow_up()
    error_type = str(body.get("error_type") or ("unknown" if body.get("error") else "")) or None
    place, metrics = body.get("queue_position"), body.get("metrics")
    seconds = metrics.get("inference_time") if isinstance(metrics, Mapping) else None
    return Progress(
        phase=Phase.FAILED if phase is Phase.DONE and error_type else phase,
        place=place if phase is Phase.QUEUED and isinstance(place, int) else None,
        lines=_lines(body.get("logs")),
        inference_seconds=float(seconds) if isinstance(seconds, int | float) else None,
        error_type=error_type if phase is Phase.DONE else None,
    )


def _lines(logs: object) -> tuple[str, ...]:
    """Return the last messages of a model's log, one line each, without control characters; none where logs are missing."""
    rows = logs if isinstance(logs, list) else []
    messages = [str(row.get("message") or "") for row in rows if isinstance(row, Mapping)]
    cleaned = ["".join(c if c.isprintable() else " " for c in message).strip()[:_LINE_CHARACTERS] for message in messages]
    return tuple(line for line in cleaned if line)[-_LINES:]
