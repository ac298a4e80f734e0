// The bar: which axis lies where, how large the cells are, what is highlighted and what steps back; and turning the pages.
const LOOK_WORDS = { none: 'Nothing', likeness: 'Likeness', cost: 'Cost', votes: 'Votes' }

function drawBar(grid) {
  const { view } = grid
  if (!grid.sliders) grid.bar.append(build('div', { class: 'places' }), looksBar(grid))
  redo(grid.bar.firstChild, JSON.stringify([grid.axes, ...Object.keys(PLACES).map((where) => view[where])]), () => placesBar(grid))
  const { size, dim } = grid.sliders
  if (Number(size.value) !== view.size) size.value = view.size
  if (Number(dim.value) !== view.dim) dim.value = view.dim
  grid.sliders.shown.textContent = view.dim ? twoDigits(view.dim) : 'off'
  grid.bar.querySelector('[data-name=by]').value = view.by
  grid.bar.querySelector('[data-name=fit]').checked = view.fit
  drawFixed(grid)
}

function drawFixed(grid) {
  const fixed = grid.axes.filter((axis) => axis.values.length === 1)
  redo(grid.fixed, JSON.stringify(fixed), () => {
    const words = fixed.flatMap((axis, n) => [n > 0 && ' · ', `${axis.title} `, build('b', { title: axis.values[0].full }, axis.values[0].label)])
    return fixed.length ? [build('span', {}, 'Fixed: ', ...words.filter(Boolean))] : []
  })
  grid.fixed.hidden = !fixed.length
}

function placesBar(grid) {
  const chooses = choosable(grid)
  if (chooses.length < 2) return linkAndKeys(grid)
  const swap = gridButton('swap_horiz', '', () => swapPlaces(grid), { class: 'quiet swap', 'aria-label': 'Swap rows and columns', title: 'Swap rows and columns', 'data-name': 'swap' })
  const places = Object.entries(PLACES).map(([where, words]) => placeChoice(grid, where, words, chooses))
  places[0].lastChild.append(swap)
  return [...places, ...linkAndKeys(grid)]
}

function linkAndKeys(grid) {
  const link = gridButton('link', 'Copy link', (event) => copyLink(grid, event.currentTarget), { class: 'quiet copies', 'data-name': 'link' })
  const keys = gridButton('keyboard', 'Keys', () => showKeys(grid), { class: 'quiet for-keys', key: '?', 'data-name': 'keys' })
  return [build('div', { class: 'apart' }, link, keys)]
}

// The axes of a place one after the other, and one free choice more where it helps.
function placeChoice(grid, where, words, chooses) {
  const names = grid.view[where]
  const free = names.length === 0 || (where === 'rows' ? chooses.length > 2 && names.length < 2 : names.length < chooses.length - 2 && chooses.length > 4)
  const slots = free ? [...names, ''] : names
  const selects = slots.map((name, at) => {
    const options = [['', at ? '+' : 'None'], ...chooses.map((axis) => [axis.name, axis.title])]
    const label = at ? `${words}, then` : words
    return choice(label, options, name, (chosen) => place(grid, where, at, chosen), { class: name || !at ? null : 'more', 'data-name': `${where}-${at}` })
  })
  return build('div', { class: 'place' }, build('span', { class: 'place-name', 'aria-hidden': 'true' }, words), build('span', { class: 'slots' }, ...selects))
}

