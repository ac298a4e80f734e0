// Draws what Python wrote into the page again without replacing what stays: pictures, clips, focus and open menus survive.
const clocks = new WeakMap()
const aheadMs = serverClock()
const LOST_AFTER_MS = 15000

export default function ({ data, parentElement, setTriggerValue }) {
  const root = parentElement.querySelector('.live')
  const wanted = document.createElement('template')
  wanted.innerHTML = data.html
  settle(root, wanted.content)
  if (root.dataset.heard !== String(data.heard)) rest(root)
  root.dataset.heard = data.heard
  tell(parentElement.querySelector('.spoken'), data.spoken)
  root.querySelectorAll('video').forEach(play)
  root.onclick = (event) => press(event, setTriggerValue)
  clearInterval(clocks.get(root))
  tick(root)
  clocks.set(root, setInterval(() => tick(root), 500))
  return () => clearInterval(clocks.get(root))
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
  for (const { name, value } of [...fresh.attributes]) if (old.getAttribute(name) !== value) old.setAttribute(name, value)
  for (const { name } of [...old.attributes]) if (!fresh.hasAttribute(name) && !ours(old, name)) old.removeAttribute(name)
  if (old.dataset.since === undefined) settle(old, fresh)
}

function ours(node, name) {
  return name === 'aria-busy' || (name === 'controls' && node.nodeName === 'VIDEO')
}

function rest(root) {
  root.querySelectorAll('[aria-busy]').forEach((button) => button.removeAttribute('aria-busy'))
}

function tell(region, words) {
  if (region.textContent !== words) region.textContent = words
}

function press(event, setTriggerValue) {
  const button = event.target.closest('button[data-do]')
  if (!button || button.getAttribute('aria-busy') === 'true') return
  button.setAttribute('aria-busy', 'true')
  setTimeout(() => button.removeAttribute('aria-busy'), LOST_AFTER_MS)
  setTriggerValue('pressed', { ...button.dataset })
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
