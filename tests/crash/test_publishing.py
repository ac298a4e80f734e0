"""kill -9 while something is published or taken down: afterwards store and records agree, and nothing is half gone or half there."""

import hashlib
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from pipeline.buying.points import STUDIO_POINTS
from pipeline.publishing import publications
from pipeline.settings import ROOT
from pipeline.studio import publish_cleanup, publishing, takedown, takedown_receipt
from pipeline.studio.takedown_copies import Outcome, Subject
from tests.little_studio import CASE, ME, OWNER, LittleStudio
from tests.public_store import in_public

pytestmark = [pytest.mark.crash, pytest.mark.timeout(120)]
WHOLE = Subject(case_id=CASE, owner=OWNER)


@pytest.fixture
def little(tmp_path: Path) -> LittleStudio:
    """A customer with an approved clip, in a folder of its own."""
    return LittleStudio(tmp_path, customer=True)


def killed(little: LittleStudio, point: str, *words: str) -> None:
    """Run a command that dies at a point."""
    order = little.place.settings.folder / "pull-the-plug" / point
    order.parent.mkdir(exist_ok=True)
    order.touch()
    environment = {**os.environ, "STUDIO_DATA": str(little.place.settings.data)}
    done = subprocess.run([sys.executable, "-m", "pipeline", *words], cwd=ROOT, env=environment, capture_output=True, timeout=60, check=False)
    assert (done.returncode, order.exists()) == (-signal.SIGKILL, False), done.stderr


def agree(little: LittleStudio) -> set[str]:
    """Assert that the public store holds exactly what is recorded as live, whole; return the hashes."""
    with little.place.database.reading() as db:
        live = {one.key: one.sha256 for one in publications.live(db, CASE).values()}
        assert publications.unfinished(db) == ()
    read = little.place.storefront.store.read
    assert {key: hashlib.sha256(read(key)).hexdigest() for key in in_public(little.place)} == live
    return set(live.values())


@pytest.mark.parametrize("point", [point for point in STUDIO_POINTS if point.startswith("publish")])
@pytest.mark.parametrize("by_the_worker", [True, False])
def test_a_publication_that_was_cut_short_is_brought_to_its_end(little: LittleStudio, point: str, by_the_worker: bool) -> None:
    publishing.publish(little.place, CASE, little.approved_avatar().sha256, OWNER, ME)
    clip = little.approved_clip()
    killed(little, point, "publish", clip.sha256, "--json")
    if by_the_worker:
        publish_cleanup.finish(little.place)
    else:
        publishing.publish(little.place, CASE, clip.sha256, OWNER, ME)
    assert clip.sha256 in agree(little)
    assert len(in_public(little.place)) == 3


@pytest.mark.parametrize("point", [point for point in STUDIO_POINTS if point.startswith("take-down")])
@pytest.mark.parametrize("by_the_worker", [True, False])
def test_a_take_down_that_was_cut_short_is_brought_to_its_end(little: LittleStudio, point: str, by_the_worker: bool) -> None:
    publishing.publish(little.place, CASE, little.approved_clip().sha256, OWNER, ME)
    mine, shown = {one.sha256 for one in little.assets()}, takedown.plan(little.place, WHOLE)
    killed(little, point, "takedown", CASE, "--yes")
    with little.place.database.reading() as db:
        assert publications.live(db, CASE) == {}, "guests see nothing from the first moment on"
    if by_the_worker:
        assert publish_cleanup.finish(little.place) >= 1
        [receipt] = takedown_receipt.list_takedowns(little.place)
    else:
        receipt = takedown.take_down(little.place, WHOLE, ME, expected=shown.mark)
    assert receipt.ended_at
    assert {(one.where, one.address) for one in receipt.copies} >= {(one.where, one.address) for one in shown.copies}
    assert {one.outcome for one in receipt.copies} == {Outcome.REMOVED}
    assert agree(little) == set()
    root = little.place.settings.folder
    assert {hashlib.sha256(path.read_bytes()).hexdigest() for path in root.rglob("*") if path.is_file()} & mine == set()


def test_a_publication_that_was_cut_short_is_not_finished_after_a_take_down(little: LittleStudio) -> None:
    clip = little.approved_clip()
    killed(little, "publish-shown", "publish", clip.sha256)
    assert in_public(little.place) != set()
    takedown.take_down(little.place, WHOLE, ME, expected=takedown.plan(little.place, WHOLE).mark)
    publish_cleanup.finish(little.place)
    assert agree(little) == set()
