"""A browser's page that remembers what went wrong in it, and what the books say meanwhile."""

import re

from playwright.sync_api import Browser, ConsoleMessage, expect

from pipeline.sandbox.bill import bill
from pipeline.studio import looks
from pipeline.studio.place import Place
from tests.pages.running import RunningApp

PATIENCE_MS = 30_000
OVERHANGS = """() => {
    const all = root => [...root.querySelectorAll('*')].flatMap(node => [node, ...(node.shadowRoot ? all(node.shadowRoot) : [])])
    const drawn = node => node.getClientRects().length && !node.closest('.spoken')
    return all(document).filter(node => drawn(node) && node.getBoundingClientRect().right > innerWidth + 1).map(node => node.outerHTML.slice(0, 120))
}"""
# On a deep link the screen library first asks beside the page, then at the root; the browser reports its own question as an error.
ASKS_BESIDE = re.compile(r"/[a-z]+/_stcore/(health|host-config)$")
expect.set_options(timeout=PATIENCE_MS)


class Watched:
    """A page that remembers what went wrong in it."""

    def __init__(self, browser: Browser, **how: object) -> None:
        self.context = browser.new_context(**{"viewport": {"width": 1280, "height": 900}, **how})  # type: ignore[arg-type]
        self.page = self.context.new_page()
        self.page.set_default_timeout(PATIENCE_MS)
        self.troubles: list[str] = []
        self.outside: list[str] = []
        self.page.on("console", lambda message: self.troubles.append(message.text) if _is_ours(message) else None)
        self.page.on("pageerror", lambda error: self.troubles.append(str(error)))
        self.page.on(
            "request",
            lambda request: None if "//127.0.0.1" in request.url or request.url.startswith(("data:", "blob:")) else self.outside.append(request.url),
        )


def _is_ours(message: ConsoleMessage) -> bool:
    return message.type == "error" and not ASKS_BESIDE.search(message.location.get("url", ""))


def paid(app: RunningApp) -> tuple[int, int, int]:
    """Return what the ledger charged and still holds, and what the sandbox billed, in micro-dollars."""
    totals = looks.ledger_totals(Place(app.settings))
    billed = bill(app.settings.folder / "emulator")
    return totals["charged_micro_usd"], totals["held_micro_usd"], billed.total_micro_usd


def requests_made(app: RunningApp) -> int:
    return len(bill(app.settings.folder / "emulator").requests)
