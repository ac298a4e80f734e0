// Heads and rows. Cells are made once and only moved, so that another order loads and decodes no picture again.
const TALL_PX = 240
const BLOCK_PADDING_PX = 6

function combinations(grid, names) {
  const axes = names.map((name) => grid.axes.findIndex((axis) => axis.name === name))
  return axes.reduce((all, axis) => all.flatMap((some) => grid.axes[axis].values.map((_, value) => [...some, [axis, value]])), [[]])
}

function placeOf(grid, ...pairs) {
  const at = grid.axes.map(() => 0)
  for (const [axis, value] of pairs.flat()) at[axis] = value
  return at.join()
}

// How many pictures lie beside each other in a cell: three in a row, more in a square.
function acrossOf(count) {
  return count <= 3 ? count : Math.ceil(Math.sqrt(count))
}

function pagesOf(grid) {
  return combinations(grid, grid.view.pages)
}

function lay(grid) {
  const { view } = grid
  const had = grid.table.contains(grid.table.getRootNode().activeElement)
  const relabelled = JSON.stringify(view.cell) !== grid.labelled
  grid.labelled = JSON.stringify(view.cell)
  const [rows, columns, inside, pages] = Object.keys(PLACES).map((place) => combinations(grid, view[place]))
  view.page = within(view.page, 1, pages.length)
  const across = acrossOf(inside.length)
  Object.assign(grid, { inside: { across, down: Math.ceil(inside.length / across) }, matrix: [], laid: JSON.stringify([view.rows, view.columns, view.cell, view.pages, view.page]) })
  stopClips(grid)
  grid.box.style.setProperty('--across', across)
  grid.box.classList.toggle('worded', view.rows.some((name) => axisNamed(grid, name).values.some((value) => value.parts)))
  grid.table.setAttribute('aria-colcount', 1 + columns.length * across)
  grid.table.replaceChildren(headRow(grid, columns, across), ...rows.map((row, y) => bodyRow(grid, { row, y, columns, inside, page: pages[view.page - 1] })))
  if (relabelled) for (const element of grid.elements.values()) fillCell(grid, element)
  drawPager(grid, pages)
  resize(grid)
  grid.heads.disconnect()
  for (const measured of [grid.table.firstChild, grid.table.firstChild.firstChild, grid.table.children[1]]) if (measured) grid.heads.observe(measured)
  stayOn(grid, had)
}

function headRow(grid, columns, across) {
  const titles = (names) => names.map((name) => axisNamed(grid, name).title).join(', ')
  const line = (mark, names) => names.length > 0 && build('span', {}, symbol(mark), titles(names))
  const corner = build('div', { role: 'columnheader', class: 'head axes-corner', 'aria-colindex': 1 }, line('south', grid.view.rows), line('east', grid.view.columns))
  if (!corner.childNodes.length) corner.append(build('span', {}, grid.section.dataset.title ?? ''))
  const heads = columns.map((column, x) => {
    const new_ = column.length > 1 && x > 0 && columns[x - 1][0][1] !== column[0][1]
    return build('div', { role: 'columnheader', class: new_ ? 'head begins' : 'head', 'aria-colindex': 2 + x * across, 'aria-colspan': across }, ...headWords(grid, column))
  })
  return build('div', { role: 'row', class: 'heads' }, corner, ...heads)
}

// A label is never cut off: it wraps, and a very long one scrolls in its head.
function headWords(grid, values) {
  return values.map(([axis, at]) => {
    const { title } = grid.axes[axis]
    const value = grid.axes[axis].values[at]
    const picture = value.picture && build('img', { src: value.picture, alt: '', loading: 'lazy', decoding: 'async', class: 'head-photo' })
    const long = value.label.length > 160
    if (value.parts) return wordingHead(value)
    const words = build('span', { class: long ? 'label long' : 'label', tabindex: long ? '0' : null, title: value.full === value.label ? title : value.full }, value.label)
    return build('div', { class: 'head-value' }, picture, words)
  })
}

// Of prompts the heads show what differs, and nothing of what all have in common.
function wordingHead(value) {
  const differing = value.parts.filter(([, differs]) => differs)
  const shown = differing.length ? value.parts.flatMap(([words, differs]) => [differs ? build('mark', {}, words) : '…', ' ']) : [value.label.slice(value.letter.length + 1)]
  return build('div', { class: 'head-value wording', title: value.full }, build('b', { class: 'lettered' }, value.letter), build('span', { class: 'label long', tabindex: '0' }, ...shown))
}

