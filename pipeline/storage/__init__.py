"""Where the bytes live.

port.py      StoredObject and the ObjectStore protocol: create-only puts, range reads, lists, signed addresses
keys.py      which names are allowed, and the name that bytes get: scope/kind/sha256.ext
folder.py    a folder with a sidecar per object, safe against a kill or a full disk at any moment
sidecar.py   what a folder keeps about an object beside its bytes
parts.py     files being written: whole and flushed before they move into place
checking.py  one round through a store with a real object, for `doctor`
r2.py        Cloudflare R2 (or any S3) through boto3
refusals.py  what the error codes of S3 mean, and which setting to look at
links.py     signed, expiring links for the studio's own media route
"""
