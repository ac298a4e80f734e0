"""A library finds exactly what was asked for, in the order asked for, and says everything a judge needs of each."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline import assets
from pipeline.media.likeness import Band
from pipeline.records import Decision
from pipeline.studio import library, photos, portraits, reviews
from pipeline.studio.filters import FIELDS, SHOWN, Filter, Sort, State, from_query, to_query
from pipeline.workflows.wishes import AvatarWish, ClipWish
from tests.benchmarks.bulk import fill
from tests.little_studio import CASE, ME, OWNER, LittleStudio, intake

AVATAR, CLIP, PHOTO = SHOWN
SCORES = st.floats(0, 1)


@pytest.fixture
def studio(tmp_path):
    return LittleStudio(tmp_path / "studio", customer=True)


def avatar(studio, seed=1, *, run_id=None, **wish):
    run = portraits.ask_avatar(studio.place, CASE, OWNER, AvatarWish(seed=seed, **wish), ME, run_id=run_id or f"r-{seed}").run
    return studio.succeed(run)


def clip(studio, take=1):
    return studio.succeed(portraits.ask_clip(studio.place, CASE, OWNER, ClipWish(take=take), ME, run_id=f"c-{take}").run)


def found(studio, sort=Sort.NEWEST, **wanted):
    return library.find(studio.place, Filter(**wanted), sort).items


def approve(studio, asset):
    reviews.decide_on(studio.place, asset, OWNER, Decision.APPROVED, ME)


def test_an_avatar_a_clip_and_a_photo_are_shown_and_no_file_that_is_part_of_them(studio):
    made = avatar(studio)
    approve(studio, made)
    filmed = clip(studio)
    newest, middle, first = found(studio)
    assert [newest.asset, middle.asset, first.asset.kind] == [filmed, made, PHOTO]
    assert [item.thumbnail.kind.value for item in (newest, middle, first)] == ["poster", "avatar-display", "crop"]
    assert [item.cost_micro_usd for item in (newest, middle, first)] == [350_000, 30_000, 0]
    assert {item.person for item in (newest, middle, first)} == {"me"}
    assert [item.current for item in (newest, middle, first)] == [False, True, True]
    assert [item.decision for item in (newest, middle, first)] == [None, Decision.APPROVED, None]
    assert middle.settings["model"] == "flux-dev"
    assert middle.settings["seed"] == 1
    assert first.settings == {}
    assert (middle.case.id, middle.case.owner) == (CASE, OWNER)


def test_what_was_taken_again_for_nothing_is_one_item_that_says_so(studio):
    made = avatar(studio)
    again = portraits.ask_avatar(studio.place, CASE, OWNER, AvatarWish(seed=1), ME, run_id="r-again").run
    [item] = found(studio, kinds=(AVATAR,))
    assert (item.asset, item.reuses, item.cost_micro_usd, item.run.id) == (made, 1, 30_000, "r-1")
    assert studio.rows("SELECT reused FROM outputs WHERE run_id = ?", again.id) == [{"reused": 1}]


def test_the_face_least_alike_says_how_alike_an_avatar_is(studio):
    made = avatar(studio)
    faces = [{"distance": d, "detector_score": 1.0, "band": b, "reason": None, "model_hash": "m"} for d, b in ((0.3, "strong"), (0.7, "weak"))]
    with studio.place.database.writing() as tx:
        assets.measured(tx, made, "crop", faces)
    assert [item.likeness["score"] for item in found(studio, kinds=(AVATAR,))] == [0.3]
    assert [item.asset for item in found(studio, bands=(Band.WEAK,))] == [made]
    assert found(studio, bands=(Band.STRONG,)) == ()
    assert [item.asset for item in found(studio, likeness_at_most=0.3, likeness_at_least=0.3)] == [made]


def test_what_no_longer_fits_its_photo_is_not_up_for_review(studio):
    old = avatar(studio)
    photos.put_photo(studio.place, CASE, OWNER, intake("red"), ME, replace=True)
    new = avatar(studio, 2)
    assert [item.asset for item in found(studio, states=(State.TO_REVIEW,))] == [new]
    assert [item.asset.kind for item in found(studio, states=(State.NOT_CURRENT,))] == [AVATAR, PHOTO]
    assert found(studio, states=(State.NOT_CURRENT,))[0].asset == old
    assert [item.fitting for item in found(studio, kinds=(AVATAR,))] == [True, False]


def test_words_are_looked_for_in_prompts_and_case_names_whatever_their_capitals(studio):
    made = avatar(studio, prompt="A portrait in a LAVENDER field, 100% themselves")
    with studio.place.database.writing() as tx:
        tx.execute("UPDATE cases SET name = 'Zoë & Åsa_1' WHERE id = ?", (CASE,))
    assert [item.asset for item in found(studio, text="lavender 100%")] == [made]
    assert [item.asset for item in found(studio, kinds=(AVATAR,), text="ZOË field åsa_1")] == [made]
    assert {item.asset.kind for item in found(studio, text="åsa")} == {AVATAR, PHOTO}
    for nothing in ("l%r", "l_vender", "lavender tulips", "' OR 1=1 --", '"', "\\"):
        assert found(studio, text=nothing) == ()


def test_values_to_choose_from_are_those_that_runs_have(studio):
    assert library.find(studio.place).facets == library.Facets(styles=(), models=(), people=())
    avatar(studio)
    avatar(studio, 2, model="flux-kontext", prompt="A quiet portrait of both of them")
    facets = library.find(studio.place).facets
    assert facets == library.Facets(styles=("free", "pixar@1"), models=("flux-dev", "flux-kontext"), people=("me",))


def test_a_page_is_a_part_of_the_whole_and_what_lies_outside_is_empty(year):
    whole = library.find(year, limit=10_000)
    assert (len(whole.items), whole.total) == (min(whole.total, library.MOST_ITEMS), whole.total)
    parts = [library.find(year, limit=7, offset=offset) for offset in range(0, 21, 7)]
    assert [item for part in parts for item in part.items] == list(whole.items[:21])
    for limit, offset in ((7, 10_000), (0, 0), (-5, 0)):
        assert library.find(year, limit=limit, offset=offset).items == ()
    assert library.find(year, limit=7, offset=-3).items == whole.items[:7]


def test_a_filter_that_asks_for_nothing_knows_it():
    assert Filter().is_empty
    assert not Filter(starred=True).is_empty


# A year of forty customers, and every answer compared with one worked out from the items themselves.
@pytest.fixture(scope="module")
def year(tmp_path_factory):
    filled = fill(tmp_path_factory.mktemp("year"), cases=40, assets=240, motifs=2)
    assert filled.rows["assets"] >= 240
    return filled.place


@pytest.fixture(scope="module")
def everything(year):
    items = library.find(year, Filter(removed=True), limit=500).items
    assert any(item.asset.removed_at for item in items)
    assert any(item.starred for item in items)
    return items


def score(item):
    return item.likeness["score"] if item.likeness else None


def in_state(item, state):
    match state:
        case State.TO_REVIEW:
            return item.asset.kind is not PHOTO and item.decision is None and item.fitting
        case State.CURRENT:
            return item.current
        case State.NOT_CURRENT:
            return not item.fitting
    return item.decision == state.value


def fits(item, f):
    text = f"{item.settings.get('prompt', '')} {item.case.name}".casefold()
    day = item.asset.created_at[:10]
    checks = [
        item.asset.kind in (f.kinds or SHOWN),
        not f.states or any(in_state(item, state) for state in f.states),
        not f.styles or item.settings.get("style") in f.styles,
        not f.models or item.settings.get("model") in f.models,
        not f.people or item.person in f.people,
        not f.bands or (item.asset.kind is AVATAR and (item.likeness["band"].replace(" ", "_")) in f.bands),
        f.since is None or day >= f.since.isoformat(),
        f.until is None or day <= f.until.isoformat(),
        f.likeness_at_least is None or (score(item) is not None and score(item) >= f.likeness_at_least),
        f.likeness_at_most is None or (score(item) is not None and score(item) <= f.likeness_at_most),
        f.cost_at_least_micro_usd is None or item.cost_micro_usd >= f.cost_at_least_micro_usd,
        f.cost_at_most_micro_usd is None or item.cost_micro_usd <= f.cost_at_most_micro_usd,
        not f.case_id or item.case.id == f.case_id,
        all(word in text for word in f.text.casefold().split()),
        not f.starred or item.starred,
        f.removed or item.asset.removed_at is None,
    ]
    return all(checks)


TODAY = datetime.now(UTC).date()
FILTERS = [
    {},
    {"removed": True},
    {"starred": True},
    *({"states": (state,)} for state in State),
    {"states": (State.TO_REVIEW, State.REJECTED), "removed": True},
    *({"kinds": (kind,)} for kind in SHOWN),
    {"styles": ("pixar@1", "free"), "kinds": (AVATAR,)},
    {"models": ("flux-kontext", "kling-2.6")},
    {"people": ("Maya Lindqvist", "Tom Okafor")},
    *({"bands": (band,)} for band in Band),
    {"bands": (Band.WEAK, Band.STRONG), "states": (State.APPROVED,)},
    {"likeness_at_least": 0.5},
    {"likeness_at_most": 0.5, "removed": True},
    {"likeness_at_least": 0.0},
    {"cost_at_least_micro_usd": 30_001},
    {"cost_at_most_micro_usd": 0},
    {"cost_at_least_micro_usd": 30_000, "cost_at_most_micro_usd": 350_000},
    {"since": TODAY - timedelta(days=200), "until": TODAY - timedelta(days=60)},
    {"until": date.max},
    {"since": TODAY + timedelta(days=1)},
    {"case_id": "inv-000003"},
    {"case_id": "inv-%"},
    {"text": "portrait"},
    {"text": "WEBER portrait"},
    {"styles": ("no such style",)},
    {"kinds": (AVATAR, CLIP), "states": tuple(State), "text": "a", "likeness_at_most": 1.0, "people": ("Aiko Tanaka", "Jonas Weiß")},
]


@pytest.mark.parametrize("wanted", FILTERS, ids=lambda wanted: " ".join(wanted) or "all")
def test_exactly_what_fits_is_found(year, everything, wanted):
    page = library.find(year, Filter(**wanted), limit=500)
    expected = [item for item in everything if fits(item, Filter(**wanted))]
    assert [item.asset.key for item in page.items] == [item.asset.key for item in expected]
    assert page.total == len(expected)


def test_most_filters_above_find_something_but_not_everything(everything):
    found_by = [sum(fits(item, Filter(**wanted)) for item in everything) for wanted in FILTERS]
    assert sum(0 < number < len(everything) for number in found_by) > len(FILTERS) - 8


@pytest.mark.parametrize("sort", Sort)
def test_items_come_in_the_order_asked_for_and_those_without_likeness_last(year, sort):
    keys = {
        Sort.NEWEST: lambda item: item.asset.created_at,
        Sort.OLDEST: lambda item: item.asset.created_at,
        Sort.MOST_ALIKE: score,
        Sort.LEAST_ALIKE: score,
        Sort.DEAREST: lambda item: item.cost_micro_usd,
        Sort.CHEAPEST: lambda item: item.cost_micro_usd,
    }
    values = [keys[sort](item) for item in library.find(year, Filter(), sort, limit=500).items]
    known = [value for value in values if value is not None]
    assert known == sorted(known, reverse=sort in (Sort.NEWEST, Sort.MOST_ALIKE, Sort.DEAREST))
    assert values[: len(known)] == known
    assert len(set(known)) > 3


WANTED = st.builds(
    Filter,
    kinds=st.lists(st.sampled_from(SHOWN), unique=True).map(tuple),
    states=st.lists(st.sampled_from(list(State)), unique=True).map(tuple),
    styles=st.lists(st.text(min_size=1, max_size=20).map(str.strip).filter(lambda t: t and "\0" not in t), unique=True, max_size=4).map(tuple),
    people=st.lists(st.sampled_from(["Ann, Bob", "50%", "%2C", "日本", "x"]), unique=True).map(tuple),
    bands=st.lists(st.sampled_from(list(Band)), unique=True).map(tuple),
    since=st.none() | st.dates(),
    until=st.none() | st.dates(),
    likeness_at_least=st.none() | SCORES,
    likeness_at_most=st.none() | SCORES,
    cost_at_least_micro_usd=st.none() | st.integers(0, 10**12),
    text=st.text(max_size=50).map(str.strip).filter(lambda t: "\0" not in t),
    case_id=st.sampled_from(["", "inv-1", "a/b?c=d&e"]),
    starred=st.booleans(),
    removed=st.booleans(),
)


@given(WANTED, st.sampled_from(Sort), st.integers(1, 500))
def test_an_address_says_the_view_it_was_copied_from(wanted, sort, page):
    written = to_query(wanted, sort, page)
    assert all(isinstance(text, str) and text for text in written.values())
    assert from_query(written) == (wanted, sort, page)


def test_the_usual_view_needs_no_parameters():
    assert to_query(Filter()) == {}
    assert from_query({}) == (Filter(), Sort.NEWEST, 1)


NAMES = [*FIELDS, "sort", "page", "x"]
RUBBISH = st.text(st.characters(), max_size=30) | st.sampled_from(
    ["nan", "inf", "-1", "1e400", "9" * 400, "٣", "2026-02-30", ",,,", "%", "avatar,nothing"]
)


@given(st.dictionaries(st.sampled_from(NAMES), RUBBISH | st.none() | st.integers() | st.lists(st.text())))
def test_any_address_shows_something(year, given_):
    wanted, sort, page = from_query(given_)
    library.find(year, wanted, sort, limit=1, offset=page)
    assert from_query(to_query(wanted, sort, page)) == (wanted, sort, page)


def test_a_part_of_a_value_that_is_known_is_kept_and_the_rest_left_out():
    wanted, sort, page = from_query(
        {"kind": "avatar,nothing,avatar", "alike_from": "2", "cost_from": "-3", "sort": "sideways", "page": "0", "since": "soon"}
    )
    assert (wanted, sort, page) == (Filter(kinds=(AVATAR,)), Sort.NEWEST, 1)
