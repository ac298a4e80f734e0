"""Health: what is up, what is not, and what to do about it."""

import os

import httpx

from pipeline.processes import health
from pipeline.processes.claims import Claim, Holder
from pipeline.studio.place import Place


def up(place: Place, name: str) -> None:
    Claim(place.settings.folder, name).tell(Holder(pid=os.getpid(), mode="sandbox", port=0, lasts=True))


def test_a_studio_without_worker_is_not_healthy_and_says_which_part(web: httpx.Client, place: Place) -> None:
    up(place, "sandbox")
    answer = web.get("/health")
    assert answer.status_code == 503
    assert answer.json() == {"ok": False, "mode": "sandbox", "worker": False, "sandbox": True, "store": True, "ledger": True}


def test_a_studio_with_everything_up_is_healthy(web: httpx.Client, place: Place) -> None:
    up(place, "sandbox")
    up(place, "worker")
    answer = web.get("/health")
    assert (answer.status_code, answer.json()["ok"]) == (200, True)


def test_every_part_that_is_down_comes_with_a_remedy(place: Place) -> None:
    down = [part for part in health.examine(place) if not part.ok]
    assert {part.name for part in down} == {"worker", "sandbox"}
    assert all(part.say and part.remedy for part in down)


def test_a_balance_that_lies_is_noticed(place: Place) -> None:
    with place.database.writing() as tx:
        tx.execute("INSERT INTO balances VALUES ('studio', 'all', 'ever', 1, 0, 0)")
    ledger = next(part for part in health.examine(place) if part.name == "ledger")
    assert (ledger.ok, ledger.say) == (False, "A balance differs from its lines.")