function looksBar(grid) {
  const { view } = grid
  const size = build('input', { type: 'range', min: SMALLEST_PX, max: LARGEST_PX, step: 8, value: view.size, 'data-name': 'size' })
  const dim = build('input', { type: 'range', 'aria-label': 'Dim below', min: 0, max: 1, step: 0.01, value: view.dim, 'data-name': 'dim' })
  const shown = build('b', {}, 'off')
  size.oninput = () => changeView(grid, { size: Number(size.value) })
  dim.oninput = () => {
    changeView(grid, { dim: Number(dim.value) })
    shown.textContent = grid.view.dim ? twoDigits(grid.view.dim) : 'off'
  }
  const fit = build('input', { type: 'checkbox', checked: view.fit, 'data-name': 'fit', onchange: (event) => changeView(grid, { fit: event.target.checked }) })
  const by = choice('Highlight by', Object.entries(LOOK_WORDS), view.by, (chosen) => changeView(grid, { by: chosen }), { 'data-name': 'by' })
  grid.sliders = { size, dim, shown }
  grid.legend = build('div', { class: 'legend', 'aria-live': 'polite' })
  const wide = matchMedia('(min-width: 721px)')
  const looks = build(
    'details', { class: 'looks', open: wide.matches || view.by !== 'none' || view.dim > 0 || view.fit },
    build('summary', {}, 'Size, highlight, dim'),
    build(
      'div', { class: 'looks-row' },
      build('label', {}, 'Size', size),
      build('label', {}, 'Highlight by', by),
      build('label', { title: 'Pictures whose likeness is lower, or cannot be measured, step back' }, build('span', {}, 'Dim below ', shown), dim),
      build('label', { title: 'Cells that something else served step back' }, fit, 'only fit'),
      grid.legend,
    ),
  )
  wide.onchange = () => (looks.open = looks.open || wide.matches)
  return looks
}

// Pages: back, a choice of all, forward.
function drawPager(grid, pages) {
  const { view } = grid
  grid.pager.hidden = pages.length < 2
  redo(grid.pager, JSON.stringify([grid.axes, view.pages, view.page]), () => {
    if (pages.length < 2) return []
    const words = pages.map((page) => page.map(([axis, value]) => valueWords(grid.axes[axis], value)).join(' · '))
    const options = words.map((said, at) => [String(at + 1), said.length > 90 ? `${said.slice(0, 89)}…` : said])
    const photo = pages[view.page - 1].map(([axis, value]) => grid.axes[axis].values[value].picture).find(Boolean)
    const turn = (by, mark, said, key) => gridButton(mark, '', () => turnPage(grid, by), { class: 'quiet', 'aria-label': said, title: `${said} (${key})`, 'data-name': said, disabled: view.page + by < 1 || view.page + by > pages.length })
    return [
      turn(-1, 'chevron_left', 'Page before', 'Page up'),
      photo && build('img', { src: photo, alt: '', class: 'head-photo' }),
      choice('Page', options, String(view.page), (chosen) => changeView(grid, { page: Number(chosen) }), { 'data-name': 'page' }),
      build('span', { class: 'small' }, `${view.page} of ${pages.length}`),
      turn(1, 'chevron_right', 'Next page', 'Page down'),
    ]
  })
}

function turnPage(grid, by) {
  const page = within(grid.view.page + by, 1, pagesOf(grid).length)
  if (page !== grid.view.page) changeView(grid, { page })
}

// The strip below the grid: what is marked A, and what was put aside to look at together.
function drawStrip(grid) {
  const { marked, kept } = grid
  const words = (id) => nameOf(grid, grid.cells.get(id))
  grid.strip.hidden = !marked && !kept.length
  redo(grid.strip, JSON.stringify([marked, kept, kept.map((id) => grid.cells.get(id).picture)]), () => [
    marked && build('span', { class: 'badge' }, build('b', { class: 'lettered' }, 'A'), `${words(marked)}: press X on a second cell`),
    marked && gridButton('close', '', () => markPair(grid, null), { class: 'quiet', 'aria-label': 'Take mark A away', 'data-name': 'unmark' }),
    ...kept.map((id) => stripPicture(grid, id, words(id))),
    kept.length > 1 && gridButton('compare', `Compare ${kept.length}`, () => openCompare(grid, kept), { 'data-name': 'compare' }),
    kept.length > 0 && gridButton('', 'Clear', () => keepCells(grid, []), { class: 'quiet', 'data-name': 'clear' }),
  ])
}

function stripPicture(grid, id, words) {
  const image = build('img', { src: grid.cells.get(id).picture, alt: '', decoding: 'async' })
  return build('button', { type: 'button', class: 'kept-one', title: `${words}; press to take it out`, 'aria-label': `Take ${words} out of the compare strip`, 'data-name': id, onclick: () => toggleKept(grid, id) }, image)
}
