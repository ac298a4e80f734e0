// One cell: its picture or, in words, why there is none, and below it likeness, cost and votes.
const MARKS = { planned: 'pending', waiting: 'schedule', working: 'progress_activity', made: 'check_circle', failed: 'error', undecided: 'help', refused: 'block', cancelled: 'cancel', removed: 'hide_image' }
const STATE_WORDS = { planned: 'Planned', waiting: 'Waiting', working: 'Working', made: 'Made', failed: 'Failed', undecided: 'Needs a decision', refused: 'Refused', cancelled: 'Cancelled', removed: 'Removed' }

const SHARP_PX = 224
const SHARP_AFTER_MS = 150

function cellElement(grid, id) {
  if (!grid.elements.has(id)) {
    const element = build('div', { role: 'gridcell', class: 'cell', tabindex: '-1', 'data-id': id }, build('div', { class: 'shot' }), build('div', { class: 'badges' }))
    grid.elements.set(id, element)
    grid.near.observe(element)
    fillCell(grid, element)
  }
  return grid.elements.get(id)
}

function forgetCell(grid, id) {
  grid.near.unobserve(grid.elements.get(id))
  grid.elements.get(id).remove()
  grid.elements.delete(id)
}

function fillCell(grid, element) {
  const cell = grid.cells.get(element.dataset.id)
  if (element.dataset.state !== cell.state) element.dataset.state = cell.state
  element.toggleAttribute('data-pictured', Boolean(cell.picture))
  if (!element.near) return
  drawShot(grid, element, cell)
  redo(element.lastChild, JSON.stringify([grid.view.cell, badgeFacts(cell)]), () => badges(grid, cell))
}

// What is shown of a cell: its picture stays the same element, and a renewed address of the same file loads nothing.
function drawShot(grid, element, cell) {
  const shot = element.firstChild
  if (!cell.picture) return redo(shot, JSON.stringify([cell.state, cell.words, cell.progress]), () => shotWords(cell))
  const shown = shot.querySelector('img.picture')
  const known = shown && fileOf(shown.getAttribute('src'))
  if (shown && !shown.failed && [cell.picture, cell.full].some((address) => address && fileOf(address) === known)) return
  if (shown) {
    shown.failed = false
    shown.src = cell.picture
    return
  }
  redo(shot, 'picture', () => [pictureOf(grid, cell)])
}

function pictureOf(grid, cell) {
  const image = build('img', { class: 'picture', alt: nameOf(grid, cell), loading: 'lazy', decoding: 'async', width: cell.width_px, height: cell.height_px })
  image.onerror = () => {
    image.failed = true
    renewAddresses(grid)
  }
  image.src = cell.picture
  return image
}

// Cells larger than their small pictures show the full ones, once these are there, and only where one looks.
function sharpen(grid) {
  clearTimeout(grid.sharpening)
  if (!grid.view || grid.view.size < SHARP_PX) return
  grid.sharpening = setTimeout(() => {
    const window_ = grid.scroller.getBoundingClientRect()
    for (const [id, element] of grid.elements) if (element.near && element.isConnected && overlaps(element, window_)) sharpenCell(element, grid.cells.get(id))
  }, SHARP_AFTER_MS)
}

function sharpenCell(element, cell) {
  const shown = element.querySelector('img.picture')
  if (!shown || !cell.full || fileOf(shown.getAttribute('src')) === fileOf(cell.full)) return
  const full = build('img', { src: cell.full })
  full.decode().then(() => shown.isConnected && (shown.src = cell.full), () => {})
}

function overlaps(element, window_) {
  const box = element.getBoundingClientRect()
  return box.right > window_.left && box.left < window_.right && box.bottom > window_.top && box.top < window_.bottom
}

function shotWords(cell) {
  const going = cell.state === 'working' && cell.progress !== null && cell.progress !== undefined
  const done = Math.round(100 * (cell.progress ?? 0))
  const bar = going && build('span', { class: 'bar', role: 'progressbar', 'aria-label': cell.words || 'Working', 'aria-valuenow': done, 'aria-valuemin': 0, 'aria-valuemax': 100 }, build('i', { style: `--done: ${done}%` }))
  return [symbol(MARKS[cell.state] ?? 'help'), build('span', { class: 'state' }, wordsOf(cell)), bar]
}

