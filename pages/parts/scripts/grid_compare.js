// Two cells or more looked at together: one over the other with a slider, side by side, or in turn. All share one zoom and one place.
const MODE_WORDS = { slider: ['Slider', 'S'], beside: ['Side by side', 'B'], flicker: ['Flicker', 'F'] }
const FLICKER_MS = 700
const DEEPEST = 8

function compareView(grid) {
  const bar = build('div', { class: 'compare-bar' })
  const stage = build('div', { class: 'compare-stage' })
  const layer = build('div', { popover: 'manual', class: 'grid-compare', role: 'dialog', 'aria-label': 'Pair view', tabindex: '-1' }, bar, stage)
  return { layer, bar, stage, ids: [], zoom: { z: 1, x: 0, y: 0 }, split: 0.5, turn: 0 }
}

function openCompare(grid, ids) {
  const { compare } = grid
  compare.ids = ids.slice(0, 6)
  Object.assign(compare, { zoom: { z: 1, x: 0, y: 0 }, split: 0.5, turn: 0, back: grid.view.open })
  closeFull(grid)
  grid.sourced = null
  Object.assign(grid.view, { pair: compare.ids, open: null })
  if (!compare.layer.matches(':popover-open')) compare.layer.showPopover()
  drawCompare(grid)
  compare.layer.focus()
  grid.touched = true
  keepHash(grid)
}

function endCompare(grid) {
  const { compare } = grid
  clearInterval(compare.flicker)
  if (!compare.ids.length) return
  const last = compare.ids.at(-1)
  compare.ids = []
  compare.stage.replaceChildren()
  if (compare.layer.matches(':popover-open')) compare.layer.hidePopover()
  grid.sourced = null
  if (grid.view) grid.view.pair = []
  grid.elements.get(last)?.focus()
  keepHash(grid)
}

function drawCompare(grid) {
  const { compare, view } = grid
  const { stage, ids } = compare
  clearInterval(compare.flicker)
  stage.dataset.mode = view.mode
  stage.style.setProperty('--many', ids.length)
  const lenses = view.mode === 'beside' ? ids.map((id, n) => lensOf(grid, [id], n)) : [lensOf(grid, view.mode === 'slider' ? ids.slice(0, 2) : ids, 0)]
  stage.replaceChildren(...lenses)
  if (view.mode === 'slider') stage.append(splitter(grid))
  if (view.mode === 'flicker') startFlicker(grid)
  redo(compare.bar, JSON.stringify([view.mode, ids]), () => compareBar(grid))
  aimAll(grid)
  if (grid.sourced) showSource(grid, grid.sourced)
}

function compareBar(grid) {
  const modes = Object.entries(MODE_WORDS).map(([mode, [words, key]]) =>
    gridButton('', words, () => chooseMode(grid, mode), { key, class: mode === grid.view.mode ? 'chosen' : null, 'aria-pressed': String(mode === grid.view.mode), 'data-name': mode }),
  )
  const zoom = (mark, words, key, by) => gridButton(mark, '', () => zoomAt(grid, by), { class: 'quiet', 'aria-label': words, title: `${words} (${key})`, 'data-name': words })
  return [
    build('div', { class: 'buttons', role: 'group', 'aria-label': 'How to compare' }, ...modes),
    build(
      'div', { class: 'buttons tools' },
      zoom('zoom_out', 'Zoom out', '−', 1 / 1.5), zoom('zoom_in', 'Zoom in', '+', 1.5),
      gridButton('person', 'Source photo', () => sourcePressed(grid, grid.compare.ids[0]), { key: 'P', 'aria-label': 'Source photo', 'data-name': 'source' }),
      gridButton('swap_horiz', 'Swap', () => swapPair(grid), { key: 'W', 'aria-label': 'Swap', 'data-name': 'swap' }),
      gridButton('close', '', () => endCompare(grid), { class: 'quiet', 'aria-label': 'Close', title: 'Close (Esc)', 'data-name': 'close' }),
    ),
  ]
}

// A lens is a window onto one place of one or more pictures that lie over each other.
function lensOf(grid, ids, n) {
  const layers = ids.map((id, k) => build('div', { class: 'lens-layer', 'data-of': id, 'data-k': k }, lensPicture(grid, grid.cells.get(id))))
  const frame = build('div', { class: 'lens', 'data-ids': ids.join() }, ...layers)
  const shape = grid.cells.get(ids[0])
  if (shape.width_px) frame.style.setProperty('--shape', `${shape.width_px} / ${shape.height_px}`)
  frame.onwheel = (event) => {
    event.preventDefault()
    zoomAt(grid, event.deltaY < 0 ? 1.2 : 1 / 1.2, spotIn(frame, event))
  }
  frame.onpointerdown = (event) => dragIn(grid, frame, event)
  frame.ondblclick = (event) => zoomAt(grid, grid.compare.zoom.z > 1 ? 0 : 3, spotIn(frame, event))
  const names = ids.map((id, k) => lensName(grid, id, n + k))
  return build('figure', {}, frame, build('figcaption', {}, ...names))
}

function lensName(grid, id, n) {
  const cell = grid.cells.get(id)
  const facts = [cell.likeness !== null && `likeness ${twoDigits(cell.likeness)}`, costOf(cell), cell.stars > 0 && `★${cell.stars}`].filter(Boolean)
  return build('span', { class: 'lens-name', 'data-k': n }, build('b', { class: 'lettered' }, 'ABCDEF'[n]), ` ${nameOf(grid, cell)} `, build('span', { class: 'small' }, facts.join(' · ')))
}

