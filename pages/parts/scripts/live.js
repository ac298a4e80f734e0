// Draws what Python wrote into the page again without replacing what stays: pictures, clips, focus, open menus and typed words survive.
const clocks = new WeakMap()
const aheadMs = serverClock()
const LOST_AFTER_MS = 15000
const OWN = ['since', 'priced', 'own', 'draft', 'ceilingSays'] // what the browser fills itself

export default function ({ data, parentElement, setTriggerValue }) {
  const root = parentElement.querySelector('.live')
  const line = lineOf(data.key, root, (what) => setTriggerValue('pressed', what))
  const tellPython = (what) => queueUp(line, noteAsked(root, what))
  root.onclick = (event) => press(event, root, tellPython)
  root.onsubmit = (event) => submit(event, tellPython)
  root.onchange = (event) => changed(event, tellPython)
  root.oninput = (event) => {
    typed(event)
    ticked(event, root)
  }
  tendDialogs(root)
  if (data.key === 'strip') tendMenu(line, root)
  if (data.html !== null) draw(root, data, line)
  else if (root.dataset.mark !== data.mark) setTimeout(() => tellPython({ do: 'resend' }), 400)
  tendSearch(root)
  showTheme(root)
  heard(root, line, data.heard)
  tell(parentElement.querySelector('.spoken'), data.spoken)
  clearInterval(clocks.get(root))
  tick(root)
  clocks.set(root, setInterval(() => tick(root), 500))
  line.unlisten?.()
  const unlisten = (line.unlisten = listen(root, line))
  return () => {
    clearInterval(clocks.get(root))
    unlisten()
  }
}

function draw(root, data, line) {
  const wanted = document.createElement('template')
  wanted.innerHTML = data.html
  const stood = root.dataset.mark === undefined ? line : standing(root)
  const at = stagedAt(root)
  settle(root, wanted.content)
  root.dataset.mark = data.mark
  frameAgain(root)
  root.querySelectorAll('video[data-loops]').forEach((clip) => clip.closest('.framed:not([data-on])') || play(clip))
  root.querySelectorAll('form[id]').forEach(restore)
  sayReasons(root)
  root.querySelectorAll('[data-zoom]').forEach(zoomable)
  root.querySelectorAll('[data-marks]').forEach(markable)
  root.querySelectorAll('[data-feed]').forEach((section) => mountGrid(section, (what) => queueUp(line, what)))
  root.querySelectorAll('[data-autofocus]:not([data-focused])').forEach((field) => {
    field.dataset.focused = ''
    field.focus()
  })
  root.querySelectorAll('[data-opens]:not([data-opened])').forEach((dialog) => openUp(dialog, line))
  root.querySelectorAll('[data-shown]').forEach((mark) => onceShown(() => queueUp(line, { do: mark.dataset.shown })))
  redrawn(root, line, stood, at)
  repeatNotice(root)
  showToasts(root)
}

// What takes the browser long waits until everything else is on the screen.
function onceShown(then) {
  requestAnimationFrame(() => setTimeout(then))
}

// A dialog that Python opens; that somebody closed it is told.
function openUp(dialog, line) {
  dialog.dataset.opened = ''
  dialog.showPopover()
  dialog.ontoggle = (event) => {
    if (event.newState === 'closed' && dialog.isConnected) queueUp(line, { do: dialog.dataset.closes })
  }
}

function settle(old, fresh) {
  // What goes, goes first: what stays need not be moved then, and keeps the focus and its place in a clip.
  const kept = new Set([...fresh.childNodes].map((node) => node.id))
  for (const node of [...old.childNodes]) if (node.id && !kept.has(node.id)) node.remove()
  const named = new Map([...old.childNodes].filter((node) => node.id).map((node) => [node.id, node]))
  let place = old.firstChild
  for (const node of [...fresh.childNodes]) {
    const same = node.id ? named.get(node.id) : place && !place.id && alike(place, node) ? place : null
    if (same && alike(same, node)) {
      if (same !== place) old.insertBefore(same, place)
      renew(same, node)
      place = same.nextSibling
    } else {
      old.insertBefore(node, place)
    }
  }
  while (place) {
    const next = place.nextSibling
    place.remove()
    place = next
  }
}

function alike(one, other) {
  return one.nodeName === other.nodeName && one.id === other.id
}

function renew(old, fresh) {
  if (old.nodeType === Node.TEXT_NODE) {
    if (old.data !== fresh.data) old.data = fresh.data
    return
  }
  for (const { name, value } of [...fresh.attributes]) {
    if (old.getAttribute(name) === value || ours(old, name)) continue
    old.setAttribute(name, value)
    answer(old, name, value)
  }
  for (const { name } of [...old.attributes]) {
    if (fresh.hasAttribute(name) || ours(old, name)) continue
    old.removeAttribute(name)
    answer(old, name)
  }
  if (!OWN.some((name) => old.dataset?.[name] !== undefined)) settle(old, fresh)
}

// A field that was touched no longer follows its attributes; when Python changes its mind, the field does too, unless what was typed is kept.
function answer(field, name, value) {
  if (field.form?.dataset.keep !== undefined) return
  if (name === 'checked' || name === 'selected') field[name] = value !== undefined
  else if (name === 'value' && field.nodeName === 'INPUT' && field.getRootNode().activeElement !== field) field.value = value ?? ''
}

