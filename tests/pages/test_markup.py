"""HTML that nobody can break out of."""

import doctest

import pytest

from pages.parts import markup
from pages.parts.markup import Html, join, tag

NASTY = "<script>alert(1)</script>\"'&"


def test_text_is_escaped_wherever_it_stands() -> None:
    written = tag("p", NASTY, [NASTY], title=NASTY, data_name=NASTY)
    assert "<script>" not in written
    assert written.count("&lt;script&gt;") == 4
    assert 'title="&lt;script&gt;alert(1)&lt;/script&gt;&quot;&#x27;&amp;"' in written


def test_what_was_written_by_tag_is_not_escaped_again() -> None:
    assert join(tag("b", "1 < 2"), " & more") == "<b>1 &lt; 2</b> &amp; more"


def test_html_put_together_with_text_is_text_again() -> None:
    assert not isinstance(Html("<b>") + NASTY, Html)


@pytest.mark.parametrize("nothing", [None, False])
def test_attributes_without_value_are_left_out(nothing: bool | None) -> None:
    assert tag("video", loop=True, controls=nothing) == "<video loop></video>"


def test_the_examples_hold() -> None:
    assert doctest.testmod(markup).failed == 0
