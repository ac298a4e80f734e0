"""A provider's bill held against our own books, without a database of ours: reading it, pairing it call by call, naming what differs.

figures.py    amounts as people and spreadsheets write them
moments.py    times of day with a zone, never a guessed one
opening.py    how such a file begins and ends: its separator, its headings, its row of sums
sheet.py      a bill as a CSV file, line by line, of any size
pile.py       the lines of a bill in order of their requests, on disk
pairing.py    which line belongs to which call
causes.py     why a line and a call differ, and what to book
comparing.py  a whole bill against a whole period
"""
