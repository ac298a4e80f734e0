// Marks on a picture: a press is a point, a drag of the mouse a rectangle, and both can be made with the keyboard. A mark is sent with its comment.
const MOVES = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }
const MARK_STEP = 0.01
const LEAST_DRAG = 0.02

function markable(stage) {
  if (!stage.onpointerdown) {
    stage.onpointerdown = (event) => beginMark(stage, event)
    stage.onpointermove = (event) => stage.from && drawMark(stage, between(stage.from, pointIn(stage, event)))
    stage.onpointerup = (event) => endMark(stage, event)
    stage.onpointercancel = () => forgetDrag(stage)
    stage.onkeydown = (event) => moveMark(stage, event)
    stage.ondragstart = (event) => event.preventDefault()
  }
  if (!stage.from) drawMark(stage, markIn(stage))
}

// The place that is being marked stands in the form, where it is kept in this tab with the words.
function fieldOf(stage) {
  return stage.getRootNode().querySelector(`input[data-mark-of="${CSS.escape(stage.id)}"]`)
}

function markIn(stage) {
  const numbers = (fieldOf(stage)?.value ?? '').split(',').map(Number)
  return numbers.length > 1 ? numbers : null
}

function setMark(stage, mark) {
  const field = fieldOf(stage)
  if (!field) return
  field.value = mark ? mark.map((one) => Number(one.toFixed(4))).join(',') : ''
  field.dispatchEvent(new Event('input', { bubbles: true }))
  drawMark(stage, mark)
}

function drawMark(stage, mark) {
  const holder = stage.querySelector('.new-mark')
  for (const drop of stage.getRootNode().querySelectorAll(`[data-unmarks="${CSS.escape(stage.id)}"]`)) drop.hidden = !mark
  if (!mark) return holder.replaceChildren()
  const [x, y, width = 0, height = 0] = mark
  const [dot, box] = holder.children.length ? holder.children : [build('button', { type: 'button', class: 'dot new' }, symbol('add')), build('span', { class: 'box new', 'aria-hidden': 'true' })]
  if (!dot.isConnected) holder.append(dot, box)
  for (const [name, value] of [['x', x], ['y', y], ['mw', width], ['mh', height]]) holder.style.setProperty(`--${name}`, `${100 * value}%`)
  box.hidden = !width && !height
  dot.setAttribute('aria-label', `Your mark, ${Math.round(100 * x)} % from the left, ${Math.round(100 * y)} % from the top. Arrow keys move it, with Shift they make it a rectangle, Delete takes it away, Enter goes on to the words.`)
}

function pointIn(stage, event) {
  const box = stage.getBoundingClientRect()
  return [within((event.clientX - box.left) / box.width, 0, 1), within((event.clientY - box.top) / box.height, 0, 1)]
}

function between([x1, y1], [x2, y2]) {
  const size = [Math.abs(x2 - x1), Math.abs(y2 - y1)]
  return Math.max(...size) < LEAST_DRAG ? [x1, y1] : [Math.min(x1, x2), Math.min(y1, y2), ...size]
}

function beginMark(stage, event) {
  if (event.button || event.target.closest('.dot') || !fieldOf(stage)) return
  if (event.target.controls && pointIn(stage, event)[1] > 0.85) return
  stage.from = pointIn(stage, event)
  if (event.pointerType === 'mouse') stage.setPointerCapture(event.pointerId)
}

function endMark(stage, event) {
  if (!stage.from) return
  setMark(stage, between(stage.from, pointIn(stage, event)))
  stage.from = null
  wordsOfMark(stage)?.focus({ preventScroll: event.pointerType === 'mouse' })
}

// A finger that scrolls marks nothing.
function forgetDrag(stage) {
  stage.from = null
  drawMark(stage, markIn(stage))
}

function wordsOfMark(stage) {
  return fieldOf(stage)?.form.querySelector('textarea')
}

function moveMark(stage, event) {
  if (!event.target.closest('.dot.new')) return
  const mark = markIn(stage)
  if (event.key === 'Enter') wordsOfMark(stage)?.focus()
  else if (['Delete', 'Backspace'].includes(event.key)) unmark(stage)
  else if (event.key in MOVES && mark) setMark(stage, event.shiftKey ? sized(mark, MOVES[event.key]) : moved(mark, MOVES[event.key]))
  else return
  event.preventDefault()
  event.stopPropagation()
}

function moved([x, y, width = 0, height = 0], [right, down]) {
  const to = [within(x + right * MARK_STEP, 0, 1 - width), within(y + down * MARK_STEP, 0, 1 - height)]
  return width || height ? [...to, width, height] : to
}

function sized([x, y, width = 0, height = 0], [right, down]) {
  const size = [within(width + right * MARK_STEP, 0, 1 - x), within(height + down * MARK_STEP, 0, 1 - y)]
  return size[0] || size[1] ? [x, y, ...size] : [x, y]
}

function unmark(stage) {
  setMark(stage, null)
  wordsOfMark(stage)?.focus()
}

// Presses among comments: a dot shows its comment and a comment's number its dot; a place is marked without pointing; a link is copied.
function pressComments(event, root) {
  const dot = event.target.closest('[data-points]')
  if (dot) pointAt(root, dot)
  const number = event.target.closest('.thread .number')
  if (number) pointAt(root, named(root, `dot-${number.closest('.thread').id}`))
  const on = event.target.closest('[data-marks-on]')
  if (on) markByKey(named(root, on.dataset.marksOn))
  const off = event.target.closest('[data-unmarks]')
  if (off) unmark(named(root, off.dataset.unmarks))
  const link = event.target.closest('[data-copy-address]')
  if (link) copyAddress(link)
}

// What was refused is said on the page, which lies behind the dialog.
function repeatNotice(root) {
  const words = root.querySelector('#notice > span:nth-of-type(2)')?.textContent ?? ''
  for (const said of root.querySelectorAll('.talk-notice')) tell(said, words)
}

function pointAt(root, dot) {
  if (!dot) return
  for (const one of root.querySelectorAll('.talk [data-on]')) delete one.dataset.on
  const thread = named(root, dot.dataset.points)
  const fold = thread.closest('details')
  if (fold) fold.open = true
  thread.dataset.on = dot.dataset.on = ''
  thread.scrollIntoView({ block: 'nearest' })
  thread.focus({ preventScroll: true })
}

function markByKey(stage) {
  if (!markIn(stage)) setMark(stage, [0.5, 0.5])
  stage.scrollIntoView({ block: 'nearest' })
  stage.querySelector('.dot.new').focus({ preventScroll: true })
}

function copyAddress(button) {
  const words = location.origin + button.dataset.copyAddress + location.hash
  const done = () => {
    button.dataset.done = ''
    setTimeout(() => delete button.dataset.done, 2000)
  }
  // Without https only this machine may write to the clipboard by itself; elsewhere the link is shown to be copied.
  navigator.clipboard ? navigator.clipboard.writeText(words).then(done, () => prompt('The link:', words)) : prompt('The link:', words)
}
