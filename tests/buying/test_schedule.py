"""Few looks, quick notice: the schedule played through second by second, without waiting."""

from dataclasses import dataclass

from hypothesis import given
from hypothesis import strategies as st

from pipeline.buying.schedule import LOOKS, Usual, next_look
from pipeline.buying.schedule import learn as learn_from
from tests.examples import few

DEADLINES = st.sampled_from([720.0, 1200.0])


def learn(durations):
    """Learn from requests whose end was noticed at once."""
    return learn_from([(seconds, seconds) for seconds in durations])


@dataclass(frozen=True, kw_only=True)
class Played:
    """How a wait went: how many looks, when the last one was, and how long after the end."""

    looks: int
    at: float
    late: float
    unfinished_at: float = 0.0


def play(true_seconds: float, usual: Usual | None, *, expected: float = 60.0, deadline: float = 1200.0) -> Played:
    elapsed, looks, before = 0.0, 1, 0.0
    while elapsed < true_seconds and elapsed <= deadline:
        before = elapsed
        elapsed += next_look(elapsed, looks, usual, expected, deadline)
        looks += 1
        assert looks < 1000
    return Played(looks=looks, at=elapsed, late=elapsed - true_seconds, unfinished_at=before)


@few
@given(true_seconds=st.floats(0.01, 1.0), deadline=DEADLINES, expected=st.sampled_from([8.0, 70.0, 120.0]))
def test_whatever_it_takes_unlearnt_it_is_found_within_forty_looks(true_seconds, deadline, expected):
    assert play(true_seconds * deadline, None, expected=expected, deadline=deadline).looks <= LOOKS


@few
@given(true_seconds=st.floats(0.01, 1.0), learnt=st.lists(st.floats(0.1, 900.0), min_size=3, max_size=20), deadline=DEADLINES)
def test_however_wrong_the_experience_forty_looks_are_enough(true_seconds, learnt, deadline):
    assert play(true_seconds * deadline, learn(learnt), deadline=deadline).looks <= LOOKS


@few
@given(true_seconds=st.floats(0.05, 1.0), deadline=DEADLINES)
def test_short_jobs_of_a_few_seconds_need_forty_looks_at_most_even_unlearnt(true_seconds, deadline):
    assert play(true_seconds * 3, None, expected=9.0, deadline=deadline).looks <= LOOKS


@few
@given(usual_seconds=st.floats(0.5, 600.0), spread=st.lists(st.floats(0.85, 1.15), min_size=3, max_size=20), where=st.floats(0.0, 1.0))
def test_once_learnt_the_end_is_noticed_within_three_percent(usual_seconds, spread, where):
    usual = learn([usual_seconds * factor for factor in spread])
    true_seconds = usual.low + where * (usual.high - usual.low)
    assert play(true_seconds, usual).late <= 0.03 * true_seconds + 0.1


@few
@given(usual_seconds=st.floats(1.0, 600.0), early=st.floats(0.1, 1.0))
def test_an_end_earlier_than_ever_is_noticed_when_the_usual_time_begins(usual_seconds, early):
    usual = learn([usual_seconds] * 5)
    played = play(usual.low * early, usual)
    assert played.at <= usual.low
    assert played.looks <= 6


@few
@given(true_seconds=st.floats(0.2, 60.0), expected=st.sampled_from([70.0, 120.0]))
def test_a_model_never_met_that_is_far_quicker_than_expected_is_not_waited_for_in_vain(true_seconds, expected):
    assert play(true_seconds, None, expected=expected).at <= max(3 * true_seconds, 0.5)


@few
@given(usual_seconds=st.floats(2.0, 600.0))
def test_before_the_usual_time_there_are_a_few_looks_only(usual_seconds):
    usual = learn([usual_seconds] * 5)
    assert play(usual.low, usual).looks <= 5


@few
@given(learnt=st.one_of(st.none(), st.floats(0.001, 1.0)), deadline=DEADLINES)
def test_the_last_look_falls_just_after_the_deadline(learnt, deadline):
    played = play(10**9, learn([learnt * deadline] * 3) if learnt else None, deadline=deadline)
    assert deadline < played.at <= deadline * 1.07 + 0.2
    assert played.looks <= LOOKS


@few
@given(usual_seconds=st.floats(0.5, 600.0), jitters=st.lists(st.floats(0.95, 1.05), min_size=20, max_size=60))
def test_learning_from_its_own_notices_never_drifts_into_lateness(usual_seconds, jitters):
    seen = []
    for jitter in jitters:
        played = play(usual_seconds * jitter, learn_from(seen[-20:]), expected=usual_seconds)
        seen.append((played.unfinished_at, played.at))
        if len(seen) > 10:
            assert played.late <= 0.03 * usual_seconds * jitter + 0.1
            assert played.looks <= LOOKS


def test_two_second_jobs_are_noticed_within_a_tenth():
    usual = learn([2.0, 2.02, 2.05, 2.01, 2.03])
    assert max(play(2.0 + n / 1000, usual).late for n in range(60)) <= 0.1


def test_late_notices_do_not_make_the_next_ones_late():
    usual = learn_from([(20.0, 27.0)] * 5)
    assert play(20.1, usual).late <= 0.03 * 20.1 + 0.1


@few
@given(share=st.floats(0.5, 2.0), expected=st.sampled_from([8.0, 70.0, 120.0]))
def test_a_model_never_met_is_noticed_within_six_percent_when_it_takes_about_what_the_catalogue_expects(share, expected):
    assert play(share * expected, None, expected=expected).late <= 0.06 * share * expected + 0.1


def test_three_durations_are_the_least_to_learn_from():
    assert learn([2.0, 2.0]) is None
    assert learn([]) is None
    assert learn([2.0, 2.0, 2.0]) == Usual(low=1.84, high=2.0)


@few
@given(durations=st.lists(st.floats(0.1, 900.0), min_size=3, max_size=20))
def test_what_is_learnt_lies_within_what_was_seen(durations):
    usual = learn(durations)
    assert 0 <= usual.low <= usual.high <= max(durations)
    assert usual.low >= min(durations) * 0.97 - 0.101


@few
@given(
    elapsed=st.one_of(st.just(0.0), st.floats(0.01, 1200)),
    looks=st.integers(1, 45),
    usual=st.one_of(st.none(), st.floats(0.1, 900)),
    expected=st.floats(1, 200),
    deadline=DEADLINES,
)
def test_a_pause_is_never_empty_and_never_endless(elapsed, looks, usual, expected, deadline):
    pause = next_look(elapsed, looks, learn([usual] * 3) if usual else None, expected, deadline)
    assert 0.0 < pause <= deadline
