"""The money: append-only lines in micro-dollars, hash-chained, with sums kept by trigger.

entries.py   hold, release, charge, adjust: the only writers
limits.py    what caps and budgets allow whoever asks, as it stands now
budgets.py   set, ended, extended; checked inside the transaction that holds
reports.py   lines and totals
proving.py   the proof that the chain is unbroken and every sum equals its rows
anchor.py    how far the ledger had come, to be noted elsewhere and held against it later
closings.py  closed months, and that nothing in them changed
watch.py     the same, cheap enough for every second: only what is new is proven
"""

from pipeline.ledger.budgets import check_room, set_budget
from pipeline.ledger.entries import Booking, Entry, charge, entry_of, hold, release
from pipeline.ledger.limits import Cap
from pipeline.ledger.proving import proof
from pipeline.ledger.reports import Totals, entries, totals

__all__ = ["Booking", "Cap", "Entry", "Totals", "charge", "check_room", "entries", "entry_of", "hold", "proof", "release", "set_budget", "totals"]
