"""fal's two error bodies, and connections that end without an answer."""

from typing import Any

from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.types import Receive, Scope, Send

from pipeline.sandbox.faults import Kind
from pipeline.sandbox.inputs import detail

POLICY = detail("prompt", "content_policy_violation", "The content could not be processed because it was flagged by a content checker.", None)
NGINX_PAGE = "<html>\r\n<head><title>503</title></head>\r\n<body><center><h1>503</h1></center><hr><center>nginx</center></body></html>"


def model_error(status_code: int, details: list[dict[str, Any]], *, retryable: bool = False) -> JSONResponse:
    """Answer as a model does: a list of details and whether trying again makes sense."""
    return JSONResponse({"detail": details}, status_code, {"X-Fal-Retryable": "true" if retryable else "false"})


def request_error(status_code: int, message: str, error_type: str = "", headers: dict[str, str] | None = None) -> JSONResponse:
    """Answer as the gateway does: a sentence, and where there is one, the type also in a header."""
    if not error_type:
        return JSONResponse({"detail": message}, status_code, headers)
    return JSONResponse({"detail": message, "error_type": error_type}, status_code, {"X-Fal-Error-Type": error_type, **(headers or {})})


class Dropped(Response):
    """Close the connection without sending a byte."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002
        """Close, then wait until the server has noticed, so that it sends nothing either."""
        scope["state"]["transport"].close()
        while (await receive())["type"] != "http.disconnect":
            pass


class HalfBody(Response):
    """Promise the whole body, send half of it and close the connection."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send headers for the whole body and the first half of it."""
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        await send({"type": "http.response.body", "body": bytes(self.body)[: len(self.body) // 2], "more_body": True})
        await Dropped()(scope, receive, send)


def at_the_door(orders: dict[Kind, float], endpoint: str) -> Response | None:
    """Turn the first order that keeps a submit from being accepted into its answer."""
    if Kind.DROP_BEFORE in orders:
        return Dropped()
    if Kind.NGINX_503 in orders:
        return HTMLResponse(NGINX_PAGE, 503, {"Server": "nginx"})
    if Kind.SUBMIT_401 in orders:
        return key_refused()
    if Kind.SUBMIT_403 in orders:
        return account_locked()
    if Kind.SUBMIT_404 in orders:
        return no_endpoint(endpoint)
    if Kind.SUBMIT_422 in orders:
        return model_error(422, [POLICY])
    if Kind.SUBMIT_429 in orders:
        return slow_down(orders[Kind.SUBMIT_429])
    return internal_error() if Kind.SUBMIT_500 in orders else None


def key_refused() -> Response:
    """Answer 401."""
    return request_error(401, "No user was found for the given key.")


def account_locked() -> Response:
    """Answer 403."""
    return request_error(403, "The account is locked: exhausted balance.")


def no_endpoint(endpoint: str) -> Response:
    """Answer 404 for an endpoint nobody serves."""
    return request_error(404, f"Application '{endpoint}' not found")


def no_request() -> Response:
    """Answer 404 for a request nobody made, or whose result is gone."""
    return request_error(404, "Request not found")


def slow_down(seconds: float) -> Response:
    """Answer 429 with Retry-After."""
    return request_error(429, "Too many requests", headers={"Retry-After": f"{seconds:g}"})


def internal_error() -> Response:
    """Answer 500."""
    return request_error(500, "Internal server error", "internal_error")


def refusal(request: Request) -> Response | None:
    """Check the key of a request: None when it is good, else 401 or 403."""
    scheme, _, key = request.headers.get("authorization", "").partition(" ")
    if scheme not in ("Key", "Bearer") or not key.strip() or "bad" in key:
        return key_refused()
    return account_locked() if "locked" in key else None
