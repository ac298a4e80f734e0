"""Keys stay below their scope, whatever an id holds."""

import posixpath
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline import errors
from pipeline.storage.keys import check_key, is_key, key_for, safe_scope

SHA = "0" * 64
ANY_TEXT = st.text(st.characters(exclude_categories=()), min_size=1, max_size=300)
TRICKY = st.text(st.sampled_from("aA/._-\\ %é\x00_2f"), min_size=1, max_size=12)
NAMES = ANY_TEXT | TRICKY


@given(NAMES, NAMES)
def test_different_scopes_never_share_a_key_even_where_names_ignore_case(one: str, other: str) -> None:
    same = key_for(one, "avatar", SHA, "image/png").casefold() == key_for(other, "avatar", SHA, "image/png").casefold()
    assert same == (one == other)


@given(NAMES)
def test_a_scope_is_one_plain_part(scope: str) -> None:
    assert re.fullmatch(r"[a-z0-9_-]{1,120}", safe_scope(scope))
    assert check_key(key_for(scope, "avatar", SHA, "image/png")).count("/") == 2


@given(NAMES)
def test_a_key_that_passes_stays_where_it_says(key: str) -> None:
    if is_key(key):
        assert posixpath.normpath(posixpath.join("/root", key)) == f"/root/{key}"
        assert len(key.encode()) <= 512
    else:
        with pytest.raises(errors.BadKey):
            check_key(key)


def test_a_long_scope_is_shortened_but_not_shared() -> None:
    assert safe_scope("x" * 5000) != safe_scope("x" * 5001)
    assert len(safe_scope("x" * 5000)) == 66
    assert safe_scope("x" * 120) == "x" * 120


@pytest.mark.parametrize(
    ("scope", "kind", "sha256"), [("", "avatar", SHA), ("a", "", SHA), ("a", "../x", SHA), ("a", "avatar", "ab"), ("a", "avatar", "Z" * 64)]
)
def test_parts_that_make_no_key_are_refused(scope: str, kind: str, sha256: str) -> None:
    with pytest.raises(errors.BadKey):
        key_for(scope, kind, sha256, "image/png")


@pytest.mark.parametrize(
    ("media_type", "ending"), [("image/jpeg", ".jpg"), ("video/mp4", ".mp4"), ("image/webp", ".webp"), ("application/x-odd", ".bin")]
)
def test_the_ending_follows_the_media_type(media_type: str, ending: str) -> None:
    assert key_for("a", "clip", SHA, media_type) == f"a/clip/{SHA}{ending}"
