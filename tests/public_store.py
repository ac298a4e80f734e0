"""A public store to publish to: the folder, or a bucket of an S3 server on loopback, chosen by settings alone."""

import secrets

from pipeline.storage.r2 import R2Store
from pipeline.studio.place import Place


def r2_settings(address: str) -> dict[str, str]:
    """Make a bucket and return the settings that publish to it."""
    bucket = f"public-{secrets.token_hex(6)}"
    store = R2Store(bucket, endpoint_url=address, access_key_id="test-key", secret_access_key="test-secret", region="us-east-1")
    store._s3.create_bucket(Bucket=bucket)
    store.close()
    keys = {"R2_ACCESS_KEY_ID": "test-key", "R2_SECRET_ACCESS_KEY": "test-secret", "R2_PUBLIC_DOMAIN": "media.example"}
    return {"STUDIO_STORE": "r2", "R2_ENDPOINT": address, "R2_BUCKET_NAME": bucket, **keys}


def in_public(place: Place) -> set[str]:
    """Return every key of the public store but the one of the script that shows what lies there."""
    return {one.key for one in place.storefront.store.list("") if "scripts/living-portrait-" not in one.key}
