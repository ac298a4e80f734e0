"""One case on one page.

table.py      the light table: photo, avatar and clip, each slot with what was made for it
frames.py     one picture of a slot, large, with everything that is decided about it
next_step.py  the one button that leads from the photo to the reply
trouble.py    what went wrong, on top of everything
reply.py      the letter to the customer, and why it cannot be sent yet
"""
