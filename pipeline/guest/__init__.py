"""The hero of an invitation as a guest sees it: clip, else avatar, else photo, else a quiet placeholder.

    hero.py       its addresses, the markup a developer pastes, and the one script (hero.js) that brings it to life
    preview.py    a whole page that shows it under chosen conditions, and a sentence on what the guest then gets

`hero.js` is shipped as it is written: no build step, no dependency, at most 6 kB, for every browser since 2019 and WeChat's own.
"""
