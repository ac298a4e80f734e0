"""Library: every photo, avatar and clip of every case, to filter, judge one after the other or many at once, and look into."""

from pages.parts import library_actions, shelf
from pages.parts.frame import watch

watch("library", shelf.look, shelf.draw, library_actions.ACTIONS)
