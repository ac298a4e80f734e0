"""A browser for the tests. `python -m tests.browser` makes sure there is one: the system's, else Playwright's, else Debian's package.

With CI=true a machine without one is a failure; elsewhere it is a warning, and the tests that need one are skipped.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


def find_browser() -> str | None:
    """Return the path of a Chromium that starts: the system's first, then Playwright's own; None when there is none."""
    places = (*(partial(shutil.which, name) for name in NAMES), _playwrights)
    return next((path for look in places if (path := look()) and _starts(path)), None)


def is_required() -> bool:
    """Tell whether a missing browser is a failure here."""
    return os.environ.get("CI", "").lower() in ("1", "true", "yes")


def ensure_browser() -> str | None:
    """Return the path of a browser, installing one if there is none and if that is possible."""
    return find_browser() or _after(_install_playwrights) or _after(_install_debians)


def _playwrights() -> str | None:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        path = Path(playwright.chromium.executable_path)
    return str(path) if path.exists() else None


def _starts(path: str) -> bool:
    try:
        return subprocess.run([path, "--version"], capture_output=True, timeout=30, check=False).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False


def _after(install: Callable[[], None]) -> str | None:
    try:
        install()
    except (OSError, subprocess.SubprocessError) as error:
        sys.stderr.write(f"{install.__name__.strip('_').replace('_', ' ')}: {type(error).__name__}\n")
    return find_browser()


def _install_playwrights() -> None:
    subprocess.run([sys.executable, "-m", "playwright", "install", "chromium"], check=True, timeout=900)


def _install_debians() -> None:
    apt = shutil.which("apt-get")
    if apt is None:
        return
    before = [] if os.geteuid() == 0 else ["sudo", "-n"]
    subprocess.run([*before, apt, "update", "-q"], check=False, timeout=300)
    subprocess.run([*before, apt, "install", "-y", "-q", "--no-install-recommends", "chromium"], check=True, timeout=900)


def main() -> int:
    """Make sure there is a browser and say which; exit code 1 if there must be one and is none."""
    path = ensure_browser()
    if path:
        print(f"browser for the tests: {path}")
        return 0
    sys.stderr.write("There is no browser, so the tests that need one are skipped. Install chromium, or run `playwright install chromium`.\n")
    return 1 if is_required() else 0


if __name__ == "__main__":
    sys.exit(main())
