"""The queue: submit, status, result, cancel, and the direct run that waits."""

import asyncio
import json
from collections.abc import Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from pipeline.sandbox import answers
from pipeline.sandbox.book import Book, Entry, State, Submission
from pipeline.sandbox.crew import Crew
from pipeline.sandbox.faults import AT_THE_DOOR, Kind
from pipeline.sandbox.models import MODELS

HOST = "https://queue.fal.run"


class Queue:
    """fal's queue, spoken to by the real client."""

    def __init__(self, book: Book, crew: Crew) -> None:
        self.book, self.crew = book, crew

    def routes(self) -> list[Route]:
        """List the routes of the queue's host."""
        one = "/{owner:path}/requests/{entry_id}"
        return [
            Route(f"{one}/status", self.status, methods=["GET"]),
            Route(f"{one}/cancel", self.cancel, methods=["PUT"]),
            Route(one, self.result, methods=["GET"]),
            Route("/{endpoint:path}", self.submit, methods=["POST"]),
        ]

    def direct_routes(self) -> list[Route]:
        """List the routes of the host that runs a request while the caller waits."""
        return [Route("/{endpoint:path}", self.run, methods=["POST"])]

    async def submit(self, request: Request) -> Response:
        """Accept a request: it is on disk before the answer goes out."""
        submission = await self._submission(request)
        if isinstance(submission, Response):
            return submission
        entry = self.book.accept(submission)
        self.crew.queued(entry)
        if entry.has(Kind.HANG_AFTER_QUEUING):
            await self._hang(request, json.loads(entry.orders)[Kind.HANG_AFTER_QUEUING])
        if entry.has(Kind.CLOSE_AFTER_BODY) or self.crew.stopping.is_set():
            return answers.Dropped()
        body: dict[str, Any] = {"status": State.QUEUED, "request_id": entry.id, **_addresses(entry), "logs": None, "metrics": {}}
        return JSONResponse({**body, "queue_position": self.book.place(entry)}, headers={"x-fal-request-id": entry.id})

    async def run(self, request: Request) -> Response:
        """Accept a request and answer with its result once there is one."""
        submission = await self._submission(request)
        if isinstance(submission, Response):
            return submission
        entry = self.book.accept(submission)
        self.crew.queued(entry)
        return _result(await self.crew.wait(entry.id))

    async def status(self, request: Request) -> Response:
        """Say where a request stands: 202 until it has ended."""
        entry = self._entry(request)
        if isinstance(entry, Response):
            return entry
        orders = self.book.faults((Kind.STATUS_500, Kind.STATUS_429, Kind.MISSING_LOGS), entry.endpoint)
        if Kind.STATUS_500 in orders:
            return answers.internal_error()
        if Kind.STATUS_429 in orders:
            return answers.slow_down(orders[Kind.STATUS_429])
        body = self._standing(entry, with_logs=request.query_params.get("logs", "").lower() in ("true", "1"))
        if Kind.MISSING_LOGS in orders:
            body.pop("logs", None)
        return JSONResponse(body, 200 if entry.state is State.ENDED else 202, {"x-fal-request-id": entry.id})

    async def result(self, request: Request) -> Response:
        """Give the result of an ended request; 400 while it is in progress."""
        entry = self._entry(request)
        if isinstance(entry, Response):
            return entry
        if entry.state is not State.ENDED:
            return answers.request_error(400, "Request is still in progress", headers={"x-fal-request-id": entry.id})
        return answers.no_request() if entry.forgotten or entry.has(Kind.RESULT_404) else _result(entry)

    async def cancel(self, request: Request) -> Response:
        """Take a request out of the queue; a running one may still end as usual."""
        entry = self._entry(request)
        if isinstance(entry, Response):
            return entry
        if entry.state is State.ENDED:
            return JSONResponse({"status": "ALREADY_COMPLETED"}, 400)
        return JSONResponse({"status": "OK"}) if self.crew.cancel(entry) else JSONResponse({"status": "CANCELLATION_REQUESTED"}, 202)

    async def _hang(self, request: Request, seconds: float) -> None:
        """Wait so long, or until the caller hangs up or the emulator goes down."""
        loop = asyncio.get_running_loop()
        until = loop.time() + seconds
        while loop.time() < until and not self.crew.stopping.is_set() and not await request.is_disconnected():
            await asyncio.sleep(min(0.1, max(0.0, until - loop.time())))

    def _standing(self, entry: Entry, *, with_logs: bool) -> dict[str, Any]:
        body: dict[str, Any] = {"status": entry.state, "request_id": entry.id, **_addresses(entry)}
        if entry.state is State.QUEUED:
            return {**body, "queue_position": self.book.place(entry)}
        body["logs"] = self.crew.stage(entry) if with_logs and entry.started_at is not None else None
        if entry.state is State.ENDED:
            body["metrics"] = {"inference_time": (entry.ended_at or 0.0) - (entry.started_at or entry.ended_at or 0.0)}
            body |= {name: text for name, text in (("error", entry.error), ("error_type", entry.error_type)) if text}
        return body

    def _entry(self, request: Request) -> Entry | Response:
        refused = answers.refusal(request)
        if refused is not None:
            return refused
        entry = self.book.find(request.path_params["entry_id"])
        owner = request.path_params["owner"].strip("/")
        return entry if entry is not None and f"{entry.endpoint}/".startswith(f"{owner}/") else answers.no_request()

    async def _submission(self, request: Request) -> Submission | Response:
        refused = answers.refusal(request)
        if refused is not None:
            return refused
        endpoint = request.path_params["endpoint"].strip("/")
        if endpoint not in MODELS:
            return answers.no_endpoint(endpoint)
        try:
            body = json.loads(await request.body())
            json.dumps(body, ensure_ascii=False, allow_nan=False).encode()
        except ValueError:
            return answers.request_error(400, "The body is not JSON", "bad_request")
        if not isinstance(body, dict):
            return answers.request_error(400, "The body is not a JSON object", "bad_request")
        return await self._past_the_door(request, endpoint, body)

    async def _past_the_door(self, request: Request, endpoint: str, body: dict[str, Any]) -> Submission | Response:
        orders = self.book.faults(AT_THE_DOOR, endpoint)
        if Kind.DELAY in orders:
            await asyncio.sleep(orders[Kind.DELAY])
        headers = request.headers
        return answers.at_the_door(orders, endpoint) or Submission(
            endpoint=endpoint,
            body=body,
            priority=1 if headers.get("x-fal-queue-priority") == "low" else 0,
            webhook=request.query_params.get("fal_webhook", ""),
            queue_seconds=_seconds(headers.get("x-fal-request-timeout")),
            keep_seconds=lifecycle(headers.get),
            store_io=headers.get("x-fal-store-io", "1") not in ("0", "false"),
            fallbacks=headers.get("x-app-fal-disable-fallback", "").lower() not in ("1", "true", "yes"),
        )


