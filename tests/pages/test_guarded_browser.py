"""A name that leads to this machine is no way into the studio, in a real browser."""

import pytest
from playwright.sync_api import Browser

from pipeline.routes.guard import MISDIRECTED
from tests.browser import FLAGS, find_browser
from tests.pages.running import RunningApp

pytestmark = pytest.mark.browser
CONNECT = """address => new Promise(done => {
    const line = new WebSocket(address);
    line.onopen = () => done("open");
    line.onclose = () => done("closed");
})"""


def test_a_page_under_a_foreign_name_that_resolves_to_this_machine_shows_nothing_of_the_studio(app: RunningApp, browser: Browser) -> None:
    rebound = browser.browser_type.launch(executable_path=find_browser(), args=[*FLAGS, "--host-resolver-rules=MAP evil.test 127.0.0.1"])
    page = rebound.new_page()
    answer = page.goto(f"http://evil.test:{app.port}/cases")
    assert answer is not None
    assert answer.status == MISDIRECTED
    assert page.inner_text("body") == "This studio does not answer to that name. Open it at the address it printed when it started."
    assert page.evaluate(CONNECT, f"ws://evil.test:{app.port}/_stcore/stream") == "closed"
    rebound.close()
