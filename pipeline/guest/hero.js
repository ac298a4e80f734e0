// Brings every [data-living-portrait] to life; call livingPortraits() after adding one.
(function () {
  if (window.livingPortraits) return window.livingPortraits()
  const STALLED_MS = 8000
  const ALL = '[data-living-portrait]'
  const CSS = `${ALL}{position:relative;overflow:hidden}
.lp-none{background:radial-gradient(circle at 50% 40%,#fff9 17%,#fff0 17.5%),radial-gradient(circle at 50% 104%,#fff9 41%,#fff0 41.4%),linear-gradient(160deg,#efe7de,#cdbab2)}
.lp-none>img:first-child{opacity:0}
${ALL}>.lp-over{position:absolute;top:0;left:0;width:100%;height:100%;object-fit:cover;opacity:0}
.lp-fade{transition:opacity .28s}
${ALL}>.lp-shown{opacity:1}
.lp-drift>img{animation:lp-drift 18s ease-in-out infinite alternate paused}
.lp-on>img{animation-play-state:running}
@keyframes lp-drift{to{transform:scale(1.09) translate(-1%,-1.4%)}}
.lp-press{position:absolute;right:12px;bottom:12px;width:44px;height:44px;border:0;border-radius:50%;background:#1a1a1ab8;box-shadow:0 0 0 2px #fffd;cursor:pointer}
.lp-press::before{content:'';position:absolute;top:15px;left:15px;width:4px;height:14px;border:solid #fff;border-width:0 5px}
.lp-held>.lp-press{right:50%;bottom:50%;width:72px;height:72px;margin:0 -36px -36px 0}
.lp-held>.lp-press::before{top:22px;left:28px;width:0;height:0;border-color:#fff0 #fff0 #fff0 #fff;border-width:14px 0 14px 23px}
@media (hover:hover){:not(.lp-held):not(:hover)>.lp-press:not(:focus-visible){opacity:0}}`
  const calm = matchMedia('(prefers-reduced-motion: reduce)')
  const net = navigator.connection
  const slow = net && (net.saveData || /[23]g/.test(net.effectiveType))
  const all = () => document.querySelectorAll(ALL).forEach((figure) => figure.lpUpdate ? figure.lpUpdate() : enliven(figure))
  const watcher = window.IntersectionObserver && new IntersectionObserver((seen) => seen.forEach(({ target, isIntersecting }) => {
    target.lpSeen = isIntersecting
    target.lpUpdate()
  }))
  const make = (tag, how) => Object.assign(document.createElement(tag), how)

  function dress(script) {
    try {
      const sheet = new CSSStyleSheet()
      sheet.replaceSync(CSS)
      document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet]
    } catch (old) {
      document.head.appendChild(make('style', { nonce: script ? script.nonce : '', textContent: CSS }))
    }
  }

  function enliven(figure) {
    const told = figure.dataset
    const first = figure.querySelector('img')
    const video = figure.querySelector('video')
    const begins = first && first.getAttribute('src')
    const rest = [told.avatar, told.photo, begins].filter(Boolean)
    const mark = (name, on) => figure.classList.toggle('lp-' + name, !!on)
    let alive = video && !slow && !calm.matches
    let filled, refused, paused, button, timer

    // What arrives next fades in over what is there: nothing is blank in between.
    function fill() {
      filled = true
      mark('drift', !alive && !calm.matches)
      const src = rest.shift()
      const onload = () => {
        if (src === begins) return
        first.after(still)
        still.offsetWidth // starts the fade
        still.classList.add('lp-shown')
      }
      const still = src && make('img', { alt: '', className: 'lp-over' + (calm.matches ? '' : ' lp-fade'), onload, onerror: fill, src })
    }

    function broken() {
      mark('none', true)
      if (!filled) fill()
    }

    function giveUp() {
      if (!alive) return
      alive = false
      video.classList.remove('lp-shown')
      setTimeout(() => { video.remove(); video.src = '' }, 300)
      if (button) button.remove()
      if (filled) mark('drift', !calm.matches)
      else fill()
    }

    function watch() {
      clearTimeout(timer)
      timer = setTimeout(() => video.paused || giveUp(), STALLED_MS)
    }

    function offer() {
      const held = paused || refused
      const onclick = () => { paused = !video.paused; update() }
      button = button || figure.appendChild(make('button', { type: 'button', className: 'lp-press', onclick }))
      button.setAttribute('aria-label', held ? told.play : told.pause)
      mark('held', held)
    }

    function start() {
      if (!video.getAttribute('src')) video.src = told.clip
      const begun = video.play()
      if (begun) begun.catch((why) => {
        refused = why.name === 'NotAllowedError'
        if (alive && refused) offer()
      })
      watch()
    }

    function reveal() {
      if (!alive || video.readyState < 4 || video.paused) return
      refused = false
      video.classList.add('lp-shown')
      offer()
    }

    // Anew: a figure that left and came back within one frame was never unseen.
    function look() {
      if (watcher) { watcher.unobserve(figure); watcher.observe(figure) }
    }

    function update() {
      const on = figure.lpSeen && !document.hidden
      mark('on', on)
      if (calm.matches) {
        giveUp()
        return mark('drift', false)
      }
      if (!alive) return
      if (on && !paused) return start()
      video.pause()
      if (button) offer()
    }

    figure.lpUpdate = update
    figure.lpSeen = !watcher
    if (first) first.addEventListener('error', broken)
    if (!first || (first.complete && !first.naturalWidth)) broken()
    if (alive) {
      video.style.display = 'block'
      Object.assign(video, {
        muted: true,
        hidden: false,
        className: 'lp-over lp-fade',
        onerror: giveUp,
        onloadedmetadata: () => video.videoWidth || giveUp(),
        oncanplaythrough: reveal,
        onplaying: reveal,
        onprogress: watch,
        ontimeupdate: watch,
        onpause: () => figure.isConnected || look()
      })
    } else if (!filled) fill()
    update()
    look()
  }

  window.livingPortraits = all
  dress(document.currentScript)
  all()
  ;['DOMContentLoaded', 'visibilitychange', 'WeixinJSBridgeReady'].forEach((name) => document.addEventListener(name, all))
  if (calm.addEventListener) calm.addEventListener('change', all)
})()
