"""What the error codes of S3 mean in this studio: which setting to look at. The store's own words are never passed on."""

NO_RIGHT = (
    "The store says that its key may not do this.",
    "In Cloudflare, give the token behind R2_ACCESS_KEY_ID the permission “Object Read & Write” on this bucket; also check the bucket's name.",
)
NO_SUCH_KEY_ID = ("The store does not know the access key.", "Check R2_ACCESS_KEY_ID, and that R2_ENDPOINT is the address of the same account.")
WRONG_SECRET = (
    "The store does not accept the secret key.",
    "Check R2_SECRET_ACCESS_KEY; it belongs to R2_ACCESS_KEY_ID and is shown only once, when the token is made.",
)
NO_SUCH_BUCKET = ("The store has no bucket of that name.", "Check R2_BUCKET_NAME (R2_PRIVATE_BUCKET_NAME for unpublished media) and R2_ENDPOINT.")
WRONG_CLOCK = ("The clocks of the store and of this machine differ too much.", "Set the clock of this machine; time servers do it by themselves.")
NOT_UNDERSTOOD = (
    "The store does not understand the request.",
    "Check R2_ACCESS_KEY_ID first: R2 answers so to one of a wrong length. Then check R2_ENDPOINT and the bucket's name.",
)
TOO_BUSY = ("The store is too busy.", "Try again in a moment.")
OTHERWISE = ("The media store refused.", "Try again; `doctor` tests every right that the studio needs.")
WORDS = {
    "AccessDenied": NO_RIGHT,
    "Forbidden": NO_RIGHT,
    "403": NO_RIGHT,
    "InvalidAccessKeyId": NO_SUCH_KEY_ID,
    "Unauthorized": NO_SUCH_KEY_ID,
    "InvalidArgument": NOT_UNDERSTOOD,
    "401": NO_SUCH_KEY_ID,
    "SignatureDoesNotMatch": WRONG_SECRET,
    "NoSuchBucket": NO_SUCH_BUCKET,
    "InvalidBucketName": NO_SUCH_BUCKET,
    "PermanentRedirect": NO_SUCH_BUCKET,
    "RequestTimeTooSkewed": WRONG_CLOCK,
    "RequestExpired": WRONG_CLOCK,
    "SlowDown": TOO_BUSY,
    "TooManyRequests": TOO_BUSY,
    "ServiceUnavailable": TOO_BUSY,
    "InternalError": TOO_BUSY,
    "409": TOO_BUSY,
    "ConditionalRequestConflict": TOO_BUSY,
    "OperationAborted": TOO_BUSY,
}


def words(code: str) -> tuple[str, str]:
    """Return what an error code says and what to do about it, both fit for people; unknown codes say only that it refused.

    >>> words("NoSuchBucket")[0], words("Whatever")[0]
    ('The store has no bucket of that name.', 'The media store refused.')
    """
    return WORDS.get(code, OTHERWISE)
