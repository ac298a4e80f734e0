// What Python tells of a sweep: asked for at every new version, one question at a time, and merged into what is known.
const FEED_AGAIN_MS = 3000
const FEED_PATIENCE_MS = 15000
const RENEW_AFTER_MS = 20000

// Where a plan is being typed, the grid shows the cells it would have, until it is kept or bought.
function draftGrid(form, told) {
  const grid = [...grids.values()].find((one) => one.section.isConnected && one.section.dataset.plan === form.id)
  if (!grid || !told) return
  Object.assign(grid, { drafted: form, answered: null })
  merge(grid, told)
}

async function follow(grid) {
  if (grid.drafted?.isConnected) return
  const version = grid.section.dataset.version
  if (grid.asking || grid.answered === version) return
  clearTimeout(grid.again)
  grid.asking = true
  const told = await askFeed(grid)
  grid.asking = false
  if (grid.drafted?.isConnected) return
  if (told) {
    grid.answered = version
    complain(grid, '')
    merge(grid, told)
    pointOut(grid)
  } else complain(grid, grid.axes ? 'The newest results could not be loaded; trying again.' : 'The sweep could not be loaded; trying again.')
  if (grid.section.isConnected && (told || grid.section.dataset.version !== version)) follow(grid)
  else if (!told) grid.again = setTimeout(() => grid.section.isConnected && follow(grid), FEED_AGAIN_MS)
}

async function askFeed(grid) {
  const address = new URL(grid.section.dataset.feed, location.href)
  address.searchParams.set('since', grid.cursor)
  try {
    const answer = await fetch(address, { cache: 'no-store', signal: AbortSignal.timeout(FEED_PATIENCE_MS) })
    return answer.ok ? await answer.json() : null
  } catch {
    return null
  }
}

function merge(grid, feed) {
  const changed = feed.cells.filter((cell) => JSON.stringify(cell) !== JSON.stringify(grid.cells.get(cell.id)))
  if (feed.whole) grid.cells = new Map()
  for (const cell of feed.cells) grid.cells.set(cell.id, cell)
  for (const name of ['axes', 'kind', 'reasons', 'name']) grid[name] = feed[name] ?? grid[name]
  grid.cursor = feed.cursor
  const shape = JSON.stringify([grid.axes, [...grid.cells.values()].map((cell) => [cell.id, cell.at])])
  if (shape === grid.shape) return refreshed(grid, changed)
  grid.shape = shape
  rearranged(grid)
  refreshed(grid, changed)
}

// The address of a picture may end before its page does: everything is asked for again, which brings new addresses.
function renewAddresses(grid) {
  if (Date.now() - (grid.renewed ?? 0) < RENEW_AFTER_MS) return
  grid.renewed = Date.now()
  Object.assign(grid, { cursor: '', answered: null })
  follow(grid)
}

// What a person decides shows at once; the next feed says what became of it.
function decide(grid, id, told, known = {}) {
  grid.tellPython({ cell: id, ...told })
  if (!Object.keys(known).length) return
  const cell = { ...grid.cells.get(id), ...known }
  grid.cells.set(id, cell)
  refreshed(grid, [cell])
}
