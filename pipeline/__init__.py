"""Living Portrait Studio without its screens: what pages, the command line and notebooks import. Imports go down this list only.

    cli/          the command line: every verb a command, `--json` everywhere
    routes/       the web addresses beside the pages: signed media, webhooks, health
    doctor.py     every part checked, each failure with its remedy
    processes/    worker, dispatcher, supervisor: what runs beside the screens
    sandbox/      the provider emulator; its bill is independent of everything above and below
    studio/       what people do: the verbs, which write rows and nothing else
    sweeps/       settings compared: axes as they are written, blind votes ranked, sheets to take away
    workflows/    one file per product, told in paragraphs
    publishing/   what guests see: the public store, its addresses and its history
    buying/       fingerprint, buy, look up, settle: all paid work passes here
    cases.py      a customer's invitation: photo, avatar, clip, attempts, owner
    reckoning/    a provider's bill held against our books: reading, pairing, causes
    runs.py       what people asked for: ask, stage, finish, cancel, retry
    ledger/       the money: holds, charges, balances, budgets, proof
    assets.py     a row and its bytes together: the only way to media
    turns.py      who is next: fair turns between people, places in line, the pause of purchases
    prompts/      versioned prompt templates
    providers/    paid services behind one port: fal
    storage/      where bytes live behind one port: folder, R2
    media/        stills, clips, crops, likeness: pictures in, pictures out
    guest/        the hero as a guest sees it: markup, the script that plays it, its preview
    engine/       the durable engine, wrapped thin
    catalog/      what can be bought: models, parameters, limits, dated prices
    database.py   studio.db: connect, write lock
    schema/       the history of its tables as appended functions
    stages.py     what staff read while a run is on its way
    records.py    frozen values and states that cross boundaries
    settings.py   every setting; the only reader of the environment
    spreadsheets.py  text that a spreadsheet shows as it is written
    wording.py    how counts are said
    folding.py    names and ids in the form in which they are looked for
    identifiers.py  ids of cases, owners and people in the one form in which they are kept
    errors.py     everything that can go wrong, in one tree

`python -m pipeline` starts the command line.
"""
