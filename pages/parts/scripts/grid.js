// The grid of a sweep. Python names where its results are told and which version they have; everything one sees and does is the browser's own.
const grids = new Map()
// Which press on a chart was followed last, sweep by sweep; it outlives a grid, for coming back to a sweep is no press.
const pointed = new Map()

// A purchase leads to what was bought.
const purchases = { at: 0 }
const PURCHASE_MS = 15000

function bought(form) {
  if (form.dataset.do === 'buy') purchases.at = Date.now()
}

function leadToGrid(grid) {
  const asked = Number(grid.section.dataset.asked)
  const more = grid.asked !== undefined && asked > grid.asked
  grid.asked = asked
  if (!more || Date.now() - purchases.at > PURCHASE_MS) return
  purchases.at = 0
  requestAnimationFrame(() => grid.section.scrollIntoView({ block: 'start', behavior: isStill() ? 'auto' : 'smooth' }))
}

function mountGrid(section, tellPython) {
  for (const [id, old] of grids) if (id !== section.id && !old.section.isConnected) dispose(old)
  const grid = grids.get(section.id) ?? newGrid(section)
  Object.assign(grid, { section, tellPython })
  if (grid.box.parentNode !== section) settleIn(grid)
  if (grid.axes) keepHash(grid)
  follow(grid)
  pointOut(grid)
  leadToGrid(grid)
}

function newGrid(section) {
  const grid = {
    id: section.id, section, cells: new Map(), elements: new Map(), names: new Map(), byPlace: new Map(), axes: null, kind: 'avatar', reasons: [],
    cursor: '', shape: '', view: null, matrix: [], focus: null, marked: null, kept: [], touched: false,
  }
  grid.said = build('p', { class: 'unseen', role: 'status' })
  grid.trouble = build('p', { class: 'grid-trouble small', role: 'status', hidden: true })
  grid.bar = build('div', { class: 'grid-bar' })
  grid.fixed = build('p', { class: 'grid-fixed small' })
  grid.pager = build('div', { class: 'grid-pager' })
  grid.table = build('div', { role: 'grid', class: 'grid-table' })
  grid.scroller = build('div', { class: 'grid-scroller' }, grid.table)
  grid.strip = build('div', { class: 'grid-strip', role: 'group', 'aria-label': 'Compare strip' })
  grid.full = fullView(grid)
  grid.compare = compareView(grid)
  grid.reject = build('div', { popover: 'auto', class: 'dialog grid-reject', role: 'dialog', 'aria-label': 'Reject' })
  grid.help = build('div', { popover: 'auto', class: 'dialog grid-keys', role: 'dialog', 'aria-label': 'Keys of the grid', tabindex: '-1' })
  grid.box = build(
    'div', { class: 'grid-box' },
    grid.bar, grid.fixed, grid.pager, grid.trouble, grid.scroller, grid.strip, grid.full.layer, grid.compare.layer, grid.reject, grid.help, grid.said,
  )
  grid.table.append(build('div', { role: 'row' }, build('div', { role: 'gridcell', class: 'grid-empty' }, 'The grid is being loaded.')))
  attend(grid)
  grids.set(section.id, grid)
  return grid
}

// What one does in the box: pointer, wheel and keys; what comes from the address, too.
function attend(grid) {
  const { box, table, scroller } = grid
  grid.near = new IntersectionObserver((seen) => comeNear(grid, seen), { root: scroller, rootMargin: '320px' })
  grid.width = new ResizeObserver(() => refit(grid))
  grid.heads = new ResizeObserver(() => measureHeads(grid))
  box.addEventListener('keydown', (event) => gridKeys(grid, event))
  box.addEventListener('keyup', (event) => releasedKey(grid, event))
  table.addEventListener('click', (event) => {
    const element = event.target.closest('.cell[data-id]')
    if (element) openFull(grid, element.dataset.id)
  })
  table.addEventListener('focusin', (event) => standOn(grid, event.target.closest('.cell')?.dataset.id))
  scroller.addEventListener('wheel', (event) => wheeled(grid, event), { passive: false })
  scroller.addEventListener('scroll', () => scrolledTo(grid), { passive: true })
  grid.onhash = () => grid.section.isConnected && grid.axes && fromHash(grid)
  window.addEventListener('hashchange', grid.onhash)
  watchClips(grid)
}

