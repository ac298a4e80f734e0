// Pictures side by side share one zoom: what is looked at closely in one is looked at closely in the other.
const STEPS = [1, 2, 4]

function zoomable(group) {
  if (group.onpointermove) return
  group.onpointermove = (event) => {
    const picture = event.target.closest('.zoomed')
    if (picture && Number(group.style.getPropertyValue('--zoom') || 1) > 1) aim(group, picture, event)
  }
  group.ondblclick = (event) => {
    const picture = event.target.closest('.zoomed')
    if (!picture) return
    aim(group, picture, event)
    step(group)
  }
}

function magnify(button) {
  const group = button.closest('[data-zoom]') ?? button.getRootNode().querySelector('[data-zoom]')
  if (group) step(group, button)
}

function step(group, button = group.querySelector('[data-zoom-by]')) {
  const now = Number(group.style.getPropertyValue('--zoom') || 1)
  const next = STEPS[(STEPS.indexOf(now) + 1) % STEPS.length]
  group.style.setProperty('--zoom', next)
  if (button) button.setAttribute('aria-label', next === 1 ? 'Zoom in' : `Zoomed ${next} times; press for the next step`)
}

function aim(group, picture, event) {
  const box = picture.getBoundingClientRect()
  group.style.setProperty('--x', `${(100 * (event.clientX - box.left)) / box.width}%`)
  group.style.setProperty('--y', `${(100 * (event.clientY - box.top)) / box.height}%`)
}
