"""The sentence beside the preview is true: every combination of switches, seen in a real browser, in frames of another size."""

import re

import pytest

from pipeline.guest.preview import Conditions, page, verdict
from tests.guest.pictures import HERO
from tests.guest.server import SCRIPT
from tests.guest.test_preview import EVERYTHING
from tests.guest.visit import PATIENCE_MS, SEEN

pytestmark = pytest.mark.browser
AT_ONCE = 24
LATER = "Nothing plays off screen; scrolled to, "
PATTERNS = {
    r"the clip plays and repeats": "clip",
    r"(?:the|a quiet) (\w+) with a play button": "{}+button",
    r"the (\w+) with a slow zoom": "{}+zoom",
    r"the (\w+), not moving": "{}",
    r"a quiet (placeholder):": "{}",
}
FRAMES = """<!doctype html><html lang="en"><title>Frames</title><style>body { margin: 0; display: flex; flex-wrap: wrap }
iframe { width: 200px; height: 220px; border: 0 }</style>%s</html>"""
LOOK = f"""() => [...document.querySelectorAll('iframe')].map(frame => ({SEEN})(frame.contentDocument.querySelector('figure')))"""
ASKED = """() => [...document.querySelectorAll('iframe')].map(frame =>
  frame.contentWindow.performance.getEntriesByType('resource').some(one => one.name.endsWith('clip.mp4')))"""
# By the second the browser has told every hero whether it is in sight.
TWO_FRAMES = "() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))"
DOWN = "() => document.querySelectorAll('iframe').forEach(frame => frame.contentWindow.scrollTo(0, 1e6))"


def promised(conditions: Conditions) -> str:
    """Return what the sentence promises, in the words in which the page is looked at."""
    said = verdict(HERO, conditions).removeprefix(LATER)
    said = said[0].lower() + said[1:]
    found = [shown.format(*match.groups()) for words, shown in PATTERNS.items() if (match := re.match(words, said))]
    assert len(found) == 1, said
    return found[0]


@pytest.mark.parametrize("start", range(0, len(EVERYTHING), AT_ONCE))
def test_the_sentence_is_what_happens(site, visits, start):
    chosen = EVERYTHING[start : start + AT_ONCE]
    for number, conditions in enumerate(chosen):
        site.put(f"frame{number}", page(HERO, conditions, SCRIPT))
    frames = "".join(f'<iframe src="frame{number}"></iframe>' for number in range(len(chosen)))
    visit = visits(viewport={"width": 1200, "height": 880}).open(site.put("frames", FRAMES % frames))
    visit.page.evaluate(TWO_FRAMES)
    asked = dict(zip(chosen, visit.page.evaluate(ASKED), strict=True))
    assert [conditions for conditions in chosen if conditions.off_screen and asked[conditions]] == []
    assert [one for one, seen in zip(chosen, visit.page.evaluate(LOOK), strict=True) if one.off_screen and re.search(r"clip|zoom|button", seen)] == []
    visit.page.evaluate(DOWN)
    wanted = [promised(conditions) for conditions in chosen]
    try:
        visit.page.wait_for_function(f"wanted => JSON.stringify(({LOOK})()) === JSON.stringify(wanted)", arg=wanted, timeout=PATIENCE_MS)
    except Exception as error:
        seen = visit.page.evaluate(LOOK)
        raise AssertionError([one for one in zip(chosen, wanted, seen, strict=True) if one[1] != one[2]]) from error
    asked = dict(zip(chosen, visit.page.evaluate(ASKED), strict=True))
    assert {one for one in chosen if asked[one]} == {one for one in chosen if re.search(r"clip plays|play button", verdict(HERO, one))}
