"""Counts are said in one way: never "1 cells", and the rule for it stands in one place."""

import re
from pathlib import Path

import pytest

from pipeline.settings import ROOT
from pipeline.wording import counted

FILES = sorted(path for folder in ("pages", "pipeline") for path in (ROOT / folder).rglob("*.py") if path.name != "wording.py")
NOUNS = (
    "attempts|avatars|backups|budgets|cases|cells|charges|clips|comments|copies|days|differences|files|lines|minutes|months|objects|pairs|people"
    "|photos|pictures|publications|requests|results|rows|runs|sweeps|uploads|values|views|votes"
)
OWN_PLURAL = re.compile(r"'s' if|\"s\" if|'' if [\w.() ]+ == 1 else 's'|'(\w+)' if [\w.()]+ == 1 else '\1s'")
ANY_COUNT = re.compile(rf"\{{([^{{}}]+?)(?::,)?\}} (?:{NOUNS})\b")
# Always of two or more, or the noun stands for a list of counts.
ALWAYS_SEVERAL = (
    "{of} files",
    "{len(done)} files",
    "{waiting:,} differences",
    "{end.lines:,} lines",
    "{self.twice_shown} lines",
    "{LONGEST.days:,} days",
    "{error['found']} requests",
)


@pytest.mark.parametrize(("count", "said"), [(0, "0 cells"), (1, "1 cell"), (2, "2 cells"), (1_000, "1,000 cells")])
def test_one_is_singular_and_everything_else_plural(count: int, said: str) -> None:
    assert counted(count, "cell") == said


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_file_has_a_rule_of_its_own(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    found = [match[0] for match in OWN_PLURAL.finditer(text)]
    found += [match[0] for match in ANY_COUNT.finditer(text) if not re.fullmatch(r"[\w.]*[A-Z_0-9]{3,}", match[1])]
    assert [one for one in found if one not in ALWAYS_SEVERAL] == []


# One word each: money is held, a case has attempts left, an approval is withdrawn, what guests saw is unpublished.
OTHER_WORDS = re.compile(
    r"set aside|reserved for|tries left|attempts remaining|in use now|[Ww]ithdrawn from guests|[Ww]ithdraw(?:n|s)? from publication|\bput on hold\b"
)


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_what_screens_and_commands_say_has_one_word_for_one_thing(path: Path) -> None:
    assert OTHER_WORDS.findall(path.read_text(encoding="utf-8")) == []


def test_a_library_and_a_case_call_an_approved_picture_the_same() -> None:
    assert not [path for path in FILES if "pages" in path.parts and '"In use"' in path.read_text(encoding="utf-8")]
