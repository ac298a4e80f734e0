"""Screenshots made with the sandbox: `python -m tests.screenshots` renews the README's in docs/screenshots.

`python -m tests.screenshots FOLDER` takes every screen in both themes and three widths into a folder, to look at.
"""

import io
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from itertools import product
from pathlib import Path
from typing import Literal

from PIL import Image, ImageEnhance, ImageOps
from playwright.sync_api import Browser, Page, sync_playwright

from pipeline.records import Decision, Person, Run, RunKind
from pipeline.sandbox import faults
from pipeline.settings import ROOT, SHIPPED
from pipeline.studio import home, pairs, photos, portraits, publishing, requests, reviews, sweep_runs, sweep_view, sweeps, testphotos
from pipeline.studio.place import Place
from pipeline.sweeps.plans import read_plan
from pipeline.sweeps.ranking import Verdict
from pipeline.workflows.wishes import AvatarWish, ClipWish
from tests.browser import FLAGS, ensure_browser
from tests.pages.running import RunningApp, running_app

FOLDER = ROOT / "docs" / "screenshots"
WIDTHS = {"phone": (390, 844), "": (1280, 900), "wide": (1920, 1080)}
THEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
README = (
    "home",
    "home-dark",
    "home-phone",
    "first-portrait",
    "cases",
    "case",
    "case-phone",
    "compare",
    "library",
    "publish",
    "queue",
    "costs",
    "settings",
)
TALL = {"case": 1.75, "compare": 1.4, "library": 1.2, "publish": 1.25}  # screens people scroll: how much more of them is shown
CASE = "A-1039"
SCREENS = {
    "queue": "/queue",
    "costs": "/costs?by=style",
    "home": "/",
    "cases": "/cases",
    "case": f"/cases?case={CASE}",
    "compare": "/compare?sweep=spring",
    "sweeps": "/compare",
    "library": "/library",
    "publish": f"/publish?case={CASE}",
    "shelves": "/publish",
    "settings": "/settings",
}
ANA, BEN = Person(name="Ana"), Person(name="Ben")


def main(folder: Path | None) -> int:
    """Take them; exit code 1 when there is no browser."""
    path = ensure_browser()
    if path is None:
        sys.stderr.write("There is no browser to take them with.\n")
        return 1
    with sync_playwright() as playwright, tempfile.TemporaryDirectory() as data:
        camera = Camera(playwright.chromium.launch(executable_path=path, args=list(FLAGS)), folder)
        _first_steps(camera, Path(data) / "first")
        _working_day(camera, Path(data) / "day")
        camera.browser.close()
    return 0


class Camera:
    """Takes what is wanted of a screen: all of it into a folder, or the README's share."""

    def __init__(self, browser: Browser, folder: Path | None) -> None:
        self.browser, self.all, self.folder = browser, folder is not None, folder or FOLDER
        self.folder.mkdir(parents=True, exist_ok=True)

    def shoot(self, app: RunningApp, screen: str, address: str = "/") -> None:
        """Take a screen in every theme and width that is wanted."""
        for theme, width in product(THEMES, WIDTHS):
            name = "-".join(filter(None, (screen, width, theme if theme == "dark" else "")))
            if self.all or name in README:
                high = round(WIDTHS[width][1] * TALL.get(screen, 1))
                self._take(app.url + address, name, theme, (WIDTHS[width][0], high))

    def _take(self, address: str, name: str, theme: Literal["light", "dark"], size: tuple[int, int]) -> None:
        context = self.browser.new_context(viewport={"width": size[0], "height": size[1]}, color_scheme=theme)
        page = context.new_page()
        page.goto(address)
        settle(page)
        _keep(page.screenshot(), self.folder / f"{name}.png")
        context.close()


def _first_steps(camera: Camera, data: Path) -> None:
    with running_app(data, STUDIO_PERSON="Ana") as app:
        camera.shoot(app, "first-steps")
        page = camera.browser.new_page()
        page.goto(app.url)
        for name in ("Make a sample portrait", "Approve", "Animate"):
            page.get_by_role("button", name=name).click(timeout=60_000)
        page.locator("video").wait_for(timeout=60_000)
        page.close()
        camera.shoot(app, "first-portrait")


def _working_day(camera: Camera, data: Path) -> None:
    with running_app(data, STUDIO_PERSON="Ana", STUDIO_SANDBOX_SPEED="8") as app:
        place = Place(app.settings)
        _made_today(place)
        _under_way(place)
        time.sleep(1)
        for screen, address in SCREENS.items():
            camera.shoot(app, screen, address)


