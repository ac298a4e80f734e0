// Which axis lies where, and everything else about the view: it lives behind the # of the address, so that a copied link opens the same view.
const PLACES = { rows: 'Rows', columns: 'Columns', cell: 'In the cell', pages: 'Pages' }
const SMALLEST_PX = 56
const LARGEST_PX = 560
const GAP_PX = 4
const HEAD_REM = 5.5
const WORDED_REM = 11 // prompts need room in the side
const SCROLLBAR_PX = 18 // with the borders
const BADGES_PX = 34
const AROUND_PX = 190 // the strip on top, the heads, and what is above the grid when one scrolled to it
const ROOMY_PX = 200
const SCROLLED_PX = 288
const HASH_AFTER_MS = 120
const WORDS = ['prompt', 'motion', 'swap']
const MOST_ROWS = 24
const LOOKS = ['none', 'likeness', 'cost', 'votes']
const MODES = ['slider', 'beside', 'flicker']

function choosable(grid) {
  return grid.axes.filter((axis) => axis.values.length > 1)
}

function axisNamed(grid, name) {
  return grid.axes.find((axis) => axis.name === name)
}

const numeric = new WeakMap()

function isNumeric(axis) {
  if (!numeric.has(axis)) numeric.set(axis, axis.values.every((value) => value.label.trim() !== '' && Number.isFinite(Number(value.label))))
  return numeric.get(axis)
}

// Photos, styles and words go down, strengths across, seeds into the cell. What is left goes down, too: only very many rows are turned like pages.
function usualPlaces(grid) {
  const left = choosable(grid).map((axis) => axis.name)
  const take = (...names) => names.filter((name) => left.includes(name)).map((name) => left.splice(left.indexOf(name), 1)[0])
  const longest = (among) => among.sort((one, other) => axisNamed(grid, other).values.length - axisNamed(grid, one).values.length)[0]
  const rows = take('photo', 'style', ...WORDS)
  const cell = take('seed', 'take')
  const columns = take(left.includes('strength') ? 'strength' : longest(left.filter((name) => isNumeric(axisNamed(grid, name)))) ?? longest([...left]))
  if (!columns.length) columns.push(...(rows.length > 1 || !cell.length ? rows.splice(-1) : cell.splice(0, 1)))
  if (!rows.length) rows.push(...take(left[0]))
  const count = (names) => names.reduce((product, name) => product * axisNamed(grid, name).values.length, 1)
  while (left.length && count([...rows, left[0]]) <= MOST_ROWS) rows.push(left.shift())
  return { rows, columns, cell, pages: left }
}

// As large as the width allows, all columns whole; where that leaves room to spare, no larger than all rows whole, or where these cannot be
// whole, no larger than is pleasant to scroll through. Never below 200 px for that.
function usualSize(grid, places) {
  const count = (names) => names.reduce((product, name) => product * axisNamed(grid, name).values.length, 1)
  const [columns, inside] = [count(places.columns), count(places.cell)]
  const across = acrossOf(inside)
  const rows = count(places.rows) * Math.ceil(inside / across)
  const worded = places.rows.some((name) => axisNamed(grid, name).values.some((value) => value.parts))
  const room = (grid.section.clientWidth || 960) - (worded ? WORDED_REM : HEAD_REM) * remPx() - SCROLLBAR_PX
  const wide = Math.floor((room / columns - BLOCK_PADDING_PX - GAP_PX * (across - 1)) / across)
  const high = Math.floor((innerHeight - AROUND_PX) / rows - BADGES_PX)
  return within(wide > ROOMY_PX ? Math.min(wide, high >= ROOMY_PX ? high : SCROLLED_PX) : wide, 96, 400)
}

function remPx() {
  return parseFloat(getComputedStyle(document.documentElement).fontSize)
}

// Nobody chose a size: it follows the width of the screen.
function refit(grid) {
  if (!grid.view || grid.view.sized || !grid.section.isConnected) return
  const size = usualSize(grid, grid.view)
  if (size === grid.view.size) return
  grid.view.size = size
  resize(grid)
  drawBar(grid)
}

