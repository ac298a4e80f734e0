"""A name is found as it is typed: without its accents, with another apostrophe, in plain letters."""

import pytest

from pipeline.folding import fits, words_of


@pytest.mark.parametrize(
    ("typed", "written"),
    [("jose", "José"), ("lukasz", "Łukasz"), ("sorensen", "Sørensen"), ("strasse", "Straße"), ("dordevic", "Đorđević"), ("aeroe", "Ærøe")],
)
def test_a_name_is_found_in_plain_letters(typed: str, written: str) -> None:
    assert fits(words_of(typed), written)
    assert fits(words_of(written), typed)


@pytest.mark.parametrize("typed", ["o'brien", "O’Brien", "Oʼbrien"])
def test_every_apostrophe_finds_every_other(typed: str) -> None:
    assert all(fits(words_of(typed), written) for written in ("O'Brien", "O’Brien"))


def test_another_name_is_not_found() -> None:
    assert not fits(words_of("lukasz"), "Lucas")
