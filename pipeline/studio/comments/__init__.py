"""What colleagues say to each other about a picture: a comment, a mark on the picture, answers, and whether it is settled.

values.py       comments, marks and threads as frozen values
words.py        the text of a comment in the form in which it is kept
reading.py      the comments of a picture, and how many are open on many pictures
saying.py       say something, settle it, open it again, withdraw it
forgetting.py   what a take-down leaves of them
"""
