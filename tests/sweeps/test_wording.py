"""Prompts beside each other: only what differs is marked, and heads show nothing else."""

from pipeline.sweeps.wording import Part, brief, changed_places, differences

SOFT = "Turn this photo into an animated portrait. Soft romantic mood, warm tones."
GOLDEN = "Turn this photo into an animated portrait. Golden evening light, warm tones."
SHORT = "Turn this photo into an animated portrait. Soft mood, warm tones."


def test_only_the_words_that_differ_are_marked():
    first, second = differences([SOFT, GOLDEN])
    assert [part.words for part in first if part.differs] == ["Soft romantic mood,"]
    assert [part.words for part in second if part.differs] == ["Golden evening light,"]
    assert first[0] == Part(words="Turn this photo into an animated portrait.", differs=False)


def test_a_head_shows_the_difference_alone():
    assert brief([SOFT, GOLDEN], 1) == "… Golden evening light, …"
    assert brief([SOFT, SHORT], 1) == "without “romantic”"
    assert brief([SOFT], 0).startswith("Turn this photo")


def test_changes_in_several_places_are_counted():
    assert changed_places(SOFT, GOLDEN) == 1
    assert changed_places(SOFT, GOLDEN.replace("Turn", "Make")) == 2


def test_nothing_that_was_written_is_lost():
    for text, parts in zip((SOFT, GOLDEN, SHORT), differences([SOFT, GOLDEN, SHORT]), strict=True):
        assert " ".join(part.words for part in parts) == text
