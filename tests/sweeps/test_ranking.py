"""Votes become a ranking that agrees with a published one, does not depend on order or side, and names a winner only when it may."""

import math
import time
from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.errors import BadParameter
from pipeline.sweeps.ranking import Verdict, Vote, agreement, next_pair, quality_per_dollar, rank
from pipeline.sweeps.strengths import fit
from tests.examples import few

LEFT, RIGHT, TIE, BOTH_BAD = Verdict
SWAPPED = {LEFT: RIGHT, RIGHT: LEFT, TIE: TIE, BOTH_BAD: BOTH_BAD}

# Eastern Division of the American League, 1987: Agresti, Categorical Data Analysis, 2nd edition (2002), table 10.10.
# Home team, then wins and losses at home against the others in the order of TEAMS.
TEAMS = ("Milwaukee", "Detroit", "Toronto", "New York", "Boston", "Cleveland", "Baltimore")
AT_HOME = {
    "Milwaukee": "4-3 4-2 4-3 6-1 4-2 6-0",
    "Detroit": "3-3 4-2 4-3 6-0 6-1 4-3",
    "Toronto": "2-5 4-3 2-4 4-3 4-2 6-0",
    "New York": "3-3 5-1 2-5 4-3 4-2 6-1",
    "Boston": "5-1 2-5 3-3 4-2 5-2 6-0",
    "Cleveland": "2-5 3-3 3-4 4-3 4-2 2-4",
    "Baltimore": "2-5 1-5 1-6 2-4 1-6 3-4",
}
# Table 10.11 there, without home advantage: log odds above Baltimore; "standard errors of about 0.3".
PUBLISHED = {"Milwaukee": 1.58, "Detroit": 1.44, "Toronto": 1.29, "New York": 1.25, "Boston": 1.11, "Cleveland": 0.68, "Baltimore": 0.0}


def _votes(left: str, right: str, won: int, lost: int, person: str = "Ana") -> list[Vote]:
    return [Vote(left=left, right=right, person=person, verdict=verdict) for verdict, times in ((LEFT, won), (RIGHT, lost)) for _ in range(times)]


def _vote(left: str, right: str, person: str, verdict: Verdict) -> Vote:
    return Vote(left=left, right=right, person=person, verdict=verdict)


def _baseball() -> list[Vote]:
    votes = []
    for home, results in AT_HOME.items():
        away = [team for team in TEAMS if team != home]
        for team, result in zip(away, results.split(), strict=True):
            won, lost = map(int, result.split("-"))
            votes += _votes(home, team, won, lost)
    return votes


def _wins(first: str, second: str) -> float:
    sides = {(first, second, LEFT), (second, first, RIGHT)}
    return float(sum((vote.left, vote.right, vote.verdict) in sides for vote in _baseball()))


def _simulated(strengths: dict[str, float], votes: int, random: Random) -> list[Vote]:
    cast = []
    for _ in range(votes):
        left, right = random.sample(list(strengths), 2)
        chance = 1 / (1 + math.exp(strengths[right] - strengths[left]))
        cast.append(_vote(left, right, "Ana", LEFT if random.random() < chance else RIGHT))
    return cast


def test_the_published_estimates_of_a_baseball_season_are_found_again():
    standings = rank(_baseball()).standings
    lowest = next(each.strength for each in standings if each.item == "Baltimore")
    assert [each.item for each in standings] == list(PUBLISHED)
    assert {each.item: round(each.strength - lowest, 2) for each in standings} == PUBLISHED
    assert sum(each.wins for each in standings) == sum(each.losses for each in standings) == len(_baseball()) == 273


def test_the_errors_are_those_published():
    """Measured from the last team, as the book measures them."""
    fitted = fit(np.array([[_wins(first, second) for second in TEAMS] for first in TEAMS]))
    errors = np.sqrt(fitted.variance_of_difference()[:-1, TEAMS.index("Baltimore")])
    assert [round(float(error), 1) for error in errors] == [0.3] * 6


def test_a_season_with_close_leaders_has_no_winner():
    ranking = rank(_baseball())
    assert ranking.winner is None
    assert ranking.words.startswith("Too few votes: the lead of the first over the second is 0.4")


@pytest.mark.parametrize(("won", "lost"), [(3, 1), (11, 2), (40, 25)])
def test_two_items_stand_as_their_odds_say(won, lost):
    """In closed form: the difference is ln(won / lost), its variance 1 / won + 1 / lost."""
    lead = rank(_votes("a", "b", won, lost)).lead
    assert lead.difference == pytest.approx(math.log(won / lost), abs=0.01)
    assert (lead.high - lead.low) / 2 / 1.96 == pytest.approx(math.sqrt(1 / won + 1 / lost), rel=0.01)
    assert lead.z == pytest.approx(lead.difference * 2 * 1.96 / (lead.high - lead.low))


