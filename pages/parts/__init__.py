"""What screens are made of.

markup.py    HTML in which whatever a person wrote is escaped
live.py      the one element a screen keeps up to date; live.js and live.css are its half in the browser
frame.py     the strip on top of every page, and the beat that draws strip and page again
here.py      which place the screen looks at, who is in front of it, and what it last had to say
pieces.py    pictures, states, progress, prices and buttons
steps.py     Home on a fresh install: photo, avatar, clip
board.py     Home later: to do, running, newest
side.py      today's money and the health of every part
actions.py   what Home's buttons do
"""
