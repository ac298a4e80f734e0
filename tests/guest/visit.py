"""What a guest sees, told by the page as it is drawn and not by the script that drew it."""

from typing import Any

from playwright.sync_api import Browser, ConsoleMessage

PATIENCE_MS = 20_000
# "clip", or the still on top with what is added: "+zoom" when it moves, "+button" when a press is waited for.
SEEN = """figure => {
  const style = node => figure.ownerDocument.defaultView.getComputedStyle(node)
  const drawn = node => style(node).display !== 'none' && style(node).opacity === '1'
  const video = figure.querySelector('video')
  const button = figure.querySelector('.lp-held > button')
  const waits = button && drawn(button) ? '+button' : ''
  if (video && drawn(video)) return (!video.paused && video.currentTime > 0 ? 'clip' : 'clip-paused') + waits
  const still = [...figure.querySelectorAll('img')].filter(image => image.complete && image.naturalWidth && drawn(image)).pop()
  if (!still) return (style(figure).backgroundImage === 'none' ? 'nothing' : 'placeholder') + waits
  const moves = still.getAnimations().some(one => one.playState === 'running' && one.animationName === 'lp-drift')
  return still.src.match(/(\\w+)\\.\\w+$/)[1] + (moves ? '+zoom' : '') + waits
}"""
SHIFTS = """() => {
  window.shifts = []
  new PerformanceObserver(list => list.getEntries().forEach(one => shifts.push(one.value))).observe({ type: 'layout-shift', buffered: true })
}"""


class Visit:
    """A page in a window of its own that remembers what went wrong in it."""

    def __init__(self, browser: Browser, **how: Any) -> None:
        self.context = browser.new_context(**{"viewport": {"width": 390, "height": 844}, **how})
        self.page = self.context.new_page()
        self.page.set_default_timeout(PATIENCE_MS)
        self.troubles: list[str] = []
        self.page.on("console", self._heard)
        self.page.on("pageerror", lambda error: self.troubles.append(str(error)))

    def _heard(self, message: ConsoleMessage) -> None:
        """The browser itself reports every dead link; all else would be ours."""
        if not message.text.startswith("Failed to load resource"):
            self.troubles.append(message.text)

    def open(self, address: str) -> "Visit":
        """Go to an address and wait until the page is there."""
        self.page.goto(address)
        return self

    def seen(self) -> str:
        """Return what is on top in the first hero now."""
        return str(self.page.evaluate(f"() => ({SEEN})(document.querySelector('figure'))"))

    def sees(self, what: str) -> None:
        """Wait until the first hero shows this."""
        wanted = f"what => ({SEEN})(document.querySelector('figure')) === what"
        try:
            self.page.wait_for_function(wanted, arg=what, timeout=PATIENCE_MS)
        except Exception as error:
            raise AssertionError(f"{self.seen()} is seen, {what} was awaited") from error

    def video(self, what: str) -> Any:
        """Return a property of the hero's video."""
        return self.page.evaluate(f"() => document.querySelector('video').{what}")

    def quiet(self) -> "Visit":
        """Wait until nothing is loaded any more."""
        self.page.wait_for_load_state("networkidle")
        return self
