"""What others send, decoded where it can do no harm: in a helper process with limits of time, memory and size.

    kinds.py    what a file is by its first bytes, and what to say of everything else
    headers.py  size, orientation, colours and movement as headers tell them; no decoder has a part in it
    boxes.py    the boxes of HEIC and AVIF, walked
    exif.py     which way up a camera held the picture
    profiles.py the two facts about a colour profile that matter here
    clipfacts.py  what a clip is, as its header or its frames tell it
    request.py  what can be asked about a still picture
    pool.py     the helpers as the studio's own processes see them: asked, watched, killed, replaced
    child.py    the helper: its limits, its requests
    pixels.py   in the helper: any still picture to plain sRGB
    endings.py  in the helper: how much of a JPEG is lost
    tones.py    in the helper: pictures for bright screens brought to ordinary ones
    films.py    in the helper: a clip's header and its frames

Only the last four touch a decoder: libvips, libheif and FFmpeg's libraries. Pillow decodes nothing.
"""
