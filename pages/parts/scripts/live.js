// Draws what Python wrote into the page again without replacing what stays: pictures, clips, focus, open menus and typed words survive.
const clocks = new WeakMap()
const aheadMs = serverClock()
const LOST_AFTER_MS = 15000

export default function ({ data, parentElement, setTriggerValue }) {
  const root = parentElement.querySelector('.live')
  const tellPython = (what) => setTriggerValue('pressed', what)
  if (data.html !== null) draw(root, data)
  else if (root.dataset.mark !== data.mark) setTimeout(() => tellPython({ do: 'resend' }), 400)
  if (root.dataset.heard !== String(data.heard)) rest(root)
  root.dataset.heard = data.heard
  tell(parentElement.querySelector('.spoken'), data.spoken)
  root.onclick = (event) => press(event, root, tellPython)
  root.onsubmit = (event) => submit(event, tellPython)
  root.onchange = (event) => changed(event, tellPython)
  root.oninput = typed
  clearInterval(clocks.get(root))
  tick(root)
  clocks.set(root, setInterval(() => tick(root), 500))
  const unlisten = listen(root)
  return () => {
    clearInterval(clocks.get(root))
    unlisten()
  }
}

function draw(root, data) {
  const wanted = document.createElement('template')
  wanted.innerHTML = data.html
  settle(root, wanted.content)
  root.dataset.mark = data.mark
  root.querySelectorAll('video[data-loops]').forEach(play)
  root.querySelectorAll('form[id]').forEach(restore)
  root.querySelectorAll('[data-zoom]').forEach(zoomable)
  root.querySelectorAll('[data-autofocus]:not([data-focused])').forEach((field) => {
    field.dataset.focused = ''
    field.focus()
  })
}

function settle(old, fresh) {
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
    if (old.getAttribute(name) !== value && !ours(old, name)) old.setAttribute(name, value)
  }
  for (const { name } of [...old.attributes]) if (!fresh.hasAttribute(name) && !ours(old, name)) old.removeAttribute(name)
  if (old.dataset?.since === undefined && old.dataset?.priced === undefined) settle(old, fresh)
}

// What the person in front changed is theirs until the element goes.
function ours(node, name) {
  if (name === 'aria-busy' || name === 'data-focused' || name === 'data-restored') return true
  if (name === 'hidden' || name === 'disabled') return node.id === 'lost' || node.dataset.for !== undefined
  if (name === 'controls') return node.nodeName === 'VIDEO'
  if (name === 'open') return node.nodeName === 'DETAILS'
  return name === 'style' && (node.dataset.zoom !== undefined || node.dataset.slid !== undefined)
}

function rest(root) {
  root.querySelectorAll('[aria-busy]').forEach((one) => {
    one.removeAttribute('aria-busy')
    one.closest('[popover]')?.hidePopover?.()
  })
  root.removeAttribute('aria-busy')
}

function tell(region, words) {
  if (region.textContent !== words) region.textContent = words
}

function press(event, root, tellPython) {
  const link = event.target.closest('a[data-go]')
  if (link && event.button === 0 && !event.metaKey && !event.ctrlKey && !event.shiftKey) {
    event.preventDefault()
    busy(link)
    busy(root)
    tellPython({ do: 'go', href: link.getAttribute('href') })
    return
  }
  const copied = event.target.closest('[data-copy]')
  if (copied) copy(copied)
  const zoom = event.target.closest('[data-zoom-by]')
  if (zoom) magnify(zoom)
  const button = event.target.closest('button[data-do]')
  if (!button || button.type === 'submit' || button.getAttribute('aria-busy') === 'true') return
  busy(button)
  if (button.dataset.cookie) document.cookie = `${button.dataset.cookie}; path=/; max-age=31536000; SameSite=Strict`
  tellPython({ ...button.dataset })
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
