"""What screens share.

markup.py    HTML in which whatever a person wrote is escaped
live.py      the one element a screen keeps up to date, drawn again without flicker
live.js      … its half in the browser
live.css     … and how everything in it looks
here.py      whose screen this is, and which place it looks at
frame.py     the strip on top of every page
pieces.py    pictures, states, progress, prices: the pieces screens are made of
"""
