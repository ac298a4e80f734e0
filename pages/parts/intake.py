"""A photo comes in: dropped, chosen or taken with the camera, looked at with friendly advice, and kept only after a yes that names what goes."""

import hashlib

import streamlit as st

from pages.parts import frame, pieces
from pages.parts.here import attempt, me, notice, place
from pages.parts.markup import Html, join, tag
from pipeline.errors import StudioError
from pipeline.records import Asset, Case
from pipeline.studio import photos
from pipeline.studio.photos import Intake

OPEN = "photo-dialog"
TURNED = "photo-turned"
LARGEST_MB = 25
LIES = {90: "lie on its left side", 180: "stand on its head", 270: "lie on its right side"}
TURNS = {90: "to the right", 180: "over", 270: "to the left"}
GUIDANCE = (
    ("face", "Facing the camera, or turned a little"),
    ("light_mode", "Good light, in focus"),
    ("zoom_in", "Faces fill 30 % of the picture or more"),
    ("eyeglasses", "No sunglasses, nothing in front of a face"),
)


def ask_for_photo(case: Case) -> None:
    """Open the dialog for this case's photo at the next drawing."""
    st.session_state[OPEN] = case.id
    frame.anew()


def is_open(case_id: str) -> bool:
    """Tell whether the dialog is open for this case."""
    return st.session_state.get(OPEN) == case_id


def dialog(case: Case, goes: tuple[tuple[str, Asset], ...]) -> None:
    """Show the dialog; `goes` names and shows what a new photo takes away."""
    title = "Replace the photo" if case.photo else "Add a photo"
    st.dialog(title, width="small", on_dismiss=_close)(_body)(case, goes)


def _body(case: Case, goes: tuple[tuple[str, Asset], ...]) -> None:
    if not is_open(case.id):
        st.rerun()
    st.markdown("  \n".join(f":material/{symbol}: {words}" for symbol, words in GUIDANCE))
    camera = st.toggle("Use the camera", key="photo-camera")
    given = st.camera_input("Take a photo") if camera else _drop()
    if given is None:
        return
    taken = looked_at(given.getvalue(), given.name)
    if isinstance(taken, StudioError):
        st.error(taken.on_screen, icon=":material/error:")
        return
    st.image(taken.crop.data, caption=f"As the model will see it: {faces_found(taken.faces)}", width=300)
    offer_turn(given.getvalue(), taken)
    if taken.photo.note:
        st.info(taken.photo.note, icon=":material/info:")
    for remark in taken.advice:
        if taken.turn and remark.code == "no_face":
            continue  # the offer says it better
        st.info(remark.say, icon=":material/lightbulb:")
    _yes(case, taken, goes)


def _drop() -> "st.runtime.uploaded_file_manager.UploadedFile | None":
    """Ask for a file of any name: what it is, its bytes say."""
    return st.file_uploader("Drop the photo here, or choose it", max_upload_size=LARGEST_MB, key="photo-file")


def _yes(case: Case, taken: Intake, goes: tuple[tuple[str, Asset], ...]) -> None:
    same = case.photo == hashlib.sha256(taken.photo.data).hexdigest()
    if same:
        st.info("This is the photo the case has already.", icon=":material/check:")
        return
    if goes and case.photo:
        st.html(_going(goes))
    words = "Replace the photo" if case.photo else "Use this photo"
    st.button(words, type="primary", key="photo-yes", on_click=_keep, args=(case, taken))
    if notice():
        st.error(notice(), icon=":material/error:")


def _keep(case: Case, taken: Intake) -> None:
    if attempt(lambda: photos.put_photo(place(), case.id, case.owner, taken, me(), replace=case.photo is not None)):
        _close()


def _close() -> None:
    st.session_state.pop(OPEN, None)
    st.session_state.pop("drawn", None)


def looked_at(data: bytes, name: str) -> Intake | StudioError:
    """Look at a photo once, however often the dialog is drawn, turned as somebody asked for it."""
    turn = _turn_of(data)
    mark = f"{hashlib.sha256(data).hexdigest()} {turn}"
    kept: tuple[str, Intake | StudioError] | None = st.session_state.get("photo-taken")
    if kept is None or kept[0] != mark:
        with st.spinner("Looking at the photo"):
            kept = (mark, _looked(data, name, turn))
        st.session_state["photo-taken"] = kept
    return kept[1]


def _looked(data: bytes, name: str, turn: int) -> Intake | StudioError:
    try:
        return photos.take_in(data, name, turn=turn)
    except StudioError as error:
        return error


def offer_turn(data: bytes, taken: Intake) -> None:
    """Offer to turn a photo that lies on its side or on its head, and to take that back; nothing is turned unasked."""
    if taken.turn:
        st.info(f"It seems to {LIES[taken.turn]}: turned, a face is found.", icon=":material/screen_rotation:")
        st.button(f"Turn it {TURNS[taken.turn]}", key="photo-turn", on_click=_turn, args=(data, taken.turn))
    elif taken.turned:
        st.button("Turn it back", key="photo-turn-back", on_click=_turn, args=(data, 0))


def _turn(data: bytes, degrees: int) -> None:
    st.session_state[TURNED] = (hashlib.sha256(data).hexdigest(), degrees)


def _turn_of(data: bytes) -> int:
    mark, degrees = st.session_state.get(TURNED, ("", 0))
    return int(degrees) if mark == hashlib.sha256(data).hexdigest() else 0


def faces_found(number: int) -> str:
    """Say how many faces there are."""
    return {0: "no face found", 1: "one face"}.get(number, f"{number} faces")


def _going(goes: tuple[tuple[str, Asset], ...]) -> Html:
    one = "display:flex;align-items:center;gap:12px;padding:6px 0"
    shown = "width:56px;height:56px;object-fit:cover;border-radius:8px"
    rows = [tag("li", tag("img", src=pieces.address(asset), alt="", style=shown), tag("span", words), style=one) for words, asset in goes]
    head = tag("p", tag("b", "The new photo takes these away from the case:"), style="margin:0")
    kept = tag("p", "They stay in the history, and nothing of them is deleted.", style="margin:0;opacity:.7")
    return join(head, tag("ul", *rows, style="list-style:none;padding:0;margin:8px 0"), kept)
