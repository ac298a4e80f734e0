"""Why a model declined an input, in words for staff. Chosen by fal's machine-readable type, never from its message.

The types are fal's list of model errors (docs.fal.ai/errors, read in 2026); an unknown one gets InputRefused's own words.
"""

from pipeline.errors import InputRefused

_SMALLER = "Try a smaller photo."
_PHOTO = "Try a different photo with a clear, front-facing view."
_SETTING = ("The model does not accept one of the settings.", "Put the settings back to the preset's and try again.")
_UNREAD = ("The provider could not read the uploaded photo.", "Try again; if it happens twice, try another photo.")
_WORDS: dict[str, tuple[str, str]] = {
    "content_policy_violation": ("The provider's content rules do not allow this photo or these words.", "Try other words or another photo."),
    "no_media_generated": ("The model made nothing from this photo and these words.", "Try another seed, other words or another photo."),
    "image_too_small": ("The photo is too small for this model.", "Try a larger photo."),
    "image_too_large": ("The photo is too large for this model.", _SMALLER),
    "file_too_large": ("The file is too large for this model.", _SMALLER),
    "image_load_error": _UNREAD,
    "file_download_error": _UNREAD,
    "face_detection_error": ("The model found no face it can use in this photo.", _PHOTO),
    "unsupported_image_format": ("The model does not take pictures of this kind.", "Send a JPEG or PNG photo."),
    "sequence_too_short": ("The prompt is too short for this model.", "Write more words."),
    "sequence_too_long": ("The prompt is too long for this model.", "Shorten the prompt."),
    "string_too_short": ("The prompt is too short for this model.", "Write more words."),
    "string_too_long": ("The prompt is too long for this model.", "Shorten the prompt."),
    "feature_not_supported": ("The model cannot do what one of the settings asks for.", "Choose another model or leave the setting out."),
    **dict.fromkeys(
        (
            "greater_than",
            "greater_than_equal",
            "less_than",
            "less_than_equal",
            "multiple_of",
            "one_of",
            "missing",
            "enum",
            "literal_error",
            "bad_request",
        ),
        _SETTING,
    ),
}


def refused(reason: str, *, charged: bool | None) -> InputRefused:
    """Return the refusal to raise for one of fal's error types.

    >>> refused("face_detection_error", charged=None).say
    'The model found no face it can use in this photo.'
    """
    say, advice = _WORDS.get(reason, (InputRefused.say, InputRefused.next))
    error = InputRefused(say, next=advice)
    error.charged = charged
    return error
