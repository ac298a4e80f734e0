// A screen's name in the menu leads to its list, also from inside one of its things, where the menu takes it for the page that is open.
let menuLine = null

function tendMenu(line) {
  menuLine = line
}

function toList(event) {
  const link = event.target.closest?.('[data-testid="stSidebarNavLink"][aria-current="page"]')
  if (!link || !menuLine || !location.search || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey) return
  event.preventDefault()
  event.stopPropagation()
  queueUp(menuLine, { do: 'go', href: new URL(link.href).pathname })
}

document.addEventListener('click', toList, true)
