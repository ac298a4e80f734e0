"""No table that leaves the studio holds text that a spreadsheet would calculate."""

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.settings import ROOT
from pipeline.spreadsheets import NUMBER, quote_formula, unquote_formula

WRITERS = re.compile(r"csv\.(writer|DictWriter)\(")


@pytest.mark.parametrize("text", ["=1+1", "＝1+1", " =1+1", "\n=1+1", "\u3000＠SUM(A1)", "+cmd|' /C calc'!A0", "-2+3", "@A1", "\ttab", "'=1"])
def test_what_begins_like_a_formula_after_blanks_and_line_breaks_is_marked_as_text(text):
    assert quote_formula(text) == f"'{text}"


@pytest.mark.parametrize("value", ["anna", "-30", "1e5", "+0.5", "", "O'Neill", "a=b", 7, -7, None, 0.5])
def test_numbers_and_plain_words_stay_as_they_are(value):
    assert quote_formula(value) == value


@given(st.text())
def test_what_was_marked_is_read_back_as_it_was(text):
    quoted = str(quote_formula(text))
    assert unquote_formula(quoted) == text or NUMBER.fullmatch(text)
    assert quoted == text or quoted.startswith("'")


def test_whoever_writes_a_table_uses_the_rule():
    writers = [path for folder in ("pipeline", "pages") for path in Path(ROOT / folder).rglob("*.py") if WRITERS.search(path.read_text("utf-8"))]
    assert len(writers) >= 3
    assert [str(path) for path in writers if "quote_formula" not in path.read_text("utf-8")] == []