def _made_today(place: Place) -> None:
    done = _avatar(place, "A-1039", "Priya & Sam", AvatarWish(style="ghibli", seed=11), ANA, 0)
    _approve(place, done)
    _approve(place, _clip(place, done, ANA))
    publishing.publish_case(place, CASE, f"owner-{CASE}", ANA)
    _avatar(place, "A-1042", "Lim & Sofia", AvatarWish(seed=7), ANA, 1)
    tan = _avatar(place, "A-1043", "Tan & Okafor", AvatarWish(seed=3), BEN, 2)
    _approve(place, tan)
    _clip(place, tan, BEN)
    _compared(place)
    faults.add(place.settings.folder / "emulator", faults.Fault(kind="result_422", endpoint="flux", count=1, rate=None, seconds=None, skip=0))
    _avatar(place, "A-1044", "Rossi & Weber", AvatarWish(seed=5), BEN, 3)


def _compared(place: Place) -> None:
    """Buy a sweep of two photos, two styles and five strengths, and judge some of it."""
    sources = [testphotos.add(place, name, photos.take_in(LOOKS[look](), "photo.jpg"), ANA).id for name, look in (("Maya", 0), ("Maya, mirrored", 1))]
    plan = read_plan(RunKind.AVATAR, [("photo", ", ".join(sources)), ("style", "pixar, ghibli"), ("strength", "0.5..0.7 +0.05")]).plan
    sweeps.save(place, "spring", "Spring presets", plan, ANA, version=0)
    sweep_runs.start(place, "spring", ANA, ceiling_micro_usd=3_000_000)
    while sweep_view.look(place, "spring").live:
        time.sleep(0.2)
    for _ in range(12):
        pair = pairs.pair(place, "spring", ANA)
        if pair is not None:
            pairs.vote(place, "spring", pair.left, pair.right, Verdict.LEFT if pair.left < pair.right else Verdict.RIGHT, ANA)


def _under_way(place: Place) -> None:
    _ask(place, "A-1045", "Novak & Hansen", AvatarWish(style="ghibli", seed=9), ANA, 4)
    with place.database.reading() as db:
        row = db.execute("SELECT id FROM runs WHERE case_id = 'A-1039' AND kind = 'avatar'").fetchone()
    portraits.ask_clip(place, "A-1039", "owner-A-1039", ClipWish(take=2), BEN, run_id="r-under-way", parent_run=row["id"])


def _avatar(place: Place, case: str, name: str, wish: AvatarWish, by: Person, look: int) -> Run:
    return _finished(place, _ask(place, case, name, wish, by, look))


def _ask(place: Place, case: str, name: str, wish: AvatarWish, by: Person, look: int) -> Run:
    intake = photos.take_in(LOOKS[look](), "photo.jpg")
    photos.open_case(place, case, f"owner-{case}", by, name=name)
    photos.put_photo(place, case, f"owner-{case}", intake, by)
    return portraits.ask_avatar(place, case, f"owner-{case}", wish, by, run_id=f"r-{case}").run


def _clip(place: Place, avatar: Run, by: Person) -> Run:
    owner = f"owner-{avatar.case_id}"
    return _finished(place, portraits.ask_clip(place, avatar.case_id, owner, ClipWish(), by, run_id=f"{avatar.id}-clip", parent_run=avatar.id).run)


def _approve(place: Place, run: Run) -> None:
    seen = home.see(place, run.id)
    assert seen.made is not None
    reviews.decide_on(place, seen.made, seen.case.owner, Decision.APPROVED, ANA)


def _finished(place: Place, run: Run) -> Run:
    return requests.wait_for(place, run.id, on_change=lambda _: None, meanwhile=lambda: None)


def _variants() -> Iterator[Callable[[], bytes]]:
    changes: tuple[Callable[[Image.Image], Image.Image], ...] = (
        lambda photo: photo,
        ImageOps.mirror,
        lambda photo: ImageEnhance.Color(photo).enhance(0.0).convert("RGB"),
        lambda photo: ImageEnhance.Brightness(ImageOps.mirror(photo)).enhance(0.8),
        lambda photo: ImageEnhance.Color(photo).enhance(0.45),
    )
    for change in changes:
        yield lambda change=change: _photo(change)  # type: ignore[misc]


def _photo(change: Callable[[Image.Image], Image.Image]) -> bytes:
    with Image.open(SHIPPED / "samples" / "astronaut.jpg") as photo:
        out = io.BytesIO()
        change(photo).save(out, "JPEG", quality=92)
    return out.getvalue()


LOOKS = tuple(_variants())


def settle(page: Page) -> None:
    """Wait until a page has drawn all its pictures and clips."""
    page.get_by_role("heading", level=1).first.wait_for(timeout=30_000)
    page.wait_for_function("() => document.fonts.status === 'loaded'")
    page.wait_for_timeout(1500)


def _keep(shot: bytes, path: Path) -> None:
    with Image.open(io.BytesIO(shot)) as picture:
        picture.convert("RGB").save(path, optimize=True)
    print(f"{path}  {path.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]) if len(sys.argv) > 1 else None))