function scrolledTo(grid) {
  grid.scrolled = [grid.scroller.scrollLeft, grid.scroller.scrollTop]
  sharpen(grid)
}

// The page sometimes builds its elements anew; the grid moves over as it is.
function settleIn(grid) {
  grid.section.replaceChildren(grid.box)
  grid.width.disconnect()
  grid.width.observe(grid.section)
  grid.table.setAttribute('aria-label', grid.section.dataset.title || 'Grid of the sweep')
  if (grid.scrolled) grid.scroller.scrollTo(...grid.scrolled)
  if (grid.view) reopen(grid)
}

function dispose(grid) {
  window.removeEventListener('hashchange', grid.onhash)
  grid.near.disconnect()
  grid.heads.disconnect()
  grid.width.disconnect()
  clearTimeout(grid.again)
  stopClips(grid)
  endCompare(grid)
  grids.delete(grid.id)
}

// A point of a chart was clicked: its cell is scrolled to, stood on and opened. Words after the id tell two clicks on one point apart.
function pointOut(grid) {
  const asked = grid.section.dataset.show ?? ''
  const [id] = asked.split(' ')
  if (asked === pointed.get(grid.id) || !grid.cells.has(id)) return
  pointed.set(grid.id, asked)
  turnTo(grid, id)
  grid.elements.get(id)?.focus()
  openFull(grid, id)
}

function complain(grid, words) {
  grid.trouble.hidden = !words
  if (grid.trouble.textContent !== words) grid.trouble.textContent = words
}

function speak(grid, words) {
  grid.said.textContent = grid.said.textContent === words ? `${words}\u00a0` : words
}

// Axes, places or cells came or went: everything is laid anew. Where only results changed, only they are drawn.
function rearranged(grid) {
  grid.names.clear()
  grid.byPlace = new Map([...grid.cells.values()].map((cell) => [cell.at.join(), cell.id]))
  for (const id of grid.elements.keys()) if (!grid.cells.has(id)) forgetCell(grid, id)
  grid.kept = grid.kept.filter((id) => grid.cells.has(id))
  if (!grid.cells.has(grid.marked)) grid.marked = null
  const first = !grid.view
  grid.view = readView(grid, first ? location.hash : writeView(grid.view))
  drawAll(grid)
  if (!first) return
  bringFirst(grid)
  reopen(grid)
}

function refreshed(grid, changed) {
  for (const cell of changed) {
    const element = grid.elements.get(cell.id)
    if (element) fillCell(grid, element)
  }
  if (!changed.length) return
  weigh(grid)
  drawLegend(grid)
  drawStrip(grid)
  refreshFull(grid, changed)
}

function drawAll(grid) {
  drawBar(grid)
  lay(grid)
  weigh(grid)
  drawLegend(grid)
  drawStrip(grid)
}

// Comments that a link opened lie over everything: the full view waits until they are closed.
function reopen(grid) {
  const talk = grid.section.getRootNode().querySelector('.talk:popover-open')
  if (talk && !grid.full.layer.matches(':popover-open')) return talk.addEventListener('toggle', () => grid.section.isConnected && reopen(grid), { once: true })
  const { open, pair } = grid.view
  const known = pair.filter((id) => grid.cells.has(id))
  if (known.length > 1) openCompare(grid, known)
  else if (grid.cells.has(open)) openFull(grid, open)
}

function fromHash(grid) {
  if (writeView(grid.view) === location.hash) return
  grid.view = readView(grid, location.hash)
  closeFull(grid)
  endCompare(grid)
  drawAll(grid)
  reopen(grid)
}
