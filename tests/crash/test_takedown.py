"""Cases are taken down while their pictures are being made, and the worker is killed meanwhile: whatever still arrives is paid and not kept."""

import hashlib
import io
import random
import time
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image, ImageOps

from pipeline import ledger, runs
from pipeline.errors import NotNow
from pipeline.records import RunState
from pipeline.sandbox.bill import bill
from pipeline.studio import takedown, takedown_receipt
from pipeline.studio.photos import Intake
from pipeline.studio.takedown_copies import Outcome, Subject, Where
from tests.crash.harness import ME, OWNER, Wreckable

CASES = 8
pytestmark = [pytest.mark.crash, pytest.mark.timeout(300)]


def another(intake: Intake, number: int) -> Intake:
    """Return a photo that no other case has, so that what is left of one can be told from what is left of another."""
    buffer = io.BytesIO()
    ImageOps.posterize(Image.open(io.BytesIO(intake.photo.data)).convert("RGB"), 8).rotate(number).save(buffer, "JPEG")
    photo = replace(intake.photo, data=buffer.getvalue())
    return replace(intake, photo=photo, crop=replace(photo, data=photo.data + b"\0"))


def take_down(studio: Wreckable, case: str) -> takedown_receipt.Receipt:
    """Take a case down although it changes all the time, as a person would who presses again."""
    subject = Subject(case_id=case, owner=OWNER)
    while True:
        try:
            return takedown.take_down(studio.place, subject, ME, "asked for", expected=takedown.plan(studio.place, subject).mark)
        except NotNow:
            continue


def left(folder: Path) -> dict[str, str]:
    found = [path for name in ("objects", "public", "tmp", "emulator/files") for path in (folder / name).rglob("*") if path.is_file()]
    return {path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in found if path.name != ".lock"}


@pytest.mark.parametrize("seed", [1, 2])
def test_whatever_is_in_the_works_nothing_of_a_case_that_was_taken_down_is_left(studio: Wreckable, intake: Intake, seed: int) -> None:
    dice = random.Random(seed)
    cases = [studio.case_with(another(intake, number)) for number in range(CASES + 1)]
    stays, *going = cases
    asked = {case: studio.ask_avatar(case) for case in cases}
    studio.up()
    receipts = []
    for number, case in enumerate(going):
        time.sleep(dice.uniform(0.0, 0.4))
        if number == CASES // 2:
            studio.kill("worker")
        run = studio.look(asked[case].id)
        if run.state is RunState.SUCCEEDED:
            asked[case] = studio.ask_clip(run)
        receipts.append(take_down(studio, case))
    studio.wait_for_all()
    takedown.resume(studio.place)
    ended = [takedown_receipt.receipt(studio.place, one.id) for one in receipts]
    assert all(one.ended_at for one in ended)
    assert {copy.outcome for one in ended for copy in one.copies} == {Outcome.REMOVED}
    assert any(copy.where is Where.WORK for one in ended for copy in one.copies), "everything had ended before"
    _assert_only_the_other_case_is_left(studio, stays)


def _assert_only_the_other_case_is_left(studio: Wreckable, stays: str) -> None:
    billed = bill(studio.settings.folder / "emulator")
    with studio.place.database.reading() as db:
        kept = {row["sha256"] for row in db.execute("SELECT sha256 FROM assets WHERE scope = ?", (stays,)).fetchall()}
        totals, wrong, [good] = ledger.totals(db), ledger.proof(db), runs.newest(db, case_id=stays)
    assert (wrong, totals.held_micro_usd, totals.charged_micro_usd) == ([], 0, billed.total_micro_usd)
    assert good.state is RunState.SUCCEEDED
    files = {path: sha256 for path, sha256 in left(studio.settings.folder).items() if not Path(path).name.startswith(".")}
    assert set(files.values()) <= kept, {path for path, sha256 in files.items() if sha256 not in kept}
