"""What a press or a form tells Python: words under names, which are checked here because anybody can send any."""

import re
from collections.abc import Mapping

from pipeline.errors import OutOfDate
from pipeline.records import Decision

What = Mapping[str, str]


def number_of(what: What) -> int:
    """Return the number that makes two presses one wish; raises OutOfDate for one that no screen shows.

    >>> number_of({"number": "3"})
    3
    """
    if not re.fullmatch("[1-9][0-9]{0,3}", what["number"]):
        raise OutOfDate
    return int(what["number"])


def decision_of(what: What) -> Decision:
    """Return the decision that was pressed; raises OutOfDate for one that does not exist."""
    if what["decision"] not in set(Decision) - {Decision.UNDONE}:
        raise OutOfDate
    return Decision(what["decision"])


def why_of(what: What) -> str:
    """Return the reasons that were ticked and the note beside them, as one text.

    >>> why_of({"reason": "likeness,hands", "note": " too old "})
    'likeness, hands. too old'
    """
    return ". ".join(filter(None, (what["reason"].replace(",", ", "), what["note"].strip())))
