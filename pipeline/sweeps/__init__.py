"""Priced sweeps: axes into cells, cells into a comparison people can judge. The verbs around them are in `pipeline/studio`.

orders.py      a sweep as a plan file or a notebook says it
plans.py       what is to be compared: axes, values, combinations left out
cells.py       every combination, and exactly what it asks of a model
remarks.py     what is worth knowing before anybody pays
wording.py     prompts beside each other: the words that tell them apart
shorthand.py   the values of an axis as people write them
ranking.py     blind votes over pairs become a ranking, with intervals and agreement
strengths.py   Bradley–Terry strengths from counted wins, and how sure they are
tables.py      cells as a table to take away, and a table read back as a plan
sheet.py       a labelled contact sheet of one view, as a PNG
lettering.py   words on a picture: fonts, widths, lines
"""
