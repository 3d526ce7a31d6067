const list = document.querySelector('#sites')
const notice = document.querySelector('#notice')
const texts = document.body.dataset

const element = (tag, text, attributes = {}) => {
  const made = document.createElement(tag)
  made.textContent = text
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value)
  return made
}

const row = ({ path, isUp, description, canSwitch }) => {
  const item = element('li', '', isUp ? { class: 'up' } : {})
  const about = element('div', '')
  const address = element('a', location.origin, { href: path })
  // On a narrow screen the line may break between the host and the path.
  address.append(document.createElement('wbr'), path)
  about.append(address, element('span', description))
  item.append(about, element('strong', isUp ? texts.up : texts.down))
  if (canSwitch) {
    const button = element('button', isUp ? texts.turnOff : texts.turnOn, {
      type: 'button',
      'data-path': path,
    })
    button.addEventListener('click', () => turn(path, !isUp))
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
    notice.textContent = texts.lost
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
