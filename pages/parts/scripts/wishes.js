// Wishes are told one after the other, and again until Python has done them: of two told at once the first would be lost, and a beat may break one off.
const AGAIN_MS = 1000
const lines = new Map()

// One line for each element Python draws, also when the page builds that element anew.
function lineOf(key, root, send) {
  if (!lines.has(key)) lines.set(key, { name: crypto.getRandomValues(new Uint32Array(2)).join(''), count: 0, waiting: [], under: null, stood: '' })
  return Object.assign(lines.get(key), { root, send })
}

function queueUp(line, what) {
  line.waiting.push({ ...what, wish: `${line.name}-${(line.count += 1)}` })
  if (!line.under) tellNext(line)
}

function tellNext(line) {
  clearTimeout(line.again)
  line.under = line.waiting.shift() ?? null
  if (line.under) tellUntil(line, Date.now() + LOST_AFTER_MS)
}

function tellUntil(line, end) {
  if (!line.root.isConnected) return
  if (Date.now() > end) return tellNext(line)
  line.send(line.under)
  line.again = setTimeout(() => tellUntil(line, end), AGAIN_MS)
}

function heard(root, line, wish) {
  if (line.under?.wish !== wish) return
  tellNext(line)
  if (!line.under) rest(root)
}
