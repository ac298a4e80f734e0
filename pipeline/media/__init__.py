"""Pictures and clips, read, checked and made; never a database, never the network.

pictures.py    what a file really is: format by its first bytes, opened without surprises, decoded to the end
colours.py     any colour model or profile to plain sRGB on white
photos.py      a customer's photo in, upright and clean; its square crop; friendly advice
crops.py       where the square lies so that no face is cut
advice.py      how sharp, how bright, how much face
faces.py       where faces are
likeness.py    how far two faces are apart
stills.py      facts and display copies of finished pictures
probe.py       facts of clips, and the full decode
ffmpeg.py      the child process that encodes: progress, limits, cancel
clips.py       the web-ready loop and its poster in one pass
"""