def lifecycle(header: Callable[[str], str | None]) -> float | None:
    """Read from the headers how long files are to be kept, in seconds; None means for good."""
    text = header("x-fal-object-lifecycle-preference") or header("x-fal-object-lifecycle") or "{}"
    try:
        return _seconds(str(json.loads(text).get("expiration_duration_seconds")))
    except (ValueError, AttributeError):
        return None


def _seconds(text: str | None) -> float | None:
    try:
        return float(text) if text else None
    except ValueError:
        return None


def _addresses(entry: Entry) -> dict[str, str]:
    address = f"{HOST}/{'/'.join(entry.endpoint.split('/')[:2])}/requests/{entry.id}"
    return {"response_url": address, "status_url": f"{address}/status", "cancel_url": f"{address}/cancel"}


def _result(entry: Entry) -> Response:
    headers, status_code = {"x-fal-request-id": entry.id}, entry.status_code or 500
    if entry.error_type:
        headers["X-Fal-Error-Type"] = entry.error_type
        if entry.error_type == "request_timeout":
            headers["X-Fal-Request-Timeout-Type"] = "user"
    elif status_code >= 400:
        headers["X-Fal-Retryable"] = "true" if status_code >= 500 else "false"
    else:
        headers["x-fal-billable-units"] = f"{entry.units:g}"
    return JSONResponse(json.loads(entry.answer or "null"), status_code, headers)