function lensPicture(grid, cell) {
  const alt = nameOf(grid, cell)
  if (!cell.clip || isStill()) return build('img', { class: 'looked', src: cell.full ?? cell.picture, alt, draggable: 'false', decoding: 'async' })
  const clip = build('video', { class: 'looked', src: cell.clip, poster: cell.picture, 'aria-label': alt, loop: true, playsinline: true, preload: 'auto' })
  clip.muted = true
  clip.oncanplay = () => playInStep([...grid.compare.stage.querySelectorAll('video')])
  return clip
}

function lensesOf(grid) {
  return [...grid.compare.stage.querySelectorAll('.lens-layer')].map((layer) => [layer, layer.dataset.of])
}

function spotIn(frame, event) {
  const box = frame.getBoundingClientRect()
  return [(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height]
}

// Zooms about a spot, which stays where it is; by 0 means: back to all of it.
function zoomAt(grid, by, [u, v] = [0.5, 0.5]) {
  const { zoom } = grid.compare
  const z = by ? within(zoom.z * by, 1, DEEPEST) : 1
  zoom.x = u - ((u - zoom.x) * z) / zoom.z
  zoom.y = v - ((v - zoom.y) * z) / zoom.z
  zoom.z = z
  aimAll(grid)
}

// Where all lenses look: a fraction of the picture's own size, so that lenses of any size look at the same place.
function aimAll(grid) {
  const { zoom, stage, split } = grid.compare
  zoom.x = within(zoom.x, 1 - zoom.z, 0)
  zoom.y = within(zoom.y, 1 - zoom.z, 0)
  for (const [name, value] of [['--z', zoom.z], ['--x', `${zoom.x * 100}%`], ['--y', `${zoom.y * 100}%`], ['--split', `${split * 100}%`]]) stage.style.setProperty(name, value)
  const range = stage.querySelector('input[type=range]')
  if (range && Number(range.value) !== Math.round(split * 100)) range.value = Math.round(split * 100)
}

// A drag near the line of the slider, or anywhere while nothing is zoomed, moves the line; else it moves the pictures.
function dragIn(grid, frame, event) {
  if (event.button !== 0) return
  const { compare } = grid
  const box = frame.getBoundingClientRect()
  const [u] = spotIn(frame, event)
  const splits = grid.view.mode === 'slider' && (compare.zoom.z === 1 || Math.abs(u - compare.split) * box.width < 24)
  const from = { x: event.clientX, y: event.clientY, at: { ...compare.zoom } }
  const move = (moved) => {
    if (splits) compare.split = within(spotIn(frame, moved)[0], 0, 1)
    else Object.assign(compare.zoom, { x: from.at.x + (moved.clientX - from.x) / box.width, y: from.at.y + (moved.clientY - from.y) / box.height })
    aimAll(grid)
  }
  if (splits) move(event)
  frame.setPointerCapture(event.pointerId)
  frame.onpointermove = move
  frame.onpointerup = frame.onpointercancel = () => (frame.onpointermove = null)
}

function splitter(grid) {
  const range = build('input', { type: 'range', min: 0, max: 100, value: 50, class: 'splits', 'aria-label': 'How much of A is shown, in percent' })
  range.oninput = () => {
    grid.compare.split = Number(range.value) / 100
    aimAll(grid)
  }
  return range
}

function startFlicker(grid) {
  const { compare } = grid
  turnFlicker(grid, compare.turn)
  if (!isStill()) compare.flicker = setInterval(() => turnFlicker(grid, compare.turn + 1), FLICKER_MS)
}

function turnFlicker(grid, turn) {
  const { compare } = grid
  compare.turn = turn % compare.ids.length
  for (const one of compare.stage.querySelectorAll('.lens-layer, .lens-name')) one.classList.toggle('turned', Number(one.dataset.k) === compare.turn)
}

function chooseMode(grid, mode) {
  grid.view.mode = mode
  drawCompare(grid)
  keepHash(grid)
}

function swapPair(grid) {
  grid.compare.ids = [...grid.compare.ids].reverse()
  grid.view.pair = grid.compare.ids
  drawCompare(grid)
  keepHash(grid)
}

// Arrows lead the last of the pair to its neighbour that has a picture.
function walkPair(grid, direction) {
  const { compare } = grid
  let next = neighbourOf(grid, compare.ids.at(-1), direction)
  while (next && (!grid.cells.get(next).picture || compare.ids.includes(next))) next = neighbourOf(grid, next, direction)
  if (!next) return speak(grid, 'This is the edge of the grid.')
  compare.ids = [...compare.ids.slice(0, -1), next]
  grid.view.pair = compare.ids
  drawCompare(grid)
  keepHash(grid)
}

function compareKeys(grid, event) {
  const key = event.key.toLowerCase()
  const mode = Object.keys(MODE_WORDS).find((one) => MODE_WORDS[one][1].toLowerCase() === key)
  if (mode) chooseMode(grid, mode)
  else if (key === 'escape' || key === 'x') endCompare(grid)
  else if (event.key in DIRECTIONS) walkPair(grid, DIRECTIONS[event.key])
  else if (key === 'w') swapPair(grid)
  else if (key === 'p') event.repeat || sourcePressed(grid, grid.compare.ids[0])
  else if (key === ' ') flipByHand(grid)
  else if (['+', '=', '-', '−'].includes(key)) zoomAt(grid, '+='.includes(key) ? 1.5 : 1 / 1.5)
  else if (key === '0') zoomAt(grid, 0)
  else if (key === '?') showKeys(grid)
  else return false
  return true
}

function flipByHand(grid) {
  clearInterval(grid.compare.flicker)
  if (grid.view.mode === 'flicker') turnFlicker(grid, grid.compare.turn + 1)
  else grid.compare.stage.querySelectorAll('video').forEach(pauseOrPlay)
}
