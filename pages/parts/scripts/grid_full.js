// One cell in full size with everything that is known of it; arrows walk to its neighbours in the grid behind.
const ASKED_MS = 3000

function fullView(grid) {
  const frame = build('div', { class: 'full-frame' })
  const panel = build('div', { class: 'full-panel' })
  const layer = build('div', { popover: 'manual', class: 'grid-full', 'data-stays': true, role: 'dialog', 'aria-label': 'Full size', tabindex: '-1' }, frame, panel)
  return { layer, frame, panel }
}

function openFull(grid, id) {
  const { layer } = grid.full
  grid.view.open = id
  grid.touched = true
  if (!layer.matches(':popover-open')) layer.showPopover()
  drawFull(grid)
  if (!layer.contains(layer.getRootNode().activeElement)) layer.focus()
  keepHash(grid)
}

function closeFull(grid) {
  const { layer, frame } = grid.full
  const { open } = grid.view
  if (!layer.matches(':popover-open')) return
  Object.assign(grid.view, { open: null })
  layer.hidePopover()
  frame.replaceChildren()
  frame.of = null
  if (grid.sourced) showSource(grid, null)
  grid.elements.get(open)?.focus()
  keepHash(grid)
}

function refreshFull(grid, changed) {
  const { open } = grid.view
  if (open && grid.full.layer.matches(':popover-open') && (!changed || changed.some((cell) => cell.id === open))) drawFull(grid)
}

function drawFull(grid) {
  const { frame, panel, layer } = grid.full
  const cell = grid.cells.get(grid.view.open)
  if (!cell) return closeFull(grid)
  const what = JSON.stringify([cell.id, cell.state, cell.clip && fileOf(cell.clip), cell.picture && fileOf(cell.full ?? cell.picture), !cell.picture && [cell.words, cell.progress]])
  if (frame.of !== what) {
    frame.of = what
    frame.replaceChildren(...(cell.picture ? [largeOf(grid, cell)] : shotWords(cell)))
    if (grid.sourced) showSource(grid, cell.id)
  }
  const name = nameOf(grid, cell)
  layer.setAttribute('aria-label', name)
  redo(panel, JSON.stringify([cell, grid.kept.includes(cell.id), grid.marked]), () => panelOf(grid, cell, name))
}

// The picture in full, over its small one until it is there; a clip plays in a loop.
function largeOf(grid, cell) {
  const alt = nameOf(grid, cell)
  if (cell.clip) {
    const clip = build('video', { poster: cell.picture, 'aria-label': alt, loop: true, playsinline: true, preload: 'auto' })
    Object.assign(clip, { muted: true, src: cell.clip, controls: true })
    if (!isStill()) clip.play().catch(() => {})
    return clip
  }
  const large = build('img', { alt, decoding: 'async', width: cell.width_px, height: cell.height_px })
  if (cell.picture !== cell.full) large.style.backgroundImage = `url(${JSON.stringify(cell.picture)})`
  large.src = cell.full ?? cell.picture
  return large
}

function panelOf(grid, cell, name) {
  return [
    build('div', { class: 'full-head' }, build('h2', { class: 'full-name' }, name), gridButton('close', '', () => closeFull(grid), { class: 'quiet', 'aria-label': 'Close', title: 'Close (Esc)', 'data-name': 'close' })),
    build('p', { class: `badge state-${cell.state}` }, symbol(MARKS[cell.state] ?? 'help'), build('span', {}, wordsOf(cell))),
    cell.unfit && build('p', { class: 'unfit-why' }, symbol('link_off'), build('span', {}, `Not comparable: ${cell.unfit}`)),
    cell.state === 'made' && starsOf(grid, cell),
    build('div', { class: 'buttons' }, ...lookButtons(grid, cell)),
    build('div', { class: 'buttons' }, ...doButtons(grid, cell)),
    cell.talk && talkOf(cell),
    build('dl', { class: 'facts-list' }, ...factsOf(cell).map(([what, words]) => build('div', {}, build('dt', {}, what), build('dd', {}, words)))),
  ]
}

// What was measured says more than what is merely known, and nothing is said twice.
function factsOf(cell) {
  const first = measured(cell)
  return [...first, ...(cell.facts ?? []).filter(([what]) => !first.some(([said]) => said === what))]
}

function measured(cell) {
  const made = cell.state === 'made'
  const likeness = cell.likeness === null ? `not measurable${cell.unmeasured ? `: ${cell.unmeasured}` : ''}` : `${twoDigits(cell.likeness)}${cell.band ? ` · ${cell.band}` : ''}`
  return [
    made && ['Likeness', likeness],
    ['Cost', cell.owned ? 'free, it was owned already' : dollarsOf(cell.cost_micro_usd)],
    cell.seconds !== null && cell.seconds !== undefined && ['Time', `${cell.seconds.toFixed(1)} s`],
    made && cell.width_px && ['Size', `${cell.width_px} × ${cell.height_px} px`],
    cell.mean_stars && ['Stars of all', cell.mean_stars.toFixed(1)],
    cell.rejected && ['Rejected', cell.rejected],
  ].filter(Boolean)
}

function starsOf(grid, cell) {
  const stars = [1, 2, 3, 4, 5].map((count) => {
    const given = count <= (cell.stars ?? 0)
    const words = `${count} ${count === 1 ? 'star' : 'stars'}`
    const press = () => rate(grid, cell.id, count === cell.stars ? 0 : count)
    return build('button', { type: 'button', class: given ? 'quiet given' : 'quiet', 'aria-label': words, 'aria-pressed': String(count === cell.stars), title: `${words} (${count})`, onclick: press, 'data-name': `star-${count}` }, given ? '★' : '☆')
  })
  return build('div', { class: 'stars', role: 'group', 'aria-label': 'Your stars' }, ...stars)
}

