"""Answers are worked out once for the same bytes, and only the latest are kept."""

import pytest

from pipeline.media.recent import Recent


def test_the_same_bytes_are_worked_out_once() -> None:
    asked: list[bytes] = []
    recent: Recent[int] = Recent(2)

    def count(data: bytes) -> int:
        asked.append(data)
        return len(data)

    assert [recent.get(data, count) for data in (b"a", b"bb", b"a", b"bb")] == [1, 2, 1, 2]
    assert asked == [b"a", b"bb"]


def test_the_one_unused_for_longest_goes_first() -> None:
    asked: list[bytes] = []
    recent: Recent[None] = Recent(2)
    for data in (b"a", b"b", b"a", b"c", b"a", b"b"):
        recent.get(data, asked.append)
    assert asked == [b"a", b"b", b"c", b"b"]


def test_a_failure_is_not_kept() -> None:
    recent: Recent[float] = Recent(2)
    with pytest.raises(ZeroDivisionError):
        recent.get(b"a", lambda data: 1 / 0)
    assert recent.get(b"a", lambda data: 2.0) == 2.0
