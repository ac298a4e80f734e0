// The light table of a case: in each slot one picture is framed, arrows walk along the filmstrip, and A and R act on the framed picture that is seen.
const SETTLED_MS = 400
const SEEN_SHARE = 0.6
const STRIP_PX = 36
const framings = new Map()

function framingOf(table) {
  const name = table.dataset.table
  if (!framings.has(name)) framings.set(name, { framed: {}, order: {}, known: new Set() })
  return framings.get(name)
}

function framesIn(table, slot) {
  return [...table.querySelectorAll(`[data-of="${slot}"] > [data-frame]`)]
}

function frameOf(table, slot = framingOf(table).slot) {
  return framesIn(table, slot).find((frame) => frame.dataset.frame === framingOf(table).framed[slot])
}

// After every drawing: what was framed stays so; where it is gone its neighbour is framed, and counts as unseen unless whoever is here decided it away.
function frameAgain(root) {
  const table = root.querySelector('[data-table]')
  if (!table) return
  const framing = framingOf(table)
  for (const slot of ['avatar', 'clip']) framing.framed[slot] = chooseFrame(framing, slot, framesIn(table, slot))
  chooseSlot(table, framing)
  for (const frame of table.querySelectorAll('[data-frame]')) framing.known.add(frame.dataset.frame)
  showFrames(table)
  noteChange(table, framing)
}

function chooseFrame(framing, slot, frames) {
  const runs = frames.map((frame) => frame.dataset.frame)
  const before = framing.order[slot] ?? []
  framing.order[slot] = runs
  const asked = framing.asked ? runs.filter((run) => !framing.known.has(run)).at(-1) : undefined
  if (asked) {
    framing.asked = false
    framing.own = true
    return asked
  }
  const run = framing.framed[slot]
  if (runs.includes(run)) return run
  const first = frames.find((frame) => frame.dataset.first !== undefined)?.dataset.frame
  if (run === undefined) return first
  framing.own ||= framing.decided === run
  const after = before.slice(before.indexOf(run) + 1).find((one) => frames.some((frame) => frame.dataset.frame === one && frame.dataset.waits !== undefined))
  return after ?? first
}

// Whoever looks at something that waits for a decision is not led away from it.
function chooseSlot(table, framing) {
  const given = table.dataset.slot
  const judging = framing.slot && frameOf(table)?.dataset.waits !== undefined
  if (!framing.slot || (framing.given !== given && !judging)) framing.slot = given
  framing.given = given
}

function noteChange(table, framing) {
  const frame = frameOf(table)
  const mark = frame ? `${frame.dataset.frame} ${frame.dataset.made !== undefined}` : ''
  if (mark === framing.mark) return
  const same = framing.mark?.split(' ')[0] === mark.split(' ')[0]
  framing.unseen = framing.mark !== undefined && !same && !framing.own
  framing.own = false
  framing.since = performance.now()
  framing.mark = mark
}

function showFrames(table) {
  const framing = framingOf(table)
  const at = frameOf(table) ? framing.slot : 'nothing'
  if (table.dataset.at !== at) table.dataset.at = at
  for (const slot of ['avatar', 'clip']) {
    const run = framing.framed[slot]
    for (const part of table.querySelectorAll(`[data-of="${slot}"] > .framed`)) light(part, (part.dataset.frame ?? part.dataset.more) === run)
    for (const pick of table.querySelectorAll(`[data-of="${slot}"] [data-shows]`)) pick.setAttribute('aria-pressed', pick.dataset.shows === run)
    aheadOf(framesIn(table, slot), run)
  }
}

function light(part, on) {
  if (on === (part.dataset.on !== undefined)) return
  if (on) part.dataset.on = ''
  else delete part.dataset.on
  part.querySelectorAll('video[data-loops]').forEach((clip) => (on ? play(clip) : clip.pause()))
}

// The pictures beside the framed one are fetched before somebody walks there.
function aheadOf(frames, run) {
  const at = frames.findIndex((frame) => frame.dataset.frame === run)
  for (const frame of [frames[at - 1], frames[at + 1]]) frame?.querySelectorAll('.shot img').forEach((image) => (image.loading = 'eager'))
}

function frameRun(table, slot, run) {
  const framing = framingOf(table)
  framing.slot = slot
  framing.framed[slot] = run
  framing.own = true
  framing.unseen = false
  framing.decided = null
  showFrames(table)
  noteChange(table, framing)
  framing.since = 0
  for (const told of table.querySelectorAll('.told')) tell(told, '')
}

// Clicks: a picture of the filmstrip is framed, a slot that is clicked is looked at, a next step leads to its part of the page.
function pressTable(event, root) {
  const to = event.target.closest('[data-to]')
  if (to) leadTo(root, to.dataset.to)
  const slot = event.target.closest('[data-table] [data-of]')
  const table = slot?.closest('[data-table]')
  if (!table) return
  const run = event.target.closest('[data-shows]')?.dataset.shows ?? framingOf(table).framed[slot.dataset.of]
  if (run && (run !== framingOf(table).framed[slot.dataset.of] || slot.dataset.of !== framingOf(table).slot)) frameRun(table, slot.dataset.of, run)
}

