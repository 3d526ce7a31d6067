const list = document.querySelector('#sites')
const notice = document.querySelector('#notice')
const words = document.body.dataset

const element = (tag, text, attributes = {}) => {
  const made = document.createElement(tag)
  made.textContent = text
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value)
  return made
}

const row = site => {
  const item = element('li', '', site.well ? { class: 'up' } : {})
  const about = element('div', '')
  const address = element('a', location.origin, { href: site.path })
  // On a narrow screen the line may break between the host and the path.
  address.append(document.createElement('wbr'), site.path)
  about.append(address, element('span', site.words))
  item.append(about, element('strong', site.well ? words.up : words.down))
  if (site.canSwitch) {
    const button = element('button', site.well ? words.turnOff : words.turnOn, {
      type: 'button',
      'data-path': site.path,
    })
    button.addEventListener('click', () => turn(site.path, !site.well))
    item.append(button)
  }
  return item
}

let shown = ''

const refresh = async () => {
  try {
    const sites = await (await fetch('/_/sites')).json()
    notice.textContent = ''
    if (JSON.stringify(sites) === shown) return
    shown = JSON.stringify(sites)
    const focused = document.activeElement?.dataset?.path
    list.replaceChildren(...sites.map(row))
    if (focused) list.querySelector(`[data-path="${CSS.escape(focused)}"]`)?.focus()
  } catch {
    notice.textContent = words.lost
  }
}

const turn = async (path, on) => {
  await fetch('/_/sites', {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'vigia-local': '1' },
    body: JSON.stringify({ path, on }),
  }).catch(() => {})
  await refresh()
}

refresh()
setInterval(refresh, 2000)
