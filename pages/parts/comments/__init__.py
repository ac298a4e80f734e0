"""What colleagues say about a picture, the same in a case, in the library and in a sweep.

address.py   which picture the address asks about, and the address that opens one
badge.py     the way in, with how many comments are open
panel.py     the dialog: the picture beside everything said about it
picture.py   the picture with its marks as numbered dots
threads.py   comments, their answers, and the forms to add one
acts.py      what its buttons and forms do
"""
