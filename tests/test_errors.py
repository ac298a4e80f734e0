"""One tree of errors, each with words for staff and nothing else."""

import inspect
import re

import pytest

from pipeline import errors
from pipeline.errors import Fault, StudioError, TooManyRequests

FAMILY = [kind for _, kind in inspect.getmembers(errors, inspect.isclass) if issubclass(kind, StudioError)]
named = pytest.mark.parametrize("kind", FAMILY, ids=lambda kind: kind.__name__)


def test_the_tree_in_the_docstring_names_every_class():
    drawn = set(re.findall(r"[A-Z]\w+[a-z]\w*", (errors.__doc__ or "").split("Every class answers")[0])) - {"Everything"}
    assert drawn == {kind.__name__ for kind in FAMILY}


@named
def test_every_error_says_what_happened_and_what_to_do(kind):
    error = kind()
    assert error.say.endswith(".")
    assert error.next.endswith(".")
    assert isinstance(error.fault, Fault)
    assert error.charged in (True, False, None)
    assert str(error) == error.say


@named
def test_every_error_survives_being_kept_and_read_again(kind):
    error = kind()
    error.charged = None
    again = StudioError.from_json(error.as_json())
    assert type(again) is kind
    assert again.as_json() == error.as_json()
    assert (again.fault, again.retry) == (error.fault, error.retry)


def test_words_given_replace_the_usual_ones():
    error = errors.NotNow("The kettle is on.", next="Wait for tea.", charged=True)
    assert error.as_json() == {"error": "NotNow", "say": "The kettle is on.", "charged": True, "next": "Wait for tea."}
    assert errors.NotNow().say != error.say


def test_an_error_kept_by_a_newer_studio_is_still_readable():
    assert type(StudioError.from_json({"error": "FromTheFuture", "say": "Oh.", "next": "Wait.", "charged": None})) is StudioError


def test_a_count_limit_says_when_a_place_frees():
    assert "12 s" in TooManyRequests(after_seconds=12.2).next


def test_nothing_the_provider_made_impossible_counts_as_our_user_s_fault():
    assert errors.KeyRefused().fault is Fault.OURS
    assert errors.InputRefused().fault is Fault.YOURS
    assert errors.GenerationFailed().fault is Fault.PROVIDER


def test_only_what_was_surely_not_accepted_is_free_to_send_again():
    sendable = {kind.__name__ for kind in FAMILY if issubclass(kind, errors.NotSent)}
    assert sendable == {"NotSent", "RateLimited", "ProviderUnreachable"}
    assert errors.OutcomeUnknown.charged is None
