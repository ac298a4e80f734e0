"""What guests see: exactly the approved bytes, under an address that is theirs, and gone when they are withdrawn.

addresses.py     the public key of bytes, and which keys can be one
storefront.py    the store that everybody can read, and the proof that it holds what was approved
items.py         which files of an approved avatar or clip go out
publications.py  one row a publication: asked for, proven, replaced, withdrawn
proving.py       the public store tried with a real object, right by right
reach.py         whether customers can open an address
purge.py         telling the CDN to forget what was withdrawn
cache_rule.py    the CDN's rule for videos, set beside what a zone has
together.py      changes of several threads in one transaction
turns.py         one at a time publishes or withdraws for a case
"""