// The word of the state is always said; Python's words say more.
function wordsOf(cell) {
  const state = STATE_WORDS[cell.state] ?? cell.state
  if (!cell.words || cell.words === state) return state
  return ['failed', 'refused', 'cancelled', 'removed'].includes(cell.state) && !cell.words.startsWith(state) ? `${state}: ${cell.words}` : cell.words
}

function badgeFacts(cell) {
  return [cell.state, cell.likeness, cell.unmeasured, cell.band, cell.cost_micro_usd, cell.owned, cell.stars, cell.mean_stars, cell.rejected, cell.unfit, cell.comments]
}

function badges(grid, cell) {
  const value = (name) => grid.axes[grid.axes.findIndex((axis) => axis.name === name)]
  const inside = grid.view.cell.map((name) => valueWords(value(name), cell.at[grid.axes.indexOf(value(name))]))
  const said = [
    inside.length > 0 && build('b', { class: 'of' }, inside.join(' · ')),
    cell.state === 'made' && likenessBadge(cell),
    cell.state === 'working' && cell.picture && build('span', { class: 'likely none' }, 'being measured'),
    costsAnything(cell) && build('span', { class: 'cost' }, costOf(cell)),
    votesBadge(cell),
    cell.comments > 0 && build('span', { class: 'talks', title: openComments(cell) }, symbol('chat_bubble'), String(cell.comments)),
    cell.rejected && build('span', { class: 'rejected', title: 'You rejected it' }, symbol('thumb_down'), cell.rejected),
    cell.unfit && build('span', { class: 'unfit', title: `Not comparable: ${cell.unfit}` }, symbol('link_off'), 'not comparable'),
  ]
  return said.filter(Boolean).flatMap((one) => [one, ' '])
}

function likenessBadge(cell) {
  if (cell.likeness === null) return build('span', { class: 'likely none', title: cell.unmeasured ?? 'Not measured yet' }, cell.unmeasured ? 'not measurable' : 'not measured')
  return build('span', { class: 'likely', title: cell.band ? `Likeness: ${cell.band}` : 'Likeness' }, symbol('face'), twoDigits(cell.likeness))
}

function costsAnything(cell) {
  return cell.state === 'made' || cell.owned || cell.cost_micro_usd > 0
}

function costOf(cell) {
  return cell.owned ? 'free' : dollarsOf(cell.cost_micro_usd)
}

function openComments(cell) {
  return `${cell.comments} open ${cell.comments === 1 ? 'comment' : 'comments'}`
}

function votesBadge(cell) {
  if (cell.stars) return build('span', { class: 'votes mine', title: cell.mean_stars ? `Your stars; all votes together ${cell.mean_stars.toFixed(1)}` : 'Your stars' }, `★${cell.stars}`)
  return cell.mean_stars ? build('span', { class: 'votes', title: 'Stars of your colleagues' }, `☆${cell.mean_stars.toFixed(1)}`) : null
}

function valueWords(axis, at) {
  const { label } = axis.values[at]
  return isNumeric(axis) ? `${axis.title.toLowerCase()} ${label}` : label
}

// "Strength 0.55, Pixar, seed 7": every axis that is a choice, the fixed ones are said above the grid.
function nameOf(grid, cell) {
  if (!grid.names.has(cell.id)) grid.names.set(cell.id, composeName(grid, cell))
  return grid.names.get(cell.id)
}

function composeName(grid, cell) {
  const words = grid.axes.map((axis, n) => axis.values.length > 1 && valueWords(axis, cell.at[n]).slice(0, 200)).filter(Boolean).join(', ')
  return words ? words[0].toUpperCase() + words.slice(1) : (grid.section.dataset.title ?? 'Cell')
}

function spoken(grid, cell) {
  const facts = [wordsOf(cell).toLowerCase()]
  if (cell.state === 'made') facts.push(cell.likeness === null ? 'likeness not measurable' : `likeness ${twoDigits(cell.likeness)}`)
  if (costsAnything(cell)) facts.push(costOf(cell))
  if (cell.stars) facts.push(`${cell.stars} ${cell.stars === 1 ? 'star' : 'stars'}`)
  if (cell.rejected) facts.push(`rejected: ${cell.rejected}`)
  if (cell.comments) facts.push(openComments(cell))
  if (cell.unfit) facts.push('not comparable')
  if (!passes(grid, cell)) facts.push('dimmed')
  if (grid.marked === cell.id) facts.push('marked A for the pair view')
  if (grid.kept.includes(cell.id)) facts.push('in the compare strip')
  return `${nameOf(grid, cell)}: ${facts.join(', ')}`
}