function leadTo(root, id) {
  const part = named(root, id)
  if (!part) return
  part.scrollIntoView({ block: 'center' })
  const first = [...part.querySelectorAll('button:not(:disabled), a[href], input')].find((one) => one.checkVisibility?.() ?? true)
  first?.focus({ preventScroll: true })
}

// What a press in a frame is about, and what is framed there at that moment: the verb refuses when the two differ.
function framedAt(element) {
  const frame = element.closest('[data-frame]')
  const table = frame?.closest('[data-table]')
  if (!table) return {}
  const framing = framingOf(table)
  const framed = framing.framed[frame.parentElement.dataset.of] ?? ''
  if (element.dataset.do === 'decide') framing.decided = frame.dataset.frame
  return { framed }
}

// Whoever asks for something sees it as soon as it is there.
function noteAsked(root, what) {
  const table = root.querySelector('[data-table]')
  if (table && ['make', 'animate', 'retry'].includes(what.do)) framingOf(table).asked = true
  return what
}

function keyTable(root, event) {
  const table = root.querySelector('[data-table]')
  if (!table) return false
  if (event.key === 'ArrowLeft' || event.key === 'ArrowRight') return walkFilm(root, table, event.key === 'ArrowLeft' ? -1 : 1)
  if (event.repeat) return true
  const frame = frameOf(table)
  const button = frame?.querySelector(`[data-key="${CSS.escape(keyOf(event))}"]`)
  if (!button) return false
  const told = frame.parentElement.querySelector('.told')
  const why = button.disabled ? button.title : whyUnseen(root, framingOf(table), frame)
  if (why) tellAgain(told, `${why} ${button.disabled ? '' : `Look at it, then press ${event.key.toUpperCase()} again.`}`)
  else button.click()
  return true
}

function tellAgain(region, words) {
  region.textContent = ''
  requestAnimationFrame(() => (region.textContent = words))
}

function isCovered(root) {
  return Boolean(root.querySelector('[popover=auto]:popover-open') || document.querySelector('[data-testid="stDialog"], [role="dialog"][aria-modal="true"]'))
}

function walkFilm(root, table, step) {
  const framing = framingOf(table)
  const runs = framing.order[framing.slot] ?? []
  const run = runs[runs.indexOf(framing.framed[framing.slot]) + step]
  if (!run) return runs.length > 1
  const follows = root.getRootNode().activeElement?.dataset.shows !== undefined
  frameRun(table, framing.slot, run)
  const pick = table.querySelector(`[data-shows="${CSS.escape(run)}"]`)
  pick?.scrollIntoView({ block: 'nearest', inline: 'nearest' })
  if (follows) pick.focus({ preventScroll: true })
  return true
}

// Why a key must not act on a frame yet; empty when its picture is really in front of somebody.
function whyUnseen(root, framing, frame) {
  const shot = [...frame.querySelectorAll('.slid, .beside, .film')].find((one) => one.checkVisibility?.() ?? true)
  const fresh = framing.unseen || performance.now() - framing.since < SETTLED_MS
  const seen = shot && shareSeen(root, shot) >= SEEN_SHARE
  framing.unseen = false
  if (fresh || !seen) framing.since = 0
  if (!seen) {
    frame.scrollIntoView({ block: 'center' })
    return 'It was not in view.'
  }
  if (fresh) return 'Another picture stands here now.'
  return hasArrived(shot) ? '' : 'The picture has not arrived yet.'
}

function hasArrived(shot) {
  const arrived = (image) => image.complete && image.naturalWidth > 0
  return [...shot.querySelectorAll('img')].every(arrived) && [...shot.querySelectorAll('video')].every((clip) => clip.readyState > 0 || clip.poster)
}

// The share of a picture that the window shows, below the strip and with nothing in front of its middle.
function shareSeen(root, shot) {
  const box = shot.getBoundingClientRect()
  const [left, right] = [Math.max(box.left, 0), Math.min(box.right, innerWidth)]
  const [top, bottom] = [Math.max(box.top, STRIP_PX), Math.min(box.bottom, innerHeight)]
  if (right <= left || bottom <= top) return 0
  const front = root.getRootNode().elementFromPoint((left + right) / 2, (top + bottom) / 2)
  return shot.contains(front) ? ((right - left) * (bottom - top)) / (box.width * box.height) : 0
}

// A button that spends or decides is pressed by a key only where it can be seen.
function isInView(button) {
  const box = button.getBoundingClientRect()
  return box.width > 0 && box.top >= STRIP_PX && box.bottom <= innerHeight && box.left >= 0 && box.right <= innerWidth
}
