"""Looks at a page as axe-core does, shadow roots and everything that can be opened included; says what is serious and ours."""

from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Page

# Streamlit 1.67 groups its menu as <ul><div><header/><li/></div></ul>: the group and its items are two findings of its own markup,
# which no option changes. Our own lists are never inside that element, so nothing of ours can hide behind this.
THEIRS = (("list", '[data-testid="stSidebarNavItems"]'), ("listitem", '[data-testid="stSidebarNavItems"]'))
WORDS = """
const all = root => [...root.querySelectorAll('*')].flatMap(node => [node, ...(node.shadowRoot ? all(node.shadowRoot) : [])])
const said = (rule, node) => {
  const why = [...node.any, ...node.all, ...node.none].map(check => check.message).join('; ')
  return `${rule.impact} ${rule.id}: ${node.html.slice(0, 200)} | ${why}`
}
const scan = async what => {
  const found = await axe.run(what, { elementRef: true, resultTypes: ['violations'], ...(only.length ? { runOnly: only } : {}) })
  const ours = (rule, node) => !theirs.some(([name, within]) => name === rule.id && node.element.closest(within))
  return found.violations.filter(rule => ['serious', 'critical'].includes(rule.impact))
    .flatMap(rule => rule.nodes.filter(node => ours(rule, node)).map(node => said(rule, node)))
}
"""
PAGE = """async ({ theirs, only }) => {
  %s
  for (const node of all(document)) {
    if (node.nodeName === 'DETAILS') node.open = true
    if (node.id === 'lost') node.hidden = false
  }
  return scan(document)
}"""
# Of dialogs and menus that are alike, such as one a row, the first stands for all.
DIALOGS = """async ({ theirs, only }) => {
  %s
  const alike = node => node.className + [...node.querySelectorAll('[data-do]')].map(one => one.dataset.do).join()
  const kinds = new Map(all(document).filter(node => node.hasAttribute('popover')).reverse().map(node => [alike(node), node]))
  const found = []
  for (const node of kinds.values()) {
    node.showPopover()
    found.push(...(await scan(node)).map(words => `${words} | open: ${node.id}`))
    node.hidePopover()
  }
  return [[...kinds.values()].map(node => node.id), found]
}"""
# axe cannot judge words on stripes; this compares them with every colour of the stripes.
STRIPES = """() => {
  const strip = [...document.querySelectorAll('*')].map(node => node.shadowRoot?.querySelector('.strip')).find(Boolean)
  const light = words => words.match(/[0-9.]+/g).slice(0, 3).map(Number).map(value => value / 255)
    .map(value => value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4)
    .reduce((sum, value, at) => sum + value * [0.2126, 0.7152, 0.0722][at], 0)
  const stripes = getComputedStyle(strip).backgroundImage.match(/rgb[^)]+\\)/g)
  const shown = [...strip.querySelectorAll('.mode *, .right > *')].filter(node => node.getClientRects().length && !node.popover)
  return shown.flatMap(node => stripes.map(stripe => {
    const [low, high] = [light(getComputedStyle(node).color), light(stripe)].sort((one, other) => one - other)
    return (high + 0.05) / (low + 0.05)
  }))
}"""


def prepare(page: Page) -> None:
    """Load axe into a page that has been drawn."""
    page.locator("h1, h2").locator("visible=true").first.wait_for()
    page.wait_for_function("() => document.fonts.status === 'loaded'")
    page.evaluate(AXE_SCRIPT)


def serious(page: Page, *only: str) -> list[str]:
    """Return every serious or critical finding of the page with everything on it unfolded, of all rules or these only."""
    return list(page.evaluate(PAGE % WORDS, {"theirs": THEIRS, "only": only}))


def serious_in_dialogs(page: Page, *only: str) -> tuple[list[str], list[str]]:
    """Open each kind of dialog and menu in turn; return which, and what is serious in them."""
    opened, said = page.evaluate(DIALOGS % WORDS, {"theirs": THEIRS, "only": only})
    return list(opened), list(said)


def contrast_on_stripes(page: Page) -> list[float]:
    """Return the contrast of every word on the sandbox's strip with each of its colours."""
    return [float(ratio) for ratio in page.evaluate(STRIPES)]
