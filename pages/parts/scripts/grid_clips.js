// Clips of a row play in step while somebody points at one of them or stands on it; nothing moves for those who want no motion.
const READY_WITHIN_MS = 1200
const STEP_EVERY_MS = 200
const JUMP_SECONDS = 0.25
const DRIFT_SECONDS = 0.03

function watchClips(grid) {
  const { table, scroller } = grid
  const over = (event) => event.target.closest('.cell[data-id]')
  // A pointer that rests has nothing to say when keys move on beneath it, so only its moves count.
  table.addEventListener('pointermove', (event) => over(event) && playRow(grid, over(event)), { passive: true })
  table.addEventListener('focusin', (event) => over(event) && playRow(grid, over(event)))
  scroller.addEventListener('pointerleave', () => table.matches(':focus-within') || stopClips(grid))
  table.addEventListener('focusout', (event) => table.contains(event.relatedTarget) || scroller.matches(':hover') || stopClips(grid))
}

function clipsOfRow(grid, row) {
  const window_ = grid.scroller.getBoundingClientRect()
  const plays = (element) => element.row === row && element.isConnected && element.near && grid.cells.get(element.dataset.id).clip
  return [...grid.elements.values()].filter((element) => plays(element) && overlaps(element, window_))
}

function playRow(grid, leader) {
  if (isStill() || grid.playing?.row === leader.row || !grid.cells.get(leader.dataset.id).clip) return
  stopClips(grid)
  const clips = clipsOfRow(grid, leader.row).map((element) => clipIn(grid, element))
  const playing = (grid.playing = { row: leader.row, clips, held: false })
  const ready = Promise.all(clips.map((clip) => clip.readyState > 2 || new Promise((done) => clip.addEventListener('canplay', done, { once: true }))))
  const late = new Promise((done) => setTimeout(done, READY_WITHIN_MS))
  Promise.race([ready, late]).then(() => {
    if (grid.playing !== playing) return
    if (!playing.held) clips.forEach(begin)
    playing.timer = setInterval(() => keepStep(clips), STEP_EVERY_MS)
  })
}

function clipIn(grid, element) {
  const cell = grid.cells.get(element.dataset.id)
  const clip = build('video', { class: 'playing', preload: 'auto', playsinline: true, loop: true, 'aria-hidden': 'true', tabindex: '-1' })
  Object.assign(clip, { muted: true, src: cell.clip })
  element.firstChild.append(clip)
  return clip
}

function begin(clip) {
  clip.play().catch(() => {})
}

// All follow the first: a large difference is jumped, a small one caught up with, so that nothing stutters.
function keepStep(clips) {
  const [first, ...others] = clips.filter((clip) => clip.readyState > 1 && clip.duration)
  for (const clip of others) {
    const wanted = first.currentTime % clip.duration
    const behind = wanted - clip.currentTime
    const off = Math.abs(behind) > clip.duration / 2 ? behind - Math.sign(behind) * clip.duration : behind
    if (Math.abs(off) > JUMP_SECONDS) clip.currentTime = wanted
    clip.playbackRate = Math.abs(off) > DRIFT_SECONDS && Math.abs(off) <= JUMP_SECONDS ? 1 + within(off, -0.15, 0.15) : 1
  }
}

function playInStep(clips) {
  if (clips.some((clip) => clip.readyState < 3 || !clip.paused)) return
  clips.forEach((clip) => (clip.currentTime = 0))
  clips.forEach(begin)
}

function stopClips(grid) {
  const { playing } = grid
  if (!playing) return
  grid.playing = null
  clearInterval(playing.timer)
  for (const clip of playing.clips) {
    clip.pause()
    clip.remove()
    clip.removeAttribute('src')
    clip.load()
  }
}

// The space key: true where there is a clip to stop or play.
function holdClips(grid, element) {
  if (!grid.cells.get(element.dataset.id).clip || isStill()) return false
  if (grid.playing?.row !== element.row) playRow(grid, element)
  else {
    grid.playing.held = !grid.playing.held
    grid.playing.clips.forEach((clip) => (grid.playing.held ? clip.pause() : begin(clip)))
  }
  return true
}

function pauseOrPlay(clip) {
  if (clip) clip.paused ? begin(clip) : clip.pause()
}
