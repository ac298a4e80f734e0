// Light, dark or as the system: kept where the screen library looks for it, which is apart for every address, and read by it when a page loads.
const THEME_KEY = (path) => `stActiveTheme-${path}-v2`
const THEMES = ['System', 'Light', 'Dark']

function chooseTheme(button) {
  const paths = new Set(['/', location.pathname, ...JSON.parse(button.dataset.paths)])
  for (const path of paths) {
    if (button.dataset.theme === 'System') localStorage.removeItem(THEME_KEY(path))
    else localStorage.setItem(THEME_KEY(path), JSON.stringify(button.dataset.theme))
  }
  location.reload()
}

function showTheme(root) {
  const buttons = root.querySelectorAll('[data-theme]')
  if (!buttons.length) return
  let kept = null
  try {
    kept = JSON.parse(localStorage.getItem(THEME_KEY(location.pathname)))
  } catch {
    kept = null // somebody else's value
  }
  const chosen = THEMES.includes(kept) ? kept : 'System'
  buttons.forEach((button) => button.setAttribute('aria-pressed', button.dataset.theme === chosen))
}
