"""What an answer of fal, or none, means: one class of our error tree for each case.

At the door (submit) only a definite no counts as not accepted; whatever may have reached the queue is OutcomeUnknown.
Afterwards a request exists, so trouble on the way to it (NotSent) says nothing about money: `charged` is None.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from email.utils import parsedate_to_datetime
from typing import TypeVar

import httpx

from pipeline import errors
from pipeline.providers.refusals import refused
from pipeline.providers.transport import Answer

_Error = TypeVar("_Error", bound=errors.StudioError)
_SURELY_UNSENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError, httpx.UnsupportedProtocol)
_TIMED_OUT = frozenset({"generation_timeout", "request_timeout", "startup_timeout"})
_CANCELLED = frozenset({"client_cancelled"})
_FAILED = frozenset(
    {
        "internal_server_error",
        "downstream_service_error",
        "downstream_service_unavailable",
        "runner_scheduling_failure",
        "runner_connection_timeout",
        "runner_connection_refused",
        "runner_connection_error",
        "runner_disconnected",
        "runner_incomplete_response",
        "runner_server_error",
        "internal_error",
        "client_disconnected",
    }
)
_LONGEST_WAIT_SECONDS = 3600.0


def broken_submit(error: httpx.HTTPError) -> errors.ProviderError:
    """Classify a submit that got no answer: only when no connection was made is it sure that nothing was sent."""
    return errors.ProviderUnreachable() if isinstance(error, _SURELY_UNSENT) else errors.OutcomeUnknown()


def refused_submit(answer: Answer) -> errors.ProviderError:
    """Classify an answer to a submit that is no acceptance; only a plain 4xx proves that nothing was accepted."""
    if (at_door := _at_the_door(answer)) is not None:
        return at_door
    if answer.status in (404, 405, 410):
        return errors.EndpointGone()
    if 400 <= answer.status < 500 and answer.status not in (408, 409):
        return refused(reason_of(answer), charged=False)
    return errors.OutcomeUnknown()


def refused_ping(answer: Answer) -> errors.ProviderError:
    """Classify an unwelcome answer to a request that buys nothing."""
    return _at_the_door(answer) or errors.ProviderUnreachable()


def refused_follow_up(answer: Answer) -> errors.ProviderError:
    """Classify an unwelcome answer about a request that exists: only 401, 403 and 404 are final."""
    if answer.status == 404:
        return money_unknown(errors.RequestUnknown())
    return money_unknown(refused_ping(answer))


def broken_follow_up() -> errors.ProviderError:
    """Return what to raise when a request that exists could not be asked about, or the answer was unreadable: look again."""
    return money_unknown(errors.ProviderUnreachable())


def failed_result(answer: Answer) -> errors.StudioError:
    """Classify the answer to a result that is not a success; the error carries `billable_units` where fal states them."""
    return with_units(_failure(answer), answer)


def failed_for(reason: str) -> errors.StudioError | None:
    """Return the failure that a type of fal's request errors stands for, None for a type not known."""
    if reason in _TIMED_OUT:
        return errors.GenerationTimedOut()
    if reason in _CANCELLED:
        return money_unknown(errors.Cancelled())
    return errors.GenerationFailed() if reason in _FAILED else None


def is_all_removed(answer: Answer) -> bool:
    """True where fal lists the files it removed with a request and names trouble with none."""
    listed = answer.document().get("cdn_delete_results")
    return isinstance(listed, list) and all(isinstance(one, Mapping) and not one.get("exception") for one in listed)


def money_unknown(error: _Error) -> _Error:
    """Mark an error as saying nothing about money."""
    error.charged = None
    return error


def with_units(error: _Error, answer: Answer) -> _Error:
    """Attach what fal bills to an error, for `port.billed_units` to read."""
    error.billable_units = billable_units(answer.headers)  # type: ignore[attr-defined]
    return error


def reason_of(answer: Answer) -> str:
    """Return fal's machine-readable type of an error, from the model's list, the body or the header; empty if none."""
    body = answer.document()
    detail = body.get("detail")
    listed = [item.get("type") for item in detail if isinstance(item, Mapping)] if isinstance(detail, list) else []
    named = (*listed, body.get("error_type"), answer.headers.get("x-fal-error-type"))
    return next((name for name in named if isinstance(name, str) and name), "")


def billable_units(headers: httpx.Headers) -> Decimal | None:
    """Return what fal says it bills, in the endpoint's own unit; None where it says nothing sensible.

    >>> billable_units(httpx.Headers({"x-fal-billable-units": "5"}))
    Decimal('5')
    """
    try:
        units = Decimal(headers.get("x-fal-billable-units", ""))
    except InvalidOperation:
        return None
    return units if units.is_finite() and 0 <= units < 10**9 else None


def retry_after_seconds(headers: httpx.Headers) -> float | None:
    """Return how long a Retry-After asks to wait, given as seconds or as a date; None without one, an hour at most.

    >>> retry_after_seconds(httpx.Headers({"Retry-After": "7"}))
    7.0
    """
    text = headers.get("retry-after", "").strip()
    if text.isascii() and text.isdigit():
        return min(float(text), _LONGEST_WAIT_SECONDS)
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return None
    wait = ((moment if moment.tzinfo else moment.replace(tzinfo=UTC)) - datetime.now(UTC)).total_seconds()
    return min(max(0.0, wait), _LONGEST_WAIT_SECONDS)


def _at_the_door(answer: Answer) -> errors.ProviderError | None:
    match answer.status:
        case 401:
            return errors.KeyRefused()
        case 402 | 403:
            return errors.AccountRefused()
        case 429:
            return errors.RateLimited(after_seconds=retry_after_seconds(answer.headers))
    return None


def _failure(answer: Answer) -> errors.StudioError:
    reason = reason_of(answer)
    known = failed_for(reason)
    if known is not None:
        return known if answer.status >= 500 else money_unknown(known)
    if answer.status == 422 or (reason and 400 <= answer.status < 500 and answer.status not in (401, 404, 429)):
        return refused(reason, charged=None)
    if answer.status == 410:
        return errors.ResultLost()
    # A 5xx that fal's own servers signed is the model's; one without a signature comes from the way there.
    if answer.status >= 500 and (reason or "x-fal-request-id" in answer.headers):
        return errors.GenerationTimedOut() if answer.status == 504 else errors.GenerationFailed()
    return refused_follow_up(answer)