function lookButtons(grid, cell) {
  if (!cell.picture) return []
  const kept = grid.kept.includes(cell.id)
  return [
    sourceOf(grid, cell) && gridButton('person', 'Source photo', () => sourcePressed(grid, cell.id), { key: 'P', 'data-name': 'source' }),
    gridButton('compare', grid.marked && grid.marked !== cell.id ? 'Compare with A' : grid.marked ? 'Unmark A' : 'Mark A', () => markPair(grid, cell.id), { key: 'X', 'data-name': 'pair' }),
    gridButton(kept ? 'remove' : 'add', kept ? 'Out of the strip' : 'Into the strip', () => toggleKept(grid, cell.id), { key: 'C', 'data-name': 'keep' }),
  ]
}

// Comments open over the full view, at an address of their own.
function talkOf(cell) {
  const label = cell.comments ? `Comments: ${cell.comments} open` : 'Comments'
  return build('a', { href: cell.talk, class: 'linklike', 'data-go': true, 'data-leads': cell.talk_id, 'data-name': 'talk', 'aria-label': label }, symbol('chat_bubble'), 'Comments', cell.comments > 0 && build('span', { class: 'count' }, String(cell.comments)))
}

function doButtons(grid, cell) {
  const told = (what) => (event) => {
    const button = event.currentTarget
    if (button.dataset.asked !== undefined) return
    button.dataset.asked = ''
    setTimeout(() => delete button.dataset.asked, ASKED_MS)
    decide(grid, cell.id, what)
  }
  if (['failed', 'refused', 'cancelled'].includes(cell.state)) return [gridButton('refresh', cell.price_micro_usd ? `Try again · ${dollarsOf(cell.price_micro_usd)}` : 'Try again', told({ do: 'retry-cell' }), { 'data-name': 'retry' })]
  if (cell.state !== 'made') return []
  const leave = (what) => () => {
    closeFull(grid)
    decide(grid, cell.id, what)
  }
  const price = String(cell.price_micro_usd ?? cell.cost_micro_usd) // what is owned cost nothing, once more it does
  return [
    gridButton('thumb_down', cell.rejected ? 'Rejected' : 'Reject', () => askReject(grid, cell.id), { key: 'R', 'data-name': 'reject' }),
    gridButton('replay', `Replay · ${dollarsOf(Number(price))}`, told({ do: 'replay', price }), { title: 'Buy this cell again and compare the two', 'data-name': 'replay' }),
    grid.kind === 'avatar' && gridButton('movie', 'Animate this one in a sweep', leave({ do: 'use-source' }), { 'data-name': 'use' }),
    gridButton('verified', 'Make this the preset for support', leave({ do: 'preset' }), { class: 'primary', disabled: Boolean(cell.unfit), title: cell.unfit ? 'It was served by something else than what was asked.' : null, 'data-name': 'preset' }),
  ].filter(Boolean)
}

function fullKeys(grid, event) {
  if (event.key === 'Escape') closeFull(grid)
  else if (event.key in DIRECTIONS) walkFull(grid, DIRECTIONS[event.key])
  else if (event.key === ' ') pauseOrPlay(grid.full.frame.querySelector('video'))
  else if (event.key === '?') showKeys(grid)
  else return actOn(grid, grid.view.open, event)
  return true
}

function walkFull(grid, direction) {
  const next = neighbourOf(grid, grid.view.open, direction)
  if (!next) return speak(grid, 'This is the edge of the grid.')
  standOn(grid, next)
  grid.elements.get(next).scrollIntoView({ block: 'nearest', inline: 'nearest' })
  openFull(grid, next)
}

// Rejecting asks for the reason; a note may say more. What is rejected can be taken back in the same place.
function askReject(grid, id) {
  const cell = grid.cells.get(id)
  if (cell.state !== 'made') return
  const { reject } = grid
  const reasons = grid.reasons.map((reason, at) => build('label', {}, build('input', { type: 'radio', name: 'reason', value: reason, required: true, checked: cell.rejected ? reason === cell.rejected : at === 0 }), reason))
  const note = build('textarea', { name: 'note', maxlength: 500, rows: 2 })
  const send = (reason, words) => {
    reject.hidePopover()
    decide(grid, id, { do: 'reject', reason, note: words }, { rejected: reason })
    speak(grid, reason ? `Rejected: ${reason}` : 'No longer rejected')
  }
  const form = build(
    'form', { onsubmit: (event) => (event.preventDefault(), send(form.elements.reason.value, note.value.trim())) },
    build('h2', {}, 'Why is it rejected?'),
    build('p', { class: 'small' }, nameOf(grid, cell)),
    build('div', { class: 'choices', role: 'radiogroup', 'aria-label': 'Reason' }, ...reasons),
    build('label', {}, 'Note, if you like', note),
    build('div', { class: 'buttons' }, cell.rejected && gridButton('', 'Take back', () => send('', '')), gridButton('', 'Cancel', () => reject.hidePopover(), { class: 'quiet' }), build('button', { type: 'submit', class: 'primary' }, 'Reject')),
  )
  const back = reject.getRootNode().activeElement
  reject.replaceChildren(form)
  reject.ontoggle = (event) => event.newState === 'closed' && back?.focus({ preventScroll: true })
  reject.showPopover()
  ;(form.querySelector('input:checked') ?? form.querySelector('input, textarea')).focus()
}