function readView(grid, hash) {
  const said = new URLSearchParams(hash.replace(/^#/, ''))
  const known = choosable(grid).map((axis) => axis.name)
  const usual = usualPlaces(grid)
  const placed = new Set()
  const places = {}
  for (const place of Object.keys(PLACES)) {
    places[place] = (said.get(place) ?? '').split(',').filter((name) => known.includes(name) && !placed.has(name) && placed.add(name))
  }
  if (!placed.size) Object.assign(places, usual)
  else for (const place of Object.keys(PLACES)) places[place].push(...usual[place].filter((name) => !placed.has(name)))
  const size = within(Number(said.get('size')) || usualSize(grid, places), SMALLEST_PX, LARGEST_PX)
  const one = (name, allowed) => (allowed.includes(said.get(name)) ? said.get(name) : allowed[0])
  const ids = (name) => (said.get(name) ?? '').split(',').filter(Boolean)
  return {
    ...places, size, sized: Number(said.get('size')) > 0, page: Math.max(1, Math.floor(Number(said.get('page'))) || 1), by: one('by', LOOKS), dim: within(Number(said.get('dim')) || 0, 0, 1),
    fit: said.get('fit') === '1', open: said.get('open'), pair: ids('pair'), mode: one('mode', MODES),
  }
}

function writeView(view) {
  const said = Object.keys(PLACES).map((place) => [place, view[place]]).filter(([, names]) => names.length)
  said.push(['page', view.page > 1 && view.page], ['size', view.sized && view.size], ['by', view.by !== 'none' && view.by], ['dim', view.dim > 0 && view.dim])
  said.push(['fit', view.fit && 1], ['open', view.open], ['pair', view.pair.length > 1 && view.pair], ['mode', view.pair.length > 1 && view.mode])
  const written = ([name, value]) => `${name}=${[value].flat().map((one) => encodeURIComponent(one)).join(',')}`
  return `#${said.filter(([, value]) => value).map(written).join('&')}`
}

// Puts an axis where another is, which goes where the first was; without another it is only moved.
function place(grid, where, at, name) {
  const { view } = grid
  const old = view[where][at]
  const from = Object.keys(PLACES).find((one) => view[one].includes(name))
  if (name && old) view[from][view[from].indexOf(name)] = old
  else if (name) view[from].splice(view[from].indexOf(name), 1)
  if (name) view[where][at] = name
  else view[where].splice(at, 1)
  if (!name) view[where === 'pages' ? 'cell' : 'pages'].push(old)
  view.page = 1
  changeView(grid, {})
}

function swapPlaces(grid) {
  changeView(grid, { rows: grid.view.columns, columns: grid.view.rows })
}

function changeView(grid, how) {
  if (how.size) how.sized = true
  const { rows, columns, cell, pages, page } = Object.assign(grid.view, how)
  const laid = JSON.stringify([rows, columns, cell, pages, page])
  grid.touched = true
  if (laid !== grid.laid) {
    if (!grid.view.sized) grid.view.size = usualSize(grid, grid.view)
    drawBar(grid)
    lay(grid)
  }
  resize(grid)
  weigh(grid)
  drawLegend(grid)
  keepHash(grid)
}

// The address keeps up with the view; browsers refuse too many changes of it at once.
function keepHash(grid) {
  clearTimeout(grid.writing)
  grid.writing = setTimeout(() => {
    if (!grid.section.isConnected || !(grid.touched || location.hash.length > 1)) return
    const hash = writeView(grid.view)
    grid.touched = true
    if (location.hash !== hash) history.replaceState(history.state, '', hash)
  }, HASH_AFTER_MS)
}

function copyLink(grid, button) {
  grid.touched = true
  const address = location.href.replace(/#.*$/, '') + writeView(grid.view)
  navigator.clipboard?.writeText(address).then(() => {
    button.dataset.done = ''
    speak(grid, 'The link to this view is copied.')
    setTimeout(() => delete button.dataset.done, 2000)
  })
}
