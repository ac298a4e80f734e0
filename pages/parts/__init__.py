"""What screens are made of.

frame.py         the beat that draws strip and page again, and what every button goes through
strip.py         the strip on top of every page: mode, what runs, today's money, who is here, what offers itself
ways.py          the address of every screen, the menu, and how links get there
live.py          the elements a screen keeps up to date
bundle.py        scripts/ and styles/, their half in the browser, as one file each
markup.py        HTML in which whatever a person wrote is escaped
here.py          which place the screen looks at, who is in front of it, and what it last had to say
pieces.py        pictures, states, progress, prices and buttons
purse.py         what budgets say to a wish
forms.py         fields, buttons and dialogs of forms
pair.py          two pictures compared: slider, side by side, one zoom

steps.py         Home on a fresh install: photo, avatar, clip
board.py         Home later: to do, running, newest
side.py          today's money and the health of every part
actions.py       what Home's buttons do

caselist.py      finding a customer, and opening a case
casefile.py      one case on one page
case/            its parts: light table, next step, trouble, reply
intake.py        the dialog through which a photo comes in
making.py        the forms that make avatars and clips
presetcard.py    the presets that these begin with, and their part of Settings
comments/        what colleagues say about a picture, in a case, in the library and in a sweep
judging.py       what is decided about a candidate, and what else can be tried
attempts.py      the history of a case
case_actions.py  what the buttons and forms of a case do

sweeplist.py     every sweep, and a new one
sweeppage.py     one sweep: plan, grid, progress, what was judged
sweepplan.py     its plan as one form
sweepprompts.py  prompts to compare: the editor, and the words that differ
sweepprice.py    what the plan comes to, warnings, and the button that buys it
sweepdraft.py    the plan while it is typed: read, priced, and not kept
sweepspare.py    what was bought and is in the plan no more
sweepwords.py    what axes, values and cells are called
sweepfeed.py     what the grid in the browser is told
sweepfiles.py    what can be taken away: contact sheet, table, everything
sweepproof.py    what came of buying a cell once more
sweepchart.py    the charts beside its grid: likeness against strength
sweepcost.py     and what an acceptable picture costs
sweepjudge.py    blind pairs and the ranking
daylinks.py      signed addresses that hold for a day
testphoto.py     the dialog through which a test photo comes in
judge_actions.py what people press when they judge
compare_actions.py what the other buttons and forms of Compare do

line.py          the Queue: what runs, what waits, what was done
mishaps.py       what failed and what needs a decision, with the ways out
pausing.py       the pause of purchases, and how well worker and provider are
onerun.py        one run in full
sweepline.py     a sweep as one line, wherever runs are shown
queue_actions.py what the buttons and forms of the Queue do

shelf.py         the library as a wall of pictures
stage.py         a picture of it on the full screen
filterbar.py     its filters, each an address
standing.py      names, states and reasons in words
drawer.py        one file looked into
evidence.py      its request, ledger lines, decisions and downloads
bulk.py          many files at once, and what a removal takes along
library_actions.py what the buttons and forms of the library do

costbook.py      Costs, part by part
limits.py        Costs, Budgets: every budget with what is used, held and to come
limit_forms.py   the forms that set, extend and end budgets
spendask.py      what the address asks of the spending
spendlook.py     what is read for it
steady.py        looks that take long in a large studio
spendwords.py    what names, days, money and changes are called
spendfigures.py  the figures that matter, with their proof and what changed
spendpage.py     which days, the figures, and what the chart is cut by
spendsketch.py   where the bars of the chart stand, and a sketch until it is there
spendchart.py    spent over time as bars
spendbudgets.py  budgets and storage in short
spendtable.py    what it is made of, name by name
spendcloser.py   a closer look: requests, customers, likeness, prices, durations
spendrequests.py the requests page by page, and any one in full
spendbias.py     estimates against charges
spendworth.py    the charts of a closer look
takeaway.py      the costs as files, backups, and the ways to ask one's own questions
takefiles.py     the files themselves

reckoning.py     is it right: proof, bill, differences
billcheck.py     the long looks behind it, beside the screens
upload.py        a bill comes in as a file
tmpfiles.py      files that screens write to be read by somebody else
monthlist.py     months, closed and open

workshop.py      Settings, part by part
checkup.py       the health of every part
inventory.py     models, prompt styles, settings and version
strays.py        the stores beside the records: what does not fit together
storeroom.py     where files live and what they take
team.py          the people and what each may do
listing.py       tables that become cards on a phone
errand.py        work that takes longer than a screen may wait

window.py        Publish: what is approved and waits, and what guests see
showcase.py      one case as its guests see it: links, markup, withdrawal, history
guestpage.py     the guest preview, and the page it shows
farewell.py      taking down: every copy named, and the receipt
publish_actions.py  what Publish's buttons do
"""
