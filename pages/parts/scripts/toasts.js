// What was just done, with its way back: above everything else, counted down, and undone by Control or Command and Z from anywhere.
let toastsRoot = null

function showToasts(root) {
  const box = root.querySelector('#toasts')
  if (!box) return
  toastsRoot = root
  const names = [...box.children].map((toast) => toast.id)
  const fresh = names.some((name) => !box.known?.includes(name))
  box.known = names
  if (!names.length) return box.matches(':popover-open') && box.hidePopover()
  // A picture shown large, or a dialog, lies in the same layer: what comes last lies on top. A button that has the focus keeps it.
  if (fresh && box.matches(':popover-open') && !box.contains(root.getRootNode().activeElement)) box.hidePopover()
  if (!box.matches(':popover-open')) box.showPopover()
  tick(root)
}

function countDown(left) {
  const seconds = Math.max(0, (Date.parse(left.dataset.until) - Date.now() - aheadMs.value) / 1000)
  const words = `${Math.ceil(seconds)} s`
  if (left.textContent !== words) left.textContent = words
  left.style.setProperty('--left', Math.min(1, seconds / 10))
}

function undoLast(event) {
  if (event.key.toLowerCase() !== 'z' || !(event.ctrlKey || event.metaKey) || event.shiftKey || event.altKey || event.defaultPrevented) return
  if (event.composedPath()[0].closest?.('input:not([type=checkbox], [type=radio], [type=range]), textarea, [contenteditable]')) return
  const button = [...(toastsRoot?.querySelectorAll('[data-undoes]:not([aria-busy="true"])') ?? [])].pop()
  if (!button) return
  event.preventDefault()
  button.click()
}

document.addEventListener('keydown', undoLast)
