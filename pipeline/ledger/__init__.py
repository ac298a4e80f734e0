"""The money: append-only lines in micro-dollars, hash-chained, with sums kept by trigger.

entries.py   hold, release, charge, adjust: the only writers
budgets.py   caps, checked inside the transaction that holds
reports.py   lines, totals, and the proof that the sums equal their rows
watch.py     the same, cheap enough for every second: only what is new is proven
"""

from pipeline.ledger.budgets import Cap, check_room, set_budget
from pipeline.ledger.entries import Booking, Entry, charge, hold, release
from pipeline.ledger.reports import Totals, entries, proof, totals

__all__ = ["Booking", "Cap", "Entry", "Totals", "charge", "check_room", "entries", "hold", "proof", "release", "set_budget", "totals"]
