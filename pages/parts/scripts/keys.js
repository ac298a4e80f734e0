// Keyboard for repeated work: arrows walk over tiles, letters press the button that names them. Typing in a field is never taken for that.
const ARROWS = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: 'below', ArrowUp: 'above' }
const SILENT = new Set(['Tab', 'Shift', 'Control', 'Alt', 'Meta', 'Escape', 'CapsLock', 'AltGraph', 'Dead'])

function keyed(event, root) {
  if (staged(event, root)) return
  const at = event.composedPath()[0]
  if (!at.closest || isTyped(at, event) || at.closest('[popover]') || event.metaKey || event.ctrlKey || event.altKey) return
  if (root.querySelector('.talk:popover-open')) return // a picture that is talked about lies over those that are judged
  const elsewhere = at.getRootNode() === document ? at.closest('button, a, [contenteditable], [role="dialog"]') : !root.contains(at)
  if (elsewhere) return
  // What lies over a light table has the keys for itself; Escape closes it.
  if (root.querySelector('[data-table]') && isCovered(root)) return
  if (keyTable(root, event)) return event.preventDefault()
  const tile = at.closest('[data-tile]')
  if (event.key in ARROWS) {
    if (!tile && (event.key !== 'ArrowRight' || !root.querySelector('[data-tile]'))) return
    event.preventDefault()
    walk(root, tile, ARROWS[event.key])
    return
  }
  if ([' ', 'Enter'].includes(event.key) && at.closest('button, a, summary')) return
  if (tile && pressKey(tile, event)) return event.preventDefault()
  const goesOn = root.querySelector('button[data-any-key]')
  if (goesOn && keyOf(event) !== 'u' && !event.repeat && !SILENT.has(event.key)) {
    event.preventDefault()
    goesOn.click()
    return
  }
  const named = [...root.querySelectorAll(`[data-key="${CSS.escape(keyOf(event))}"]`)]
  const wanted = named.find((button) => !button.closest('[data-tile], [data-frame]'))
  if (!wanted) return
  event.preventDefault()
  const acts = wanted.type === 'submit' || wanted.dataset.do !== undefined
  if (!acts || isInView(wanted)) return wanted.click()
  wanted.scrollIntoView({ block: 'center' })
  wanted.focus({ preventScroll: true })
}

// A switch or a slider takes the keys that move it; letters are nothing to it.
function isTyped(at, event) {
  const field = at.closest('input, textarea, select')
  if (!field) return false
  return !field.matches('input[type=radio], input[type=range]') || event.key.length !== 1 || event.key === ' '
}

function keyOf(event) {
  return event.key === ' ' ? 'space' : event.key.toLowerCase()
}

function walk(root, tile, step) {
  const tiles = [...root.querySelectorAll('[data-tile]')]
  const next = !tile ? tiles[0] : typeof step === 'number' ? tiles[tiles.indexOf(tile) + step] : beyond(tiles, tile, step)
  next?.focus()
  next?.scrollIntoView({ block: 'nearest' })
}

function beyond(tiles, tile, step) {
  const here = tile.getBoundingClientRect()
  const rows = tiles.filter((other) => {
    const top = other.getBoundingClientRect().top
    return step === 'below' ? top > here.top + 4 : top < here.top - 4
  })
  const far = (other) => {
    const box = other.getBoundingClientRect()
    return Math.abs(box.top - here.top) * 4 + Math.abs(box.left - here.left)
  }
  return rows.sort((one, other) => far(one) - far(other))[0]
}

// Clips in lists show their poster and play while somebody points at them or stands on them.
function listen(root, line) {
  const key = (event) => keyed(event, root)
  const start = (event) => shown(event)?.play().catch(() => {})
  const stop = (event) => {
    const clip = shown(event)
    if (!clip || clip.closest('[data-tile], li, article')?.matches(':hover, :focus-within')) return
    clip.pause()
    clip.load()
  }
  const shown = (event) => event.target.closest?.('[data-tile], li, article')?.querySelector('video[data-hover]')
  const stands = (event) => (line.stood = event.target.closest('[data-tile]')?.id ?? line.stood)
  const calls = [['pointerover', start], ['focusin', start], ['focusin', stands], ['pointerout', stop], ['focusout', stop]]
  calls.forEach(([name, call]) => root.addEventListener(name, call))
  document.addEventListener('keydown', key)
  return () => {
    document.removeEventListener('keydown', key)
    calls.forEach(([name, call]) => root.removeEventListener(name, call))
  }
}
