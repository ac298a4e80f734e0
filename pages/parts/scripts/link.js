// Says when the studio cannot be reached, and takes it back when it can: work goes on meanwhile, and what was typed stays.
const ASK_EVERY_MS = 3000
let asked = 0

function checkLink(lost) {
  if (Date.now() - asked < ASK_EVERY_MS || document.hidden) return
  asked = Date.now()
  fetch('/_stcore/health', { cache: 'no-store', signal: AbortSignal.timeout(ASK_EVERY_MS - 500) })
    .then((answer) => (lost.hidden = answer.ok))
    .catch(() => (lost.hidden = false))
}

// The screen library opens a box of its own over everything when the server is away; ours says it in a line and leaves the page to be read.
function dismissConnectionBox() {
  for (const box of document.querySelectorAll('[data-testid="stDialog"]')) {
    if (box.querySelector('[slot="title"]')?.textContent === 'Connection error') box.querySelector('button[aria-label="Close"]')?.click()
  }
}

new MutationObserver(dismissConnectionBox).observe(document.body, { childList: true })
