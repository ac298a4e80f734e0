"""What people do on screens, with a way back: decisions, presets, and orders to publish or withdraw that begin after ten seconds.

actions.py      the rows: what was done, what stood before, when it may begin, and the one end it has
decisions.py    approve, reject and withdraw approval, and the way back to what stood before
orders.py       publish, unpublish, and decisions that take something out of guests' sight: written at once, begun later
settings.py     the preset of support, and the rejection of a sweep's cell
back.py         undo a press, or let what it ordered begin at once

The command line and notebooks use `reviews`, `publishing`, `withdrawing` and `presets` themselves: there everything begins at once.
"""
