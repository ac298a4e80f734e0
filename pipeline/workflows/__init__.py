"""What the studio makes, told in paragraphs.

wishes.py     from a run's settings to exactly what is asked of a model; imports no engine, so that planning stays light
bench.py      what a worker has at hand while it works
portrait.py   photo → avatar → clip
sweep.py      settings compared, for notebooks: axes in, a pandas frame out; the one door from here up to the verbs and the waiting
"""
