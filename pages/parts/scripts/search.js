// The search of every screen: asks while somebody types, walks through the answer by arrows, and gives the focus back where it was.
const ASK_AFTER_MS = 90
let finder = null
let cameFrom = null

function tendSearch(root) {
  const box = root.querySelector('#finder')
  if (!box) return
  const shortcut = root.querySelector('[data-shortcut]')
  if (shortcut && !shortcut.textContent)
    shortcut.textContent = `${/Mac|iPhone|iPad/.test(navigator.platform) ? '⌘' : 'Ctrl '}${shortcut.dataset.shortcut}`
  if (box === finder) return
  finder = box
  const field = box.querySelector('input')
  let waits = 0
  field.addEventListener('input', () => {
    clearTimeout(waits)
    waits = setTimeout(() => askFor(box, field.value), ASK_AFTER_MS)
  })
  box.addEventListener('keydown', (event) => searchKey(event, box, field))
  box.addEventListener('click', (event) => event.target.closest('a') && box.hidePopover())
  box.addEventListener('toggle', (event) => (event.newState === 'open' ? field.focus() : leaveSearch(box)))
}

async function askFor(box, words) {
  const asked = (box.asked = (box.asked ?? 0) + 1)
  try {
    const answer = await fetch(`${box.dataset.finds}?q=${encodeURIComponent(words)}`)
    if (asked !== box.asked) return // a later letter was asked for meanwhile
    box.querySelector('#found').innerHTML = answer.ok ? await answer.text() : '<p class="nothing">Reload the page to search again.</p>'
  } catch {
    if (asked === box.asked) box.querySelector('#found').innerHTML = '<p class="nothing">The studio cannot be reached. Type on to try again.</p>'
  }
  markHit(box, box.querySelector('.hit'))
}

function markHit(box, hit) {
  box.querySelectorAll('.hit').forEach((one, number) => {
    one.id = `hit-${number}`
    one.setAttribute('aria-selected', one === hit)
  })
  const field = box.querySelector('input')
  if (hit) field.setAttribute('aria-activedescendant', hit.id)
  else field.removeAttribute('aria-activedescendant')
  hit?.scrollIntoView({ block: 'nearest' })
}

function searchKey(event, box, field) {
  const hits = [...box.querySelectorAll('.hit')]
  const at = hits.findIndex((hit) => hit.getAttribute('aria-selected') === 'true')
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key]
  if (event.key === 'Escape' && !event.isComposing) {
    event.preventDefault() // the field would only be emptied by it
    box.hidePopover()
  } else if (step && hits.length) {
    event.preventDefault()
    markHit(box, hits[(at + step + hits.length) % hits.length])
  } else if (event.key === 'Enter' && event.target === field && !event.isComposing) {
    event.preventDefault()
    hits[at]?.click()
  }
}

function leaveSearch(box) {
  box.asked = (box.asked ?? 0) + 1
  const back = cameFrom
  cameFrom = null
  const at = box.getRootNode().activeElement
  if (back?.isConnected && (!at || box.contains(at) || at.matches('.finds'))) setTimeout(() => back.focus({ preventScroll: true }))
}

function openSearch(event) {
  if (event.key.toLowerCase() !== 'k' || !(event.ctrlKey || event.metaKey) || event.shiftKey || event.altKey || !finder?.isConnected) return
  event.preventDefault()
  if (finder.matches(':popover-open')) return finder.hidePopover()
  const at = event.composedPath()[0]
  cameFrom = at instanceof HTMLElement && at !== document.body ? at : null
  finder.showPopover()
  finder.querySelector('input').select()
}

document.addEventListener('keydown', openSearch)