function bodyRow(grid, { row, y, columns, inside, page }) {
  const { across, down } = grid.inside
  const begins = row.length > 1 && y > 0 && row.at(-1)[1] === 0
  const head = build('div', { role: 'rowheader', class: 'head', 'aria-colindex': 1 }, build('div', { class: 'head-kept' }, ...headWords(grid, row)))
  const blocks = columns.map((column, x) => {
    const cells = inside.map((values, k) => {
      const element = cellAt(grid, placeOf(grid, row, column, values, page))
      const [top, left] = [y * down + Math.floor(k / across), x * across + (k % across)]
      element.setAttribute('aria-colindex', 2 + left)
      if (element.dataset.id) {
        Object.assign(element, { row: y, block: `${y},${x}`, spot: [top, left] })
        ;(grid.matrix[top] ??= [])[left] = element.dataset.id
      }
      return element
    })
    const first = column.length > 1 && x > 0 && columns[x - 1][0][1] !== column[0][1]
    return build('div', { class: first ? 'block begins' : 'block' }, ...cells)
  })
  return build('div', { role: 'row', class: begins ? 'body-row begins' : 'body-row' }, head, ...blocks)
}

function cellAt(grid, where) {
  const id = grid.byPlace.get(where)
  return id === undefined ? build('div', { role: 'gridcell', class: 'cell none', 'aria-label': 'Not part of this sweep' }, build('div', { class: 'shot' }, '—')) : cellElement(grid, id)
}

function resize(grid) {
  const size = `${grid.view.size}px`
  if (grid.box.style.getPropertyValue('--size') !== size) grid.box.style.setProperty('--size', size)
  grid.box.classList.toggle('tall', grid.view.size > TALL_PX)
  const shape = [...grid.cells.values()].find((cell) => cell.width_px && cell.height_px)
  const ratio = shape ? `${shape.width_px} / ${shape.height_px}` : '1'
  if (grid.box.style.getPropertyValue('--shape') !== ratio) grid.box.style.setProperty('--shape', ratio)
  sharpen(grid)
}

// Said where it counts only: a value that all cells inherited would have every one of them computed again.
function measureHeads(grid) {
  const [row, ...rows] = grid.table.children
  const [top, left, high] = [row.offsetHeight, row.firstChild.offsetWidth, Math.max(0, (rows[0]?.offsetHeight ?? 0) - BLOCK_PADDING_PX)]
  grid.scroller.style.scrollPadding = `${top + 8}px 8px 8px ${left + 8}px`
  for (const one of rows) {
    // Its padding comes on top: with it, a row would be taller at every measuring, sixty times a second.
    if (high) for (const block of one.children) if (block !== one.firstChild) block.style.containIntrinsicHeight = `auto ${high}px`
    if (grid.view.size > TALL_PX) one.firstChild.firstChild.style.top = `${top + 8}px`
  }
}

function comeNear(grid, seen) {
  for (const { target, isIntersecting } of seen) if (isIntersecting) bringNear(grid, target)
}

function bringNear(grid, element) {
  grid.near.unobserve(element)
  element.near = true
  fillCell(grid, element)
}

// What a fresh grid shows first needs no looking: its pictures are asked for before anything is laid.
function bringFirst(grid) {
  const [wide, high] = [grid.section.clientWidth / grid.view.size, innerHeight / (grid.view.size + 40)]
  for (const line of grid.matrix.slice(0, Math.ceil(high))) for (const id of line.slice(0, Math.ceil(wide)).filter(Boolean)) bringNear(grid, grid.elements.get(id))
}

// Exactly one cell is in the order of the tab key: the one that was stood on last.
function stayOn(grid, had) {
  const shown = grid.matrix.flat().filter(Boolean)
  if (!shown.includes(grid.focus)) grid.focus = shown[0] ?? null
  for (const id of shown) grid.elements.get(id).tabIndex = id === grid.focus ? 0 : -1
  if (had && grid.focus) grid.elements.get(grid.focus).focus()
}

function standOn(grid, id) {
  if (!id || id === grid.focus) return
  const old = grid.elements.get(grid.focus)
  if (old) old.tabIndex = -1
  grid.focus = id
  grid.elements.get(id).tabIndex = 0
  if (grid.sourced) showSource(grid, id)
}

// The neighbour of a cell in a direction, over gaps, or null at the edge.
function neighbourOf(grid, id, [down, right]) {
  let [y, x] = grid.elements.get(id)?.spot ?? [0, 0]
  const width = Math.max(...grid.matrix.map((line) => line?.length ?? 0))
  for (;;) {
    y += down
    x += right
    if (y < 0 || x < 0 || y >= grid.matrix.length || x >= width) return null
    if (grid.matrix[y]?.[x]) return grid.matrix[y][x]
  }
}

function turnTo(grid, id) {
  const cell = grid.cells.get(id)
  const at = pagesOf(grid).findIndex((page) => page.every(([axis, value]) => cell.at[axis] === value))
  if (at >= 0 && at + 1 !== grid.view.page) changeView(grid, { page: at + 1 })
}
