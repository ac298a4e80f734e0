// The keyboard: one finger for each thing that is done again and again. Typing in a field is never taken for that.
const DIRECTIONS = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] }
const GRID_KEYS = [
  ['← ↑ → ↓', 'go to the next cell; in the full view and in the pair view, too'],
  ['Enter', 'open the cell in full; Esc closes'],
  ['1 – 5', 'give stars, 0 takes them away'],
  ['R', 'reject with a reason'],
  ['P', 'show the source photo in its place: press for on and off, or hold'],
  ['X', 'mark the first of a pair; on a second cell, compare the two'],
  ['C', 'put into the compare strip, or take out of it'],
  ['Space', 'pictures: open in full; clips: stop and play'],
  ['Page up, Page down', 'turn the page'],
  ['Home, End', 'first and last cell of the row'],
  ['+ −', 'larger and smaller cells; with the wheel: hold Ctrl'],
  ['S  B  F', 'in the pair view: slider, side by side, flicker'],
  ['W', 'in the pair view: swap the two'],
  ['+ − 0', 'in the pair view: zoom; drag to move'],
  ['?', 'these keys'],
]
const HOLD_MS = 350
const SIZE_STEP = 1.2

function gridKeys(grid, event) {
  const target = event.composedPath()[0]
  if (event.metaKey || event.ctrlKey || event.altKey || isTyping(target) || !grid.axes) return
  if (target.closest('.grid-reject, .grid-keys')) return
  if (target.closest('button, summary') && [' ', 'Enter'].includes(event.key)) return
  if (target.matches('input[type=range]') && event.key in DIRECTIONS) return
  const done = grid.compare.ids.length ? compareKeys(grid, event) : grid.view.open ? fullKeys(grid, event) : cellKeys(grid, event, target.closest('.cell[data-id]'))
  if (!done) return
  event.preventDefault()
  event.stopPropagation()
}

// Keys that mean the same wherever a cell is looked at: true when one did something.
function actOn(grid, id, event) {
  const key = event.key.toLowerCase()
  if (/^[0-5]$/.test(key)) rate(grid, id, Number(key))
  else if (key === 'r') askReject(grid, id)
  else if (key === 'x') markPair(grid, id)
  else if (key === 'c') toggleKept(grid, id)
  else if (key === 'p') event.repeat || sourcePressed(grid, id)
  else return false
  return true
}

function cellKeys(grid, event, element) {
  if (event.key === '?') return showKeys(grid)
  if (['+', '='].includes(event.key)) return enlargeCells(grid, SIZE_STEP)
  if (['-', '−'].includes(event.key)) return enlargeCells(grid, 1 / SIZE_STEP)
  if (event.key === 'PageUp' || event.key === 'PageDown') return pagesOf(grid).length > 1 && (turnPage(grid, event.key === 'PageUp' ? -1 : 1), true)
  if (!element) return false
  const { id } = element.dataset
  if (event.key in DIRECTIONS) return goTo(grid, neighbourOf(grid, id, DIRECTIONS[event.key]))
  if (event.key === 'Home' || event.key === 'End') return goTo(grid, grid.matrix[element.spot[0]].filter(Boolean).at(event.key === 'Home' ? 0 : -1))
  if (event.key === 'Enter' || (event.key === ' ' && !holdClips(grid, element))) openFull(grid, id)
  else if (event.key === ' ') return true
  else if (event.key === 'Escape' && grid.marked) markPair(grid, null)
  else return actOn(grid, id, event)
  return true
}

function goTo(grid, id) {
  if (id) grid.elements.get(id).focus()
  return true
}

function enlargeCells(grid, by) {
  changeView(grid, { size: within(Math.round((grid.view.size * by) / 8) * 8, SMALLEST_PX, LARGEST_PX) })
  drawBar(grid)
  return true
}

function wheeled(grid, event) {
  if (!event.ctrlKey || !grid.axes) return
  event.preventDefault()
  enlargeCells(grid, event.deltaY < 0 ? 1.1 : 1 / 1.1)
}

function rate(grid, id, stars) {
  const cell = grid.cells.get(id)
  if (cell.state !== 'made' || (cell.stars ?? 0) === stars) return
  decide(grid, id, { do: 'rate', stars: String(stars) }, { stars })
  speak(grid, stars ? `${stars} ${stars === 1 ? 'star' : 'stars'}` : 'No stars')
}

// The first X marks A, the second opens both; X on A takes the mark away.
function markPair(grid, id) {
  if (id && grid.marked && grid.marked !== id) {
    const pair = [grid.marked, id]
    grid.marked = null
    openCompare(grid, pair)
  } else {
    grid.marked = id && grid.marked !== id && grid.cells.get(id).picture ? id : null
    speak(grid, grid.marked ? 'Marked A. Press X on a second cell to compare the two.' : 'No cell is marked.')
  }
  weigh(grid)
  drawStrip(grid)
}

function toggleKept(grid, id) {
  if (!grid.cells.get(id).picture) return
  keepCells(grid, grid.kept.includes(id) ? grid.kept.filter((one) => one !== id) : [...grid.kept, id])
}

function keepCells(grid, ids) {
  grid.kept = ids
  speak(grid, `${ids.length} in the compare strip`)
  weigh(grid)
  drawStrip(grid)
  refreshFull(grid)
}

function showKeys(grid) {
  redo(grid.help, 'keys', () => [
    build('h2', {}, 'Keys of the grid'),
    build('dl', { class: 'key-list' }, ...GRID_KEYS.flatMap(([keys, words]) => [build('dt', {}, build('kbd', {}, keys)), build('dd', {}, words)])),
    build('div', { class: 'buttons' }, gridButton('', 'Close', () => grid.help.hidePopover())),
  ])
  grid.help.showPopover()
  grid.help.focus()
  return true
}

// The source photo in the place of what was made from it: pressed it stays, held it goes with the finger.
function sourceOf(grid, cell) {
  const has = (axis) => axis.values.some((value) => value.picture)
  const axis = grid.axes.find((one) => one.name === 'photo' && has(one)) ?? grid.axes.find(has)
  const value = axis?.values[cell.at[grid.axes.indexOf(axis)]]
  return value ? (value.large ?? value.picture) : null
}

function sourcePressed(grid, id) {
  const on = !grid.sourced
  showSource(grid, on ? id : null)
  grid.sourcePress = { on, at: performance.now() }
}

function releasedKey(grid, event) {
  if (event.key.toLowerCase() !== 'p' || !grid.sourcePress) return
  if (grid.sourcePress.on && performance.now() - grid.sourcePress.at > HOLD_MS) showSource(grid, null)
  grid.sourcePress = null
}

function showSource(grid, id) {
  grid.sourced = id
  grid.box.querySelectorAll('.source').forEach((image) => image.remove())
  if (!id) return
  const { block } = grid.elements.get(id)
  const shots = grid.compare.ids.length ? lensesOf(grid) : grid.view.open ? [[grid.full.frame, id]] : [...grid.elements].filter(([, one]) => one.isConnected && one.block === block).map(([one, element]) => [element.firstChild, one])
  for (const [shot, one] of shots) {
    const address = sourceOf(grid, grid.cells.get(one))
    if (address) shot.append(build('img', { class: 'source', src: address, alt: 'The source photo' }))
  }
  speak(grid, 'The source photo is shown.')
}
