"""Pictures and clips, read, checked and made.

    pictures.py    any still picture as plain pixels, by way of the helper
    photos.py      a customer's photo in, upright and clean; its square crop; friendly advice
    crops.py       where the square lies so that no face is cut
    advice.py      how sharp, how bright, how much face, how far turned
    faces.py       where faces are
    models.py      the face model files and the five points of a face
    provenance.py  the mark "made by AI" inside a file
    likeness.py    how far two faces are apart
    measuring.py   likeness in a process of its own, so that a busy worker keeps its interpreter
    recent.py      the last answers, by the hash of their bytes
    alike.py       how far two pictures are apart to the eye
    stills.py      facts and display copies of finished pictures
    probe.py       facts of clips, and the full decode
    ffmpeg.py      the child process that encodes: progress, limits, cancel
    clips.py       the web-ready loop and its poster in one pass

What others send is decoded in the folder `decoding`: in a helper process, with limits of time, memory and size.

Nothing here knows a database, a provider or the network; every failure that leaves is a class of pipeline.errors.
"""
