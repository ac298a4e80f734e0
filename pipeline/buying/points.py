"""Named points of buying, publishing and taking down. In the sandbox a test may put a file of that name in `pull-the-plug/`: who reaches it dies."""

import os
import signal
from pathlib import Path

POINTS = (
    "before-upload",
    "after-upload",
    "after-intent",
    "after-post",
    "after-ticket",
    "while-waiting",
    "after-notice",
    "after-result",
    "after-settling",
    "after-download",
    "after-keeping",
    "after-output",
    "after-display-copy",
    "after-encoding",
    "before-the-end",
    "after-the-end",
)
# What a person's own process passes, without a worker; the copies of a take-down pass theirs once each.
STUDIO_POINTS = ("publish-begun", "publish-shown", "publish-live", "take-down-written", "take-down-copy", "take-down-gone")


class Points:
    """Dies by SIGKILL at a named point, once for each file in the folder; without a folder (live mode) it never does."""

    def __init__(self, folder: Path | None) -> None:
        """Watch `folder`, or nothing."""
        self.folder = folder

    def reach(self, name: str) -> None:
        """Say that a point of POINTS or STUDIO_POINTS is reached."""
        if self.folder is None:
            return
        order = self.folder / name
        try:
            order.unlink()
        except OSError:
            return
        os.kill(os.getpid(), signal.SIGKILL)
