"""What can be asked of a helper about a still picture."""

from dataclasses import dataclass
from typing import Final

# The 1st and the 99th hundredth of a picture that shows something are farther apart; black as a JPEG measured 0 to 3.
BLANK_SPREAD: Final = 8.0


@dataclass(frozen=True, kw_only=True)
class StillRequest:
    """What is asked of a still picture.

    `draft_px`: a JPEG may come out at a half, a quarter or an eighth, as long as both sides keep so many pixels. `long_px` and `short_px`: reduce the
    long side to so many pixels, but never the short one below its own bound. `upright`: turn it as its header says. `lenient`: a JPEG that
    lost no more than its last row of blocks is taken. `measured`: tell how far bright and dark are apart.
    """

    draft_px: int | None = None
    long_px: int | None = None
    short_px: int = 1
    upright: bool = False
    lenient: bool = False
    measured: bool = False
