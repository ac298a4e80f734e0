"""Text that a spreadsheet shows as it is written: the one rule of every table that leaves the studio."""

import re

# What spreadsheets calculate, also behind blanks and line breaks and in the wide letters of East Asian keyboards. An apostrophe before it says
# "text"; one more stands before text that begins with apostrophes itself, so that reading a table back is exact.
FORMULA = re.compile(r"'*\s*[=+\-@＝＋－＠]|'*[\t\r\n]")
NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?")


def quote_formula(value: object) -> object:
    """Return text that a spreadsheet would calculate with an apostrophe in front; a number, also as text, and anything else as it is.

    >>> [quote_formula(text) for text in ("=1+1", " ＝1+1", "\\n@A1", "-30", -30, "anna")]
    ["'=1+1", "' ＝1+1", "'\\n@A1", '-30', -30, 'anna']
    """
    return f"'{value}" if isinstance(value, str) and FORMULA.match(value) and not NUMBER.fullmatch(value) else value


def unquote_formula(cell: str) -> str:
    """Return what `quote_formula` was given.

    >>> unquote_formula("'=1+1"), unquote_formula("'tis")
    ('=1+1', "'tis")
    """
    return cell[1:] if cell.startswith("'") and FORMULA.match(cell) else cell
