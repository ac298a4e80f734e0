"""The provider emulator: fal's queue protocol on loopback, with its own renderer, price table, bill and fault orders.

    server.py      `serve`: one process, one port, every host of the provider
    hosts.py       which routes answer for which host
    queue.py       submit, status, result, cancel, and the direct run
    uploads.py     tokens, uploads in one piece or in parts, downloads
    platform.py    request listing, prices
    billing.py     billing events, with the differences ordered for them
    webhooks.py    signing key, signature, delivery
    answers.py     fal's two error bodies and the connections that break
    crew.py        slots, delays, rendering threads
    work.py        what one request becomes: files and answer, or a refusal
    book.py        requests on disk
    shelf.py       files and upload tokens on disk
    database.py    the tables
    models.py      what each endpoint takes and makes
    inputs.py      checking an input as fal does
    prices.py      what each endpoint costs
    bill.py        what was accepted and what it costs
    faults.py      orders to misbehave
    painter.py     stills: a photo redrawn in a style
    subject.py     where the people are in a photo
    scene.py       backgrounds and whole scenes out of prompt words
    motion.py      clips: a still that breathes, in a loop
    mark.py        the SANDBOX label
    ready.py       a prepared set for benchmarks

Nothing here imports the catalogue or the ledger: the bill has to be independent of both.
"""
