// Why a button cannot be pressed stands below it, once for all that stand together; a tooltip alone is found by nobody on a phone.
const TOGETHER = '.buttons, form, article, li, section, [popover], .card, .live'

// Words that stand there already, in the group or right beside it, are not said twice.
function around(place) {
  const beside = place.parentElement?.matches('.live') ? place : (place.parentElement ?? place)
  return beside.textContent
}

function sayReasons(root) {
  root.querySelectorAll('.off-why').forEach((old) => old.remove())
  const groups = new Map()
  for (const button of root.querySelectorAll('button[disabled][title]:not([data-guard])')) {
    const place = button.closest(TOGETHER)
    if (place) groups.set(place, [...(groups.get(place) ?? []), button])
  }
  let number = 0
  for (const [place, buttons] of groups) {
    const said = [...new Set(buttons.map((button) => button.title))].filter((words) => !around(place).includes(words))
    if (!said.length) continue
    const why = document.createElement('p')
    why.className = 'off-why'
    why.id = `off-why-${number++}`
    why.textContent = said.join(' ')
    buttons.forEach((button) => button.setAttribute('aria-describedby', why.id))
    const last = buttons[buttons.length - 1]
    if (place.matches('.buttons')) place.append(why)
    else last.after(why)
  }
}