def test_a_winner_needs_a_lead_of_more_than_two_point_seven_times_its_uncertainty():
    close, clear = rank(_votes("a", "b", 16, 3)), rank(_votes("a", "b", 17, 3))
    assert (close.winner, clear.winner) == (None, "a")
    assert close.lead.low > 0
    assert close.lead.z < 2.7 < clear.lead.z
    assert close.words.startswith("Too few votes: ")
    assert clear.words.startswith("The first wins")


def test_an_item_that_never_lost_wins_once_one_more_lost_vote_would_not_matter():
    early, later = rank(_votes("a", "b", 16, 0)), rank(_votes("a", "b", 17, 0))
    assert (early.winner, later.winner) == (None, "a")
    assert later.lead.high is None
    assert "never lost" in later.words
    assert rank(_votes("a", "b", 17, 1)).lead.z == pytest.approx(later.lead.z)


def test_two_items_that_never_lost_and_never_met_have_no_winner():
    ranking = rank(_votes("a", "c", 40, 0) + _votes("b", "c", 30, 0))
    assert ranking.winner is None
    assert ranking.words.startswith("Too few votes: ")


def test_items_that_no_pair_connects_are_not_compared():
    ranking = rank(_votes("a", "b", 60, 2) + _votes("c", "d", 2, 1))
    assert (ranking.winner, ranking.lead) == (None, None)
    assert "2 groups" in ranking.words
    assert all(each.low < 0 < each.high for each in ranking.standings)


def test_a_ranking_without_votes_says_so():
    assert rank([]).words == "Too few votes: there are none yet."
    bad = rank([_vote("a", "b", "Ana", BOTH_BAD)])
    assert bad.words == "Too few votes: nobody preferred one to another yet."
    assert [(each.item, each.both_bad) for each in bad.standings] == [("a", 1), ("b", 1)]


def test_a_tie_is_half_a_win_for_each():
    ranking = rank(_votes("a", "b", 3, 1) + [_vote("b", "a", "Ana", TIE)] * 2)
    assert ranking.lead.difference == pytest.approx(math.log(4 / 2), abs=0.01)
    assert [(each.wins, each.losses, each.ties) for each in ranking.standings] == [(3, 1, 2), (1, 3, 2)]


def test_only_ties_leave_everybody_level():
    ranking = rank([_vote("a", "b", "Ana", TIE)] * 9)
    assert ranking.winner is None
    assert [each.strength for each in ranking.standings] == pytest.approx([0, 0])


def test_both_bad_is_counted_and_moves_nobody():
    votes = _votes("a", "b", 30, 3)
    plain, more = rank(votes), rank([*votes, *[_vote("a", "b", "Ben", BOTH_BAD)] * 5])
    assert [each.strength for each in more.standings] == [each.strength for each in plain.standings]
    assert [each.both_bad for each in more.standings] == [5, 5]
    assert more.lead == plain.lead


def test_an_item_that_is_only_bad_stands_last_and_stops_no_winner():
    ranking = rank([*_votes("b", "c", 30, 3), _vote("a", "b", "Ben", BOTH_BAD)])
    assert [each.item for each in ranking.standings] == ["b", "c", "a"]
    assert ranking.winner == "b"
    last = ranking.standings[-1]
    assert last.high - last.low > 100


def test_a_pair_of_one_item_with_itself_is_refused():
    with pytest.raises(BadParameter):
        _vote("a", "a", "Ana", LEFT)


def test_the_interval_covers_the_truth_nineteen_times_in_twenty():
    truth, random = {"a": 0.6, "b": 0.2, "c": -0.1, "d": -0.7}, Random(7)
    hits = [each.low <= truth[each.item] <= each.high for _ in range(150) for each in rank(_simulated(truth, votes=120, random=random)).standings]
    assert 0.93 < sum(hits) / len(hits) < 0.975


def test_looking_after_every_few_votes_names_few_false_winners():
    random, false = Random(11), 0
    for _ in range(60):
        votes = _votes("a", "b", 1, 1)
        for _ in range(20):
            votes += _simulated({"a": 0.0, "b": 0.0}, votes=20, random=random)
            if rank(votes).winner:
                false += 1
                break
    assert false <= 5


def test_fifty_items_and_twenty_thousand_votes_are_ranked_within_a_second():
    votes = _simulated({f"item {number}": number / 25 for number in range(50)}, votes=20_000, random=Random(3))
    start = time.perf_counter()
    best = rank(votes).standings[0].item
    assert time.perf_counter() - start < 10
    assert int(best.split()[1]) > 40


items = st.sampled_from("abcd")
votes = st.lists(
    st.builds(_vote, items, st.sampled_from("efgh"), st.sampled_from(["Ana", "Ben"]), st.sampled_from(Verdict))
    | st.builds(_vote, st.sampled_from("ab"), st.sampled_from("cd"), st.sampled_from(["Ana", "Ben"]), st.sampled_from(Verdict)),
    max_size=40,
)


