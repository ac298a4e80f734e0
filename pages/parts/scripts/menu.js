// A screen's name in the menu leads to its list, also from inside one of its things, where the menu takes it for the page that is open.
let menuLine = null

function tendMenu(line, root) {
  menuLine = line
  const told = root.querySelector('[data-asks]')
  if (told) countInMenu(JSON.parse(told.dataset.asks))
}

// Python writes the same counts when it next draws the menu; that waits until nobody presses anything.
function countInMenu(asks) {
  for (const link of document.querySelectorAll('[data-testid="stSidebarNavLink"]')) {
    const words = link.querySelector('p') ?? link.querySelector('span:last-child')
    const count = asks[new URL(link.href).pathname]
    if (!words || count === undefined) continue
    const wanted = words.textContent.replace(/ · \d+$/, '') + (count ? ` · ${count}` : '')
    if (words.textContent !== wanted) words.textContent = wanted
  }
}

function toList(event) {
  const link = event.target.closest?.('[data-testid="stSidebarNavLink"][aria-current="page"]')
  if (!link || !menuLine || !location.search || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey) return
  event.preventDefault()
  event.stopPropagation()
  queueUp(menuLine, { do: 'go', href: new URL(link.href).pathname })
}

document.addEventListener('click', toList, true)
