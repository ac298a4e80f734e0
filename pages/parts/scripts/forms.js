// Forms: what was typed is told to Python as one wish, and is kept in this tab until its form is replaced by the next one.
function submit(event, tellPython) {
  const form = event.target.closest('form[data-do]')
  if (!form) return
  event.preventDefault()
  const button = event.submitter ?? form.querySelector('button[type=submit]')
  if (button?.getAttribute('aria-busy') === 'true') return
  if (button) busy(button)
  if (button?.dataset.buys !== undefined) bought(form)
  tellPython({ ...form.dataset, ...button?.dataset, ...values(form), ...framedAt(form), ...draftOf(form) })
}

function values(form) {
  const told = {}
  for (const [name, value] of new FormData(form)) {
    if (typeof value === 'string') told[name] = name in told ? `${told[name]},${value}` : value
  }
  return told
}

// A form that is one with what is shown, such as a filter, is told at every change.
function changed(event, tellPython) {
  const form = event.target.closest('form[data-at-once]')
  if (!form || !event.target.name) return
  busy(form)
  tellPython({ ...form.dataset, ...values(form) })
}

function typed(event) {
  const field = event.target
  if (field.dataset.slides !== undefined) field.closest('[data-slid]').style.setProperty('--at', `${field.value}%`)
  const shown = field.name && field.form?.querySelector(`output[name="${field.name}-shown"]`)
  if (shown) shown.textContent = field.step?.includes('.') ? Number(field.value).toFixed(field.step.split('.')[1].length) : field.value
  const preset = field.closest('label')?.querySelector('[data-preset]')
  if (preset) preset.hidden = field.value !== preset.dataset.preset && Number(field.value) !== Number(preset.dataset.preset)
  const form = field.form
  if (!form?.id) return
  if (form.dataset.drafts) planTyped(form)
  if (form.dataset.do === 'buy') checkCeiling(form)
  reprice(form)
  if (form.dataset.keep !== undefined) sessionStorage.setItem(`typed:${form.id}`, JSON.stringify(values(form)))
}

function restore(form) {
  reprice(form)
  if (form.dataset.keep === undefined || form.dataset.restored !== undefined) return
  form.dataset.restored = ''
  const kept = JSON.parse(sessionStorage.getItem(`typed:${form.id}`) ?? '{}')
  for (const field of form.elements) {
    if (!(field.name in kept)) continue
    if (field.type === 'radio' || field.type === 'checkbox') field.checked = kept[field.name].split(',').includes(field.value)
    else field.value = kept[field.name]
    field.dispatchEvent(new Event('input', { bubbles: true }))
  }
}

// Every model has its settings and says its price; the button that spends always shows the chosen one's.
function reprice(form) {
  const model = form.querySelector('[data-chooses]')?.value
  for (const set of form.querySelectorAll('fieldset[data-for]')) set.hidden = set.disabled = set.dataset.for !== model
  const chosen = [...form.querySelectorAll('option[data-price]:checked')].filter((option) => !option.closest('fieldset:disabled')).pop()
  if (!chosen) return
  const buttons = [...form.elements].filter((one) => one.type === 'submit')
  for (const price of buttons.flatMap((button) => [...button.querySelectorAll('[data-priced]')])) {
    if (price.textContent !== chosen.dataset.price) price.textContent = chosen.dataset.price
  }
}