// What the person in front changed is theirs until the element goes.
function ours(node, name) {
  if (['aria-busy', 'data-focused', 'data-restored', 'data-opened', 'data-draft', 'data-pending'].includes(name)) return true
  if (name === 'data-on' || name === 'data-at' || name === 'loading') return true
  if (name === 'aria-pressed') return node.dataset.shows !== undefined || node.dataset.theme !== undefined
  if (name === 'hidden' || name === 'disabled') return node.id === 'lost' || node.dataset.unmarks !== undefined || node.dataset.for !== undefined || node.dataset.variant !== undefined
  if (name === 'aria-describedby') return node.nodeName === 'BUTTON'
  if (name === 'controls') return node.nodeName === 'VIDEO'
  if (name === 'open') return node.nodeName === 'DETAILS'
  return name === 'style' && (node.dataset.zoom !== undefined || node.dataset.slid !== undefined)
}

function rest(root) {
  root.querySelectorAll('[aria-busy]').forEach((one) => {
    one.removeAttribute('aria-busy')
    one.closest('[popover]:not([data-stays])')?.hidePopover?.()
  })
  root.removeAttribute('aria-busy')
}

function tell(region, words) {
  if (region.textContent !== words) region.textContent = words
}

function press(event, root, tellPython) {
  pressed(event, root)
  pressTable(event, root)
  pressComments(event, root)
  const link = event.target.closest('a[data-go]')
  if (link && event.button === 0 && !event.metaKey && !event.ctrlKey && !event.shiftKey) {
    event.preventDefault()
    busy(link)
    busy(root)
    tellPython({ do: 'go', href: link.getAttribute('href') })
    return
  }
  // What is taken away shows the view that is on the screen, which only the browser knows.
  const taken = event.target.closest('a[data-view]')
  if (taken) taken.search = location.hash.slice(1)
  const theme = event.target.closest('[data-theme]')
  if (theme) return chooseTheme(theme)
  const copied = event.target.closest('[data-copy]')
  if (copied) copy(copied)
  const adds = event.target.closest('[data-adds-variant]')
  if (adds) addVariant(adds.form)
  const zoom = event.target.closest('[data-zoom-by]')
  if (zoom) magnify(zoom)
  const button = event.target.closest('button[data-do]')
  if (!button || button.type === 'submit' || button.getAttribute('aria-busy') === 'true') return
  busy(button)
  if (button.dataset.cookie) document.cookie = `${button.dataset.cookie}; path=/; max-age=31536000; SameSite=Strict`
  tellPython({ ...button.dataset, ...framedAt(button), ...draftOf(button) })
}

function busy(one) {
  one.setAttribute('aria-busy', 'true')
  setTimeout(() => one.removeAttribute('aria-busy'), LOST_AFTER_MS)
}

function copy(button) {
  const words = button.getRootNode().getElementById(button.dataset.copy)?.textContent ?? ''
  navigator.clipboard?.writeText(words).then(() => {
    button.dataset.done = ''
    setTimeout(() => delete button.dataset.done, 2000)
  })
}

function play(clip) {
  const still = matchMedia('(prefers-reduced-motion: reduce)').matches
  clip.muted = true
  clip.controls = still
  if (!still && clip.paused) clip.play().catch(() => {})
}

function tick(root) {
  for (const clock of root.querySelectorAll('[data-since]')) {
    const seconds = secondsSince(clock.dataset.since)
    const about = Number(clock.dataset.about)
    const words = spell(seconds) + (about ? (seconds > about ? `, usually ${spell(about)}` : ` of about ${spell(about)}`) : '')
    if (clock.textContent !== words) clock.textContent = words
  }
  for (const bar of root.querySelectorAll('[data-began]')) fill(bar)
  for (const left of root.querySelectorAll('[data-until]')) countDown(left)
  const lost = root.querySelector('#lost')
  if (lost) checkLink(lost)
}

// Between two stages a bar goes on with the time that usually passes, never beyond where the next stage begins.
function fill(bar) {
  const [low, high] = [Number(bar.dataset.low), Number(bar.dataset.high)]
  const done = Math.round(low + (high - low) * Math.min(1, secondsSince(bar.dataset.began) / Number(bar.dataset.about)))
  bar.setAttribute('aria-valuenow', done)
  bar.firstElementChild.style.setProperty('--done', `${done}%`)
}

function secondsSince(moment) {
  return Math.max(0, (Date.now() + aheadMs.value - Date.parse(moment)) / 1000)
}

function spell(seconds) {
  const whole = Math.floor(seconds)
  return whole < 60 ? `${whole} s` : `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, '0')}`
}

// Times in the page are the server's; a browser's own clock may be minutes off.
function serverClock() {
  const ahead = { value: 0 }
  fetch('/_stcore/health')
    .then(async (answer) => {
      await answer.text()
      const theirs = Date.parse(answer.headers.get('date'))
      if (Math.abs(theirs - Date.now()) > 2000) ahead.value = theirs - Date.now()
    })
    .catch(() => {})
  return ahead
}
