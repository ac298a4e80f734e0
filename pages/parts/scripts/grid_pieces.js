// The small pieces the grid is built of. Names and prompts are people's text: they only ever become text, never markup.

// build('p', { class: 'x', onclick: f, 'aria-label': words }, child, …): what is null or false is left out.
function build(name, how = {}, ...children) {
  const made = document.createElement(name)
  for (const [key, value] of Object.entries(how)) {
    if (value === null || value === undefined || value === false) continue
    if (key.startsWith('on')) made[key] = value
    else made.setAttribute(key, value === true ? '' : value)
  }
  made.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false))
  return made
}

function symbol(name) {
  return build('span', { class: 'icon', 'aria-hidden': 'true' }, name)
}

// A button of the grid: symbol, words and the key that does the same.
function gridButton(mark, words, onclick, how = {}) {
  const { key, ...rest } = how
  return build('button', { type: 'button', onclick, 'aria-keyshortcuts': key, ...rest }, mark && symbol(mark), words && build('span', {}, words), key && build('kbd', {}, key))
}

function choice(label, options, chosen, onchange, how = {}) {
  const select = build('select', { 'aria-label': label, onchange: (event) => onchange(event.target.value), ...how })
  select.append(...options.map(([value, words]) => build('option', { value, selected: value === chosen }, words)))
  select.value = chosen
  return select
}

function dollarsOf(microUsd) {
  const whole = Math.floor(Math.abs(microUsd) / 1e6)
  const decimals = String(Math.abs(microUsd) % 1e6).padStart(6, '0').replace(/0+$/, '').padEnd(2, '0')
  const grouped = String(whole).replace(/\B(?=(\d{3})+$)/g, ',')
  return `${microUsd < 0 ? '-' : ''}$${grouped}.${decimals}`
}

function twoDigits(number) {
  return Number(number).toFixed(2)
}

// A signed address is renewed every quarter of an hour; the file behind it stays the same, and so does a picture that is shown.
function fileOf(address) {
  try {
    const payload = address.split('/').pop().split('.')[0]
    return String(JSON.parse(atob(payload.replaceAll('-', '+').replaceAll('_', '/')))[0])
  } catch {
    return address
  }
}

function isStill() {
  return matchMedia('(prefers-reduced-motion: reduce)').matches
}

function isTyping(target) {
  return Boolean(target.closest?.('input:not([type=checkbox], [type=radio], [type=range]), textarea, select'))
}

// Changes what an element holds only if what it would say differs, so that nothing flickers and the focus stays.
function redo(holder, signature, draw) {
  if (holder.signature === signature) return
  holder.signature = signature
  const named = holder.getRootNode().activeElement
  const stood = named !== null && holder.contains(named)
  holder.replaceChildren(...draw().flat().filter(Boolean))
  if (!stood) return
  const same = named.dataset.name ? holder.querySelector(`[data-name="${CSS.escape(named.dataset.name)}"]:enabled`) : null
  const next = same ?? holder.closest('[tabindex]')
  next?.focus({ preventScroll: true })
}

function within(value, low, high) {
  return Math.min(high, Math.max(low, value))
}
