"""The whole way: real requests, a real bill over the wire, each fault of a bill planted once; every cause is found, none invented."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from pipeline.sandbox import faults
from pipeline.sandbox.bill import bill
from pipeline.sandbox.faults import Fault
from tests.cli.conftest import CommandLine
from tests.little_studio import LittleStudio
from tests.running import Running

PRICE_NANO_USD = 30_000_000


@pytest.fixture(scope="module")
def studio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    running = Running(tmp_path_factory.mktemp("billed") / "studio", STUDIO_SANDBOX_PICTURES="ready", STUDIO_SANDBOX_SPEED="0.05")
    yield running
    running.stop()


def test_every_fault_of_a_bill_is_found_by_its_cause_and_accepting_all_settles_it(studio: Running) -> None:
    pipeline = CommandLine(Path(studio.settings.data))
    case = studio.customer()
    studio.order("result_500")
    studio.avatar(case, seed=99)
    for seed in range(8):
        studio.avatar(case, seed=seed)

    clean = pipeline("reconcile", "--json").document
    assert (clean["matched"], clean["differences"], clean["unexplained"]) == (8, 0, 0)
    assert clean["billed_nano_usd"] == 1000 * clean["ours_micro_usd"] == 8 * PRICE_NANO_USD

    for kind in ("bill_extra", "bill_missing", "bill_price", "bill_failed", "bill_twice", "bill_again", "bill_rounding"):
        faults.add(studio.emulator, Fault(kind=kind))
    dry = pipeline("reconcile", "--dry-run", "--json").document
    assert (dry["dry_run"], dry["differences"]) == (True, 7)
    found = pipeline("reconcile", "--json").document
    assert {one["cause"]: (one["count"], one["nano_usd"], one["proposed_micro_usd"]) for one in found["causes"]} == {
        "billed but unknown to us": (1, PRICE_NANO_USD, 30_000),
        "ours but not billed": (1, -PRICE_NANO_USD, -30_000),
        "price moved": (1, 3_000_000, 3_000),
        "failed yet charged": (1, PRICE_NANO_USD, 30_000),
        "rounding": (1, 7, 0),
        "duplicate": (2, 2 * PRICE_NANO_USD, 30_000),
    }
    assert (found["matched"], found["differences"], found["unexplained"]) == (4, 7, 0)
    assert found["difference_nano_usd"] == sum(one["nano_usd"] for one in found["causes"]) - found["copies_nano_usd"]

    done = pipeline("reconcile", "--accept", "all", "--json").document  # a copy and what rounds are accepted without an entry
    assert done["accepted"] == {"count": 7, "micro_usd": 63_000, "changed": 0}
    again = pipeline("reconcile", "--json").document
    assert (again["differences"], again["unexplained"], again["matched"]) == (0, 0, 8)
    charged = pipeline("ledger", "--totals", "--json").document["charged_micro_usd"]
    assert charged == bill(studio.emulator).total_micro_usd + 63_000
    assert again["billed_nano_usd"] == charged * 1000 + 7


def test_a_bill_from_a_file_and_what_is_asked_wrongly(pipeline: CommandLine, tmp_path: Path) -> None:
    studio = LittleStudio(pipeline.folder, customer=True)
    studio.approved_clip()
    calls = studio.rows("SELECT request_id, endpoint, finished_at FROM calls ORDER BY endpoint")
    amounts = [30_000_000, 350_000_000]
    lines = [f"{call['request_id']},{call['endpoint']},{call['finished_at']},{nano}" for call, nano in zip(calls, amounts, strict=True)]
    path = tmp_path / "bill.csv"
    path.write_text("\n".join(["request_id,endpoint_id,timestamp,cost_estimate_nano_usd", *lines]))
    told = pipeline("reconcile", "--file", str(path), "--json").document
    assert (told["matched"], told["differences"], told["bill"]["name"]) == (2, 0, "bill.csv")
    assert "2 requests as billed" in pipeline("reconcile", "--file", str(path)).out
    for wrong, error in (
        (("reconcile", "--file", str(tmp_path / "none.csv")), "BadBill"),
        (("reconcile", "--month", "2026-13"), "BadParameter"),
        (("reconcile", "--month", "2026-10", "--since", "2026-10-01"), "BadParameter"),
        (("reconcile", "--since", "2026-10-02", "--until", "2026-10-01"), "BadParameter"),
        (("reconcile", "--accept", "magic"), "BadParameter"),
        (("reconcile", "--accept", "all", "--dry-run"), "BadParameter"),
        (("reconcile", "--zone", "UTC"), "BadParameter"),
        (("reconcile", "--file", str(path), "--zone", "Mars/Base"), "BadParameter"),
        (("close-month", "soon"), "BadParameter"),
        (("close-month", "2020-01"), "NotNow"),
    ):
        said = pipeline(*wrong, "--json")
        assert (said.code, said.document["error"]) == (3, error), wrong
