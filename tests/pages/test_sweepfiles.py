"""The page of a contact sheet is read from an address that anybody may write."""

import pytest

from pages.parts import sweepfiles
from pipeline.records import RunKind
from pipeline.sweeps.plans import Axis, Plan

PLAN = Plan(kind=RunKind.AVATAR, axes={Axis.STRENGTH: ("0.5", "0.6", "0.7"), Axis.SEED: tuple(map(str, range(100)))})


@pytest.mark.parametrize(
    ("pages", "page", "found"),
    [
        ("strength", "2", ["0.6"]),
        ("strength,seed", "101", ["0.6", "0"]),
        ("strength,seed", "300", ["0.7", "99"]),
        ("strength,seed", "9" * 5_000, ["0.5", "0"]),
        ("strength,seed", "999999", ["0.7", "99"]),
        (",".join(["seed"] * 1_000), "7", ["6"]),
        ("nonsense,,model", "3", []),
        ("", "x", []),
    ],
)
def test_a_page_is_found_without_multiplying_the_axes_out(pages: str, page: str, found: list[str]) -> None:
    assert list(sweepfiles._page(PLAN, {"pages": pages, "page": page}).values()) == found
