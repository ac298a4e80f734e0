"""What people do: the verbs that pages, the command line and notebooks call. They write rows only; the worker acts on them.

place.py       one data folder opened: settings, database, store, catalogue, styles
people.py      who works here, and what each may do
casebook.py    find a case, open one, look at all that belongs to it
finding.py     the list of cases: searched, with pictures and states
search.py      one search for cases, sweeps, runs and requests
saved_views.py  views of the list of cases that somebody saved under a name
standing.py    how a case stands, in one word
offers.py      what can be asked for now, at what price, and if not, why
history.py     everything that was tried for a case, and what came of it
comparing.py   the settings of runs in words, their differences, the wish to have them again
replies.py     what support writes to the customer
photos.py      a photo comes in: checked, cropped, kept, with advice
portraits.py   ask for an avatar or a clip, at a price known before
reviews.py     approve, reject, withdraw
publishing.py  approved bytes to the public store, read back before they count
withdrawing.py  a publication taken back, with a receipt
shopwindow.py  what waits to be published, what guests see, and the history of both
publish_cleanup.py  what publications leave behind: old objects, and wishes a crash cut short
restoring.py   a damaged file made again from what was bought, the same to the byte
many.py        one decision about many
stars.py       what colleagues should see
grants.py      extra attempts, with a reason
requests.py    cancel, retry, decide; wait for a run
switches.py    pause purchases in trouble, and resume them
costs.py       what was spent, added up by whatever is asked for
spending.py    what came of the money: figures, their parts, over time, and whether requests fail unusually
spread.py      every figure by day and name, read once, and its proof from the ledger's lines
paces.py       how long requests take, what units cost over time, what likeness the money buys
requests_made.py  from a figure down to one request with its ledger lines and its picture
exports.py     the ledger or any slice of the costs as CSV or Parquet
export_views.py  views of the Costs screen as rows of a file
export_columns.py  what an exported file can hold, column by column
budgets.py     who may spend how much, and what is used of it
budget_history.py  what was done to budgets, by whom and why
forecast.py    what the month will come to, with its band
bills.py       a provider's record of its charges: asked for or uploaded, and kept
own_side.py    what our books say of each request, to hold a bill against
reconciling.py a bill held against the ledger, every difference kept
differences.py differences looked at, accepted with their entries, left with a note
closing.py     months closed, with their error stated
prices.py      what every model would cost now
price_bias.py  estimates held against what was charged, model by model
library.py     every avatar, clip and photo: filtered, sorted, page by page
filters.py     what a library can be narrowed down by, and how an address says it
details.py     everything about one file, and the exact request behind it
removal.py     media goes, with everything that depends on it named first
takedown.py    a file, a case or a customer taken down for good, every copy named first
takedown_groups.py  a take-down as people judge it: its pictures by case and sweep, and what belongs to others
takedown_copies.py  which files and copies that reaches, as the records know them
takedown_strays.py  copies that no record names
takedown_work.py  the removing itself, copy by copy, resumed after a crash
takedown_receipt.py  what became of each copy, as a document and to be read
downloads.py   links that save a file under a name people recognise
shelf.py       the one query behind a page of the library
looks.py       what a run, a case or an asset looks like from outside
seen.py        a run as people see it
run_standing.py  how a run or a file stands, in one word
strip.py       what every page shows of now
sweeplines.py  a sweep as one line among what runs, waits, failed and was done
presets.py     the settings that support begins with, where they come from, and the way back
queue.py       what runs, waits, needs a decision, failed, was done today
undecided.py   requests only a person can settle, in plain words
dossier.py     one run in full: what was done, what was asked of whom, what it cost
retrying.py    retry many failed runs at once, at a price known before
home.py        what waits, runs, was made and was spent: the first screen, for looking
samples.py     the sample portrait of a fresh install
testphotos.py  photos for comparing: the studio's own and those of cases
sweeps.py      plans that are kept, named and shared
room.py        whether a wish fits in every budget, which it would pass, who may extend it
sweep_prices.py  what a plan would cost, cell by cell
sweep_durations.py  how long a sweep is likely to take, learnt from what happened
sweep_runs.py  buying a sweep's cells, cancelling the rest, retrying failures
sweep_view.py  a sweep as the grid shows it
sweep_words.py  what the values and settings of a sweep are called
sweep_files.py  a sweep's table, zip and contact sheet to take away
sweep_sheets.py  any view of a sweep as a contact sheet
judging.py     stars and rejections of cells, and how a sweep's settings stand
pairs.py       blind pairs and the votes on them
replays.py     a cell bought once more: the same bytes, the same to the eye, or changed
about.py       the version, the libraries, every setting with its value
space.py       what the files take, and what is free
orphans.py     both stores compared with the records; what no row knows can be deleted
orphan_file.py  what that comparison found, kept for screens
tidy.py        temporary uploads, results nobody approved, the weekly look
anchors.py   the ledger's state noted where the data folder cannot rewrite it, and held against it later
backups.py     studio.db copied while everything runs, proven, and the way back
keeping.py     what is stored, and what that costs a month
moving.py      what is published goes to another store, each file proven there
store_advice.py  CORS, lifecycle and cache rules of the public bucket: told and applied

What colleagues say about a picture is in the folder `comments`, the way back from what was done in the folder `undo`.
"""
