// Highlight and dim: what a cell is worth as the length and colour of a line, its outline and its number; what misses a threshold steps back.
const WEIGHED = { likeness: 'Likeness', cost: 'Cost', votes: 'Votes' }

function worthOf(by, cell) {
  if (by === 'likeness') return cell.likeness
  if (by === 'votes') return cell.mean_stars ?? (cell.stars || null)
  return by === 'cost' && cell.state === 'made' ? (cell.owned ? 0 : cell.cost_micro_usd / 1e6) : null
}

function worthWords(by, value) {
  return by === 'cost' ? dollarsOf(Math.round(value * 1e6)) : by === 'votes' ? value.toFixed(1) : twoDigits(value)
}

function rangeOf(grid) {
  const { by } = grid.view
  const values = [...grid.cells.values()].map((cell) => worthOf(by, cell)).filter((value) => value !== null)
  return values.length ? [Math.min(...values), Math.max(...values)] : null
}

function passes(grid, cell) {
  const { dim, fit } = grid.view
  if (fit && cell.unfit) return false
  return !(dim > 0 && cell.state === 'made' && (cell.likeness === null || cell.likeness < dim))
}

function weigh(grid) {
  const { by } = grid.view
  const range = by === 'none' ? null : rangeOf(grid)
  grid.range = range
  grid.table.dataset.by = by
  for (const [id, element] of grid.elements) {
    const cell = grid.cells.get(id)
    const worth = range && worthOf(by, cell)
    const heat = worth === null ? '' : String(range[1] > range[0] ? (worth - range[0]) / (range[1] - range[0]) : 1)
    if (element.style.getPropertyValue('--heat') !== heat) element.style.setProperty('--heat', heat)
    element.classList.toggle('hot', heat !== '')
    element.classList.toggle('dimmed', !passes(grid, cell))
    element.classList.toggle('marked', grid.marked === id)
    element.classList.toggle('kept', grid.kept.includes(id))
    const label = spoken(grid, cell)
    if (element.getAttribute('aria-label') !== label) element.setAttribute('aria-label', label)
  }
}

function drawLegend(grid) {
  const { view, range } = grid
  const made = [...grid.cells.values()].filter((cell) => cell.state === 'made')
  const good = made.filter((cell) => passes(grid, cell)).length
  const counted = view.dim > 0 || view.fit ? `${good} of ${made.length} pass` : ''
  redo(grid.legend, JSON.stringify([view.by, range, counted]), () => [
    view.by !== 'none' && build('span', { class: 'scale' }, ...scaleOf(view.by, range)),
    counted && build('span', { class: 'passing' }, counted),
  ])
}

function scaleOf(by, range) {
  if (!range) return [`${WEIGHED[by]}: nothing to weigh yet`]
  return [`${WEIGHED[by]} ${worthWords(by, range[0])}`, build('i', { class: 'ramp', 'aria-hidden': 'true' }), worthWords(by, range[1])]
}
