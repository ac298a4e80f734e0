// Focus goes back to what opened a dialog: a browser does that by itself only outside of shadow roots.
const tended = new WeakSet()
const openers = new WeakMap()
let awaited = null

function tendDialogs(root) {
  if (tended.has(root)) return
  tended.add(root)
  root.addEventListener('beforetoggle', (event) => event.newState === 'open' && openers.set(event.target, openerOf(root, event.target)), true)
  root.addEventListener('toggle', (event) => event.newState === 'closed' && giveBack(root, event.target), true)
  root.addEventListener('click', (event) => awaitDialog(root, event.target.closest('button[data-dialog]')), true)
}

// Not every browser focuses a button that is clicked.
function openerOf(root, dialog) {
  const opens = `[popovertarget="${CSS.escape(dialog.id)}"]:not([popovertargetaction]), [data-leads="${CSS.escape(dialog.id)}"]`
  const at = root.getRootNode().activeElement
  return at?.matches(opens) ? at : root.querySelector(opens)
}

// Whoever closed it by going elsewhere stays there.
function giveBack(root, dialog) {
  const at = root.getRootNode().activeElement
  if (at && !dialog.contains(at)) return
  const opener = openers.get(dialog)
  const back = opener?.isConnected ? opener : openerOf(root, dialog) // it may have been drawn anew meanwhile
  back?.focus({ preventScroll: true })
}

// A dialog of the screen library opens a moment after the press, and the page may be drawn anew behind it.
function awaitDialog(root, button) {
  if (!button) return
  const wish = `button[data-do="${CSS.escape(button.dataset.do)}"]`
  let opened = false
  awaited?.disconnect()
  awaited = new MutationObserver(() => {
    const open = document.querySelector('[data-testid="stDialog"]')
    if (open) opened = true
    if (open || !opened) return
    awaited.disconnect()
    setTimeout(() => document.activeElement === document.body && root.querySelector(wish)?.focus({ preventScroll: true }))
  })
  awaited.observe(document.body, { childList: true, subtree: true })
}
