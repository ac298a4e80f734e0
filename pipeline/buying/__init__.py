"""All paid work passes here.

    plan        price, owned or attached or held: one transaction, fail closed
    buy         drive a call to its end: upload, submit once, wait, settle
    deliver     fetch what was bought, check it, keep it

planning.py   the transaction that commits to a call
calls.py      the row of a paid request and the moves its state may make
buy.py        the driver; the same call driven twice is driven once
sending.py    one POST and what its outcome means
lookup.py     what to do when nobody knows whether a request arrived
waiting.py    few status requests, quick notice
schedule.py   when to look next, learnt from how long each model takes
settling.py   from held money to what it really cost
delivery.py   download, check, keep
deciding.py   what a person decides about a request that cannot be proven
desk.py       what buying needs: database, store, providers, gate
gate.py       so many requests at a time, people in turn, nobody during a pause
points.py     the named points at which tests pull the plug
"""

from pipeline.buying.buy import buy
from pipeline.buying.deciding import decide
from pipeline.buying.delivery import deliver
from pipeline.buying.desk import Desk
from pipeline.buying.gate import Gate
from pipeline.buying.planning import Wanted, plan, plan_again, price_again, price_of
from pipeline.buying.points import POINTS

__all__ = ["POINTS", "Desk", "Gate", "Wanted", "buy", "decide", "deliver", "plan", "plan_again", "price_again", "price_of"]
