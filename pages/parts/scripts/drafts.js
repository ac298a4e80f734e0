// A plan's price follows the typing. Until the price of what stands in the form is shown, the button that buys it cannot be pressed.
const DRAFT_AFTER_MS = 100
const DRAFT_AGAIN_MS = 1500
const draftTimes = new WeakMap()

function planTyped(form) {
  const block = priceBlock(form)
  if (!block) return
  const words = form.getRootNode().getElementById(form.dataset.words)
  for (const one of [block, words]) if (one) one.dataset.draft = ''
  for (const field of form.querySelectorAll('[data-variant][hidden] textarea')) if (field.value) field.closest('label').hidden = false
  holdPurchase(block)
  askSoon(form, DRAFT_AFTER_MS)
}

function priceBlock(form) {
  return form.dataset.drafts && form.isConnected ? form.getRootNode().getElementById(form.dataset.shows) : null
}

function holdPurchase(block) {
  block.setAttribute('data-pending', '')
  for (const button of block.querySelectorAll('[data-buys]')) button.disabled = true
}

function askSoon(form, ms) {
  const time = draftTimes.get(form) ?? { number: 0 }
  draftTimes.set(form, time)
  clearTimeout(time.out)
  time.number += 1
  time.out = setTimeout(() => askDraft(form, time.number), ms)
}

async function askDraft(form, number) {
  const told = await fetch(form.dataset.drafts, { method: 'POST', cache: 'no-store', body: JSON.stringify(values(form)) })
    .then((answer) => (answer.ok ? answer.json() : null), () => null)
  const block = priceBlock(form)
  if (!form.isConnected || !block || draftTimes.get(form).number !== number) return
  if (told) showDraft(form, block, told)
  else askSoon(form, DRAFT_AGAIN_MS)
}

function showDraft(form, block, told) {
  const fresh = document.createElement('template')
  fresh.innerHTML = told.html
  settle(block, fresh.content)
  block.removeAttribute('data-pending')
  drawWords(form, told.words)
  for (const own of block.querySelectorAll('form[id]')) restore(own)
  checkCeiling(block.querySelector('form[data-do=buy]'))
  draftGrid(form, told.grid)
}

// What is typed into a plan goes along with the press that buys it, and the plan's hash says whether it is what the price was shown for.
function draftOf(form) {
  const block = form.closest('[data-draft]')
  const plan = block && [...block.getRootNode().querySelectorAll('form[data-drafts]')].find((one) => one.dataset.shows === block.id)
  return plan ? { draft: JSON.stringify(values(plan)) } : {}
}

// A ceiling below the price is said where it is typed.
function checkCeiling(form) {
  const field = form?.elements.ceiling
  if (!field) return
  const dollars = Number(field.value.trim().replace(/^\$/, '').replace(',', '.'))
  const needed = (Number(form.dataset.price) + Number(form.dataset.spent)) / 1e6
  const said = !field.value.trim() || !(dollars >= 0) ? 'Write an amount in dollars, such as 3.00.' : dollars < needed ? `Below what it comes to: $${needed.toFixed(2)} in all.` : ''
  field.setCustomValidity(said)
  const words = form.querySelector('[data-ceiling-says]')
  if (words && words.textContent !== said) words.textContent = said
}

function drawWords(form, html) {
  const words = form.getRootNode().getElementById(form.dataset.words)
  const fresh = document.createElement('template')
  fresh.innerHTML = html
  if (words) settle(words, fresh.content)
}

// Another variant begins as the one before it, the first as the style's own text: what is changed then is the difference. One alone is no comparison.
function addVariant(form) {
  const labels = [...form.querySelectorAll('[data-variant]')]
  const shown = labels.filter((label) => !label.hidden)
  const before = shown.at(-1)?.querySelector('textarea').value || form.querySelector('[data-base]')?.textContent || ''
  const fresh = labels.filter((label) => label.hidden).slice(0, shown.length ? 1 : 2)
  for (const label of fresh) {
    label.hidden = false
    label.querySelector('textarea').value = before
  }
  const last = fresh.at(-1)?.querySelector('textarea')
  last?.focus()
  if (last) last.dispatchEvent(new Event('input', { bubbles: true }))
}
