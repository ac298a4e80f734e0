"""The command line. `--json` puts one document on stdout everywhere; progress moves on stderr; exit codes mean something.

app.py        the commands' tree, errors in words, exit codes
output.py     one document or text for people, progress
portrait.py   portrait, animate, approve, reject
sweep.py      sweep
publish.py    publish, unpublish
takedown.py   takedown
requests.py   runs, show, cancel, retry, decide, assets
comment.py    comment list, comment add, comment settle, comment withdraw
store.py      orphans, store migrate, store advice, store expire
money.py      price, ledger, costs
budget.py     budget set, budget show, budget extend, budget end, budget history
reconcile.py  reconcile, close-month
export.py     export
prices.py     prices bias
backup.py     backup, restore
service.py    worker, sandbox, doctor
sandbox.py    sandbox bill, sandbox faults
"""

from pipeline.cli.app import main

__all__ = ["main"]