@few
@given(votes=votes, random=st.randoms(use_true_random=False))
def test_neither_the_order_of_votes_nor_the_sides_change_anything(votes, random):
    turned = [_vote(vote.right, vote.left, vote.person, SWAPPED[vote.verdict]) if random.random() < 0.5 else vote for vote in votes]
    random.shuffle(turned)
    assert rank(turned) == rank(votes)
    assert agreement(turned) == agreement(votes)


@few
@given(votes=votes)
def test_the_opposite_votes_give_the_opposite_strengths(votes):
    opposite = [_vote(vote.left, vote.right, vote.person, SWAPPED[vote.verdict]) for vote in votes]
    ahead, behind = ({each.item: each for each in rank(cast).standings} for cast in (votes, opposite))
    assert {item: -each.strength for item, each in behind.items()} == pytest.approx({item: each.strength for item, each in ahead.items()}, abs=1e-6)
    assert {item: each.losses for item, each in behind.items()} == {item: each.wins for item, each in ahead.items()}


@few
@given(votes=votes)
def test_any_votes_give_finite_standings_from_best_to_worst(votes):
    ranking = rank(votes)
    assert all(math.isfinite(each.low) and math.isfinite(each.high) and each.error > 0 for each in ranking.standings)
    assert {each.item for each in ranking.standings} == {name for vote in votes for name in (vote.left, vote.right)}
    compared = [each.strength for each in ranking.standings if each.wins + each.losses + each.ties]
    assert compared == pytest.approx(sorted(compared, reverse=True), abs=1e-6)
    assert sum(each.strength for each in ranking.standings) == pytest.approx(0, abs=1e-6)


def test_agreement_counts_the_same_preference_from_either_side():
    votes = [
        _vote("a", "b", "Ana", LEFT),
        _vote("b", "a", "Ben", RIGHT),
        _vote("a", "c", "Ana", LEFT),
        _vote("a", "c", "Ben", TIE),
        _vote("b", "c", "Ana", BOTH_BAD),
        _vote("c", "b", "Cem", BOTH_BAD),
        _vote("c", "d", "Cem", LEFT),
    ]
    found = agreement(votes)
    assert (found.pairs, found.agreed, found.share) == (3, 2, pytest.approx(2 / 3))
    assert found.between == {("Ana", "Ben"): (2, 1), ("Ana", "Cem"): (1, 1)}


def test_nobody_agrees_with_themselves():
    assert agreement(_votes("a", "b", 3, 1)).share is None


def test_the_efficient_line_holds_what_nothing_cheaper_beats():
    strengths = {"cheap": -0.5, "worse": -0.9, "middle": 0.2, "same price": 0.1, "dear": 0.2, "best": 1.0, "no price": 9.0}
    costs = {"cheap": 10, "worse": 20, "middle": 30, "same price": 30, "dear": 40, "best": 90, "no strength": 5}
    points = quality_per_dollar(strengths, costs)
    assert [point.item for point in points] == ["cheap", "worse", "middle", "same price", "dear", "best"]
    assert [point.item for point in points if point.efficient] == ["cheap", "middle", "best"]


@few
@given(points=st.dictionaries(st.text(max_size=3), st.tuples(st.floats(-5, 5), st.integers(0, 9)), max_size=12))
def test_a_point_is_efficient_exactly_when_none_at_its_price_or_less_is_better_or_as_good_for_less(points):
    found = quality_per_dollar({item: strength for item, (strength, _) in points.items()}, {item: cost for item, (_, cost) in points.items()})
    for point in found:
        others = [(cost, strength) for strength, cost in points.values()]
        beaten = any(
            cost <= point.cost_micro_usd and strength >= point.strength and (cost, strength) != (point.cost_micro_usd, point.strength)
            for cost, strength in others
        )
        assert point.efficient is not beaten


def test_a_person_is_shown_every_pair_once_and_then_none():
    votes, seen, random = [], [], Random(5)
    while pair := next_pair(["a", "b", "c", "d"], votes, "Ana", random):
        seen.append(frozenset(pair))
        votes.append(_vote(*pair, "Ana", LEFT))
    assert len(seen) == len(set(seen)) == 6
    assert next_pair(["a", "b", "c", "d"], votes, "Ben", random) is not None


def test_the_sides_are_drawn_by_lot():
    random = Random(5)
    lefts = [next_pair(["a", "b"], [], "Ana", random)[0] for _ in range(200)]
    assert 70 < lefts.count("a") < 130


def test_the_pair_that_is_least_known_comes_first():
    known = _votes("a", "b", 40, 38) + _votes("b", "c", 40, 41) + _votes("a", "c", 2, 2)
    assert set(next_pair(["a", "b", "c"], known, "Ben", Random(1))) == {"a", "c"}
    assert "d" in next_pair(["a", "b", "c", "d"], known, "Ben", Random(1))


def test_there_is_no_pair_of_one_item():
    assert next_pair(["a"], [], "Ana", Random(1)) is None
    assert next_pair(["a", "a"], [], "Ana", Random(1)) is None
