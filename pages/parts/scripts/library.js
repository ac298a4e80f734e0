// Judging one tile after the other: the focus stays where the work is, ticks are counted, and one large picture leads to the next.
const TURNS = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }

function tilesOf(root) {
  return [...root.querySelectorAll('[data-tile]')]
}

// Where the focus stands before a drawing, and where it goes when its place was drawn away.
function standing(root) {
  const active = root.getRootNode().activeElement
  if (!active || !root.contains(active)) return null
  const tile = active.closest('[data-tile]')
  return { active, tile, at: tilesOf(root).indexOf(tile) }
}

function stand(root, line, stood) {
  if (!stood || root.contains(root.getRootNode().activeElement)) return
  if (stood === line) {
    // The page has built this element anew, and nothing else was gone to meanwhile.
    if (document.activeElement === document.body) named(root, line.stood)?.focus({ preventScroll: true })
    return
  }
  if (stood.active.isConnected && !stood.active.disabled) return stood.active.focus({ preventScroll: true })
  const tiles = tilesOf(root)
  const next = !stood.tile ? named(root, line.stood) : stood.tile.isConnected ? stood.tile : tiles[Math.min(stood.at, tiles.length - 1)]
  next?.focus({ preventScroll: !stood.tile })
}

function named(root, id) {
  return id ? root.querySelector(`#${CSS.escape(id)}`) : null
}

// Ticks belong to this tab until something is done with them.
function ticked(event, root) {
  const boxes = [...root.querySelectorAll('.pick input')]
  if (event?.target.dataset.all !== undefined) tickAll(boxes, event.target.checked)
  const chosen = boxes.filter((box) => box.checked).length
  for (const count of root.querySelectorAll('[data-picked]')) {
    const words = chosen ? `${chosen} selected` : ''
    if (count.textContent !== words) count.textContent = words
  }
  for (const all of root.querySelectorAll('[data-all]')) {
    all.checked = chosen > 0 && chosen === boxes.length
    all.indeterminate = chosen > 0 && chosen < boxes.length
  }
}

function tickAll(boxes, yes) {
  for (const box of boxes) box.checked = yes
  boxes[0]?.dispatchEvent(new Event('input', { bubbles: true }))
}

// The full screen: filled from a tile, judged by the same letters, and it goes along with what is decided.
function pressed(event, root) {
  const tile = event.target.closest('[data-full]')?.closest('[data-tile]')
  if (tile) enlarge(root, tile)
  const step = event.target.closest('[data-step]')
  if (step) stepTo(root, Number(step.dataset.step))
  if (event.target.closest('[data-none]')) tickAll([...root.querySelectorAll('.pick input')], false)
}

function stageOf(root) {
  return root.querySelector('.stage:popover-open')
}

function enlarge(root, tile) {
  const stage = root.querySelector('.stage')
  if (!stage || !tile.dataset.large) return
  stage.ontoggle = (event) => event.newState === 'closed' && leave(root, stage)
  if (!stage.matches(':popover-open')) stage.showPopover()
  fillStage(root, stage, tile)
  stage.focus()
}

function leave(root, stage) {
  named(root, stagedId(stage))?.focus()
  stage.querySelector('.stage-frame').replaceChildren()
}

function stagedId(stage) {
  return stage.querySelector('.stage-frame').firstChild?.dataset.of ?? '-'
}

function fillStage(root, stage, tile) {
  const words = stage.querySelector('.stage-words')
  if (words.textContent !== tile.getAttribute('aria-label')) words.textContent = tile.getAttribute('aria-label')
  if (stagedId(stage) === tile.id) return
  const film = tile.dataset.film !== undefined
  const shown = document.createElement(film ? 'video' : 'img')
  shown.dataset.of = tile.id
  const small = tile.querySelector('.shown img')?.src
  if (film) Object.assign(shown, { loop: true, muted: true, playsInline: true, poster: small ?? '' })
  else if (small) shown.style.backgroundImage = `url("${small}")`
  shown.setAttribute(film ? 'aria-label' : 'alt', tile.querySelector('.shown img')?.alt ?? '')
  shown.src = tile.dataset.large
  stage.querySelector('.stage-frame').replaceChildren(shown)
  if (film) play(shown)
  tile.scrollIntoView({ block: 'nearest' })
  const next = neighbour(root, tile, 1)
  if (next && next.dataset.film === undefined) new Image().src = next.dataset.large
}

function neighbour(root, tile, step) {
  const tiles = tilesOf(root).filter((one) => one.dataset.large || one === tile)
  return tiles[tiles.indexOf(tile) + step]
}

function stepTo(root, step) {
  const stage = stageOf(root)
  const tile = stage && named(root, stagedId(stage))
  const next = tile && neighbour(root, tile, step)
  if (next) fillStage(root, stage, next)
}

function staged(event, root) {
  const stage = stageOf(root)
  if (!stage) return false
  const on = event.composedPath()[0].closest?.('button')
  const tile = named(root, stagedId(stage))
  if (event.metaKey || event.ctrlKey || event.altKey || !tile || (on && [' ', 'Enter'].includes(event.key))) return true
  if (event.key in TURNS) stepTo(root, TURNS[event.key])
  else if (event.key === ' ') stage.hidePopover()
  else if (!pressKey(tile, event)) return true
  event.preventDefault()
  return true
}

// Presses the button of a tile that a key names; what decides goes on to the next tile.
function pressKey(tile, event) {
  const wanted = tile.querySelector(`[data-key="${CSS.escape(keyOf(event))}"]`)
  if (!wanted) return false
  const root = tile.closest('.live')
  const stage = stageOf(root)
  if (wanted.matches('a')) stage?.hidePopover()
  wanted.click()
  if (wanted.dataset.moves !== undefined && !wanted.disabled) {
    if (stage) stepTo(root, 1)
    else walk(root, tile, 1)
  }
  return true
}

// After every drawing: the large picture says what was decided meanwhile, and goes on when its tile went.
function redrawn(root, line, stood, at) {
  const stage = stageOf(root)
  if (stage) {
    const tiles = tilesOf(root)
    const tile = named(root, stagedId(stage)) ?? tiles[Math.min(at, tiles.length - 1)]
    if (tile) fillStage(root, stage, tile)
    else stage.hidePopover()
  } else stand(root, line, stood)
  ticked(null, root)
}

function stagedAt(root) {
  const stage = stageOf(root)
  return stage ? tilesOf(root).findIndex((tile) => tile.id === stagedId(stage)) : -1
}
