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
