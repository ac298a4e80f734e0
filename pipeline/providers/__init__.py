"""Paid services behind one port.

port.py       the records and the Provider protocol everything above codes against
fal.py        fal.ai through its own client: one POST per submit, every other verb bounded in time
files.py      fal's file storage: uploads and downloads
listing.py    finding our own request after a submit whose answer was lost
billing_events.py  fal's own record of what it charged, page by page
addresses.py  which addresses of fal are asked, and which ones an answer may send us to
failures.py   what an answer of fal means, as one class of our error tree
refusals.py   friendly sentences for the reasons a model gives when it declines an input
transport.py  the way to the sandbox, and one bounded exchange
webhooks.py   proof that a call to our hook came from fal
"""
