"""What screens keep for a moment is read anew when it expires in the very moment of being read."""

import pytest

from pages.parts.here import kept


def test_what_expires_while_it_is_read_is_read_anew():
    left = [KeyError("expired")]

    def read():
        if left:
            raise left.pop()
        return "fresh"

    assert kept(read) == "fresh"


def test_a_name_that_is_missing_for_good_stays_an_error():
    with pytest.raises(KeyError):
        kept(lambda: {}["missing"])
