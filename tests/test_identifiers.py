"""Ids are kept in one form, whatever was pasted with them; those that only look alike are warned of; those from before stay reachable."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.database import insert
from pipeline.errors import BadParameter, BadSetting, WrongOwner
from pipeline.identifiers import canonical_id, look_of, tidy_id
from pipeline.records import now
from pipeline.settings import load
from pipeline.studio import casebook, finding, people, photos
from pipeline.studio.takedown_copies import Subject, cases_of
from tests.little_studio import ME, LittleStudio
from tests.pages.screens import drawn, visit

PASTED = ["A-1042", " A-1042", "A-1042 ", "A-1042\u00a0", "\u2003A-1042\n", "A\u200b-1042", "\ufeffA-1042", "A-\u00ad1042"]


@pytest.fixture
def studio(own_data_folder) -> LittleStudio:
    studio = LittleStudio(own_data_folder)
    yield studio
    studio.place.database.close()


@pytest.mark.parametrize("pasted", PASTED)
def test_blanks_and_invisible_marks_are_no_part_of_an_id(pasted):
    assert canonical_id(pasted) == "A-1042"


def test_composed_and_decomposed_letters_are_one_id():
    assert canonical_id(unicodedata.normalize("NFD", "Zoë-1")) == unicodedata.normalize("NFC", "Zoë-1")


@pytest.mark.parametrize("bad", ["", " ", "\u200b", "\u202eA-1042", "A\u2066b", "a\x00b", "a\x7fb", "x" * 201])
def test_what_would_not_be_what_it_looks_like_is_refused(bad):
    with pytest.raises(BadParameter):
        canonical_id(bad)


def test_an_invisible_mark_between_a_letter_and_its_accent_makes_no_other_id():
    assert canonical_id("Zoe\u200b\u0308") == "Zoë"


@given(st.text(max_size=40))
def test_the_canonical_form_of_a_canonical_id_is_itself(text):
    assert tidy_id(tidy_id(text)) == tidy_id(text)


@pytest.mark.parametrize("alike", ["А-1042", "A-1O42", "a‐1042", "A 1042", "Α-1042", "A-l042"])
def test_ids_that_look_alike_at_a_glance_have_the_same_look(alike):
    assert look_of(alike) == look_of("A-1042")
    assert look_of("A-1043") != look_of("A-1042")


def test_one_pasted_id_in_eight_forms_is_one_case(studio):
    opened = {photos.open_case(studio.place, pasted, f" u-77{pasted[-1:] if pasted[-1:].isspace() else ''}", ME).id for pasted in PASTED}
    opened |= {casebook.open_new(studio.place, case_id=pasted, owner="u-77", name="", plan=photos.Plan.PREMIUM, by=ME).id for pasted in PASTED}
    assert opened == {"A-1042"}
    assert studio.rows("SELECT count(*) AS n FROM cases")[0]["n"] == 1
    assert casebook.look(studio.place, " A\u200b-1042", ME).case.owner == "u-77"


def test_another_owner_is_refused_whatever_blanks_the_id_has(studio):
    photos.open_case(studio.place, "A-1042", "u-77", ME)
    with pytest.raises(WrongOwner):
        photos.open_case(studio.place, " A-1042 ", "u-78", ME)


def test_a_case_whose_id_only_looks_like_another_s_is_opened_with_a_warning(studio):
    photos.open_case(studio.place, "A-1042", "u-77", ME, name="Lim")
    other = photos.open_case(studio.place, "А-1042", "u-78", ME)
    said = photos.warn_of_look_alikes(studio.place, other)
    assert "“A-1042” (Lim, owner u-77)" in said
    assert photos.warn_of_look_alikes(studio.place, photos.open_case(studio.place, "B-7", "u-79", ME)) == ""


def odd(studio, case_id, owner="u-77"):
    """Keep a case as it could be kept before ids had one form."""
    with studio.place.database.writing() as tx:
        row = {"id": case_id, "owner": owner, "name": f"Case {case_id.strip()}", "plan": "premium", "created_by": "me", "created_at": now()}
        insert(tx, "cases", row)


def test_ids_from_before_stay_reachable_and_one_odd_row_empties_no_list(studio):
    for case_id in (" A-1", "A-2 ", "A\u200b-3", "\u202eA-4", "#", "%2F", "?case=1"):
        odd(studio, case_id)
        assert casebook.look(studio.place, case_id, ME).case.id == case_id
    studio.approved_avatar(studio.customer().id)
    assert finding.search(studio.place).total == 8
    for screen in ("home", "cases", "library", "publish", "queue", "compare"):
        app = visit(screen)
        assert [error.value for error in app.error] == [], screen
    assert "Case A-2" in drawn(visit("cases"))


def test_a_customer_s_take_down_finds_the_cases_of_every_form_of_the_owner_s_id(studio):
    photos.open_case(studio.place, "A-1", "u-77", ME)
    odd(studio, "A-2", " u-77")
    odd(studio, "A-3", "u-77\u200b")
    odd(studio, "A-4", "u-78")
    with studio.place.database.reading() as db:
        assert [case.id for case in cases_of(db, Subject(owner="u-77 "))] == ["A-1", "A-2", "A-3"]


def test_people_and_the_person_of_the_settings_have_one_form(studio):
    people.add(studio.place, " Ana\u200b  Lim ", "product", frozenset(), ME)
    found = people.find(studio.place, "Ana Lim\u00a0")
    assert found is not None
    assert found.name == "Ana Lim"
    assert load({"STUDIO_PERSON": " Ana\u00a0"}).person == "Ana"
    with pytest.raises(BadSetting, match="STUDIO_PERSON"):
        load({"STUDIO_PERSON": "\u202eAna"})
