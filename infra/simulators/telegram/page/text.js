// Turns Telegram's text and entities into DOM nodes. The text becomes only text nodes, so a message cannot insert HTML.

const TAGS = {
  bold: 'strong',
  italic: 'em',
  underline: 'u',
  strikethrough: 's',
  code: 'code',
  pre: 'pre',
  blockquote: 'blockquote',
  expandable_blockquote: 'blockquote',
}

const isWebLink = url => /^https?:\/\//i.test(url)

const link = url => {
  const a = document.createElement('a')
  a.href = url
  a.target = '_blank'
  a.rel = 'noopener noreferrer'
  return a
}

/** What the letters of `date_time_format` show: the weekday, a short or long date, and the time with or without seconds. */
const TIME_PARTS = {
  w: { weekday: 'long' },
  d: { day: '2-digit', month: '2-digit', year: '2-digit' },
  D: { day: 'numeric', month: 'long', year: 'numeric' },
  t: { hour: '2-digit', minute: '2-digit' },
  T: { hour: '2-digit', minute: '2-digit', second: '2-digit' },
}

/** A time in the zone of the browser, like in Telegram's apps. Without a format it is the text of the message. */
const timeElement = ({ unix_time, date_time_format: format }, covered) => {
  const time = document.createElement('time')
  const at = new Date(unix_time * 1000)
  const parts = Object.assign({}, ...[...format].map(letter => TIME_PARTS[letter]))
  time.dateTime = at.toISOString()
  time.title = covered
  time.textContent = Object.keys(parts).length === 0 ? covered : at.toLocaleString(document.documentElement.lang, parts)
  return time
}

/** The element for an entity, or null if the entity is shown as plain text. */
const elementFor = (entity, covered, { onCommand, texts }) => {
  switch (entity.type) {
    case 'text_link':
      return isWebLink(entity.url) ? link(entity.url) : null
    case 'url': {
      const url = isWebLink(covered) ? covered : `https://${covered}`
      return isWebLink(url) ? link(url) : null
    }
    case 'bot_command': {
      const button = document.createElement('button')
      button.type = 'button'
      button.className = 'command'
      button.addEventListener('click', () => onCommand(covered))
      return button
    }
    case 'spoiler': {
      const span = document.createElement('span')
      span.className = 'spoiler'
      span.tabIndex = 0
      span.setAttribute('role', 'button')
      span.setAttribute('aria-label', texts.spoiler)
      const show = () => {
        span.className = ''
        span.removeAttribute('role')
        span.removeAttribute('tabindex')
        span.removeAttribute('aria-label')
      }
      span.addEventListener('click', show, { once: true })
      span.addEventListener('keydown', event => (event.key === 'Enter' || event.key === ' ') && show())
      return span
    }
    default:
      return TAGS[entity.type] ? document.createElement(TAGS[entity.type]) : null
  }
}

/** The nodes for `text`. Entities can be nested: each entity is rendered together with the entities inside it. */
export const rendered = (text, entities, tools) => {
  const nodes = []
  const render = (begin, end, list, into) => {
    let at = begin
    const rest = [...list]
    while (rest.length > 0) {
      const entity = rest.shift()
      const stop = Math.min(entity.offset + entity.length, end)
      if (entity.offset < at || stop <= entity.offset) continue
      if (entity.offset > at) into(document.createTextNode(text.slice(at, entity.offset)))
      if (entity.type === 'date_time') {
        into(timeElement(entity, text.slice(entity.offset, stop)))
        at = stop
        continue
      }
      const inner = rest.filter(other => other.offset >= entity.offset && other.offset + other.length <= stop)
      const element = elementFor(entity, text.slice(entity.offset, stop), tools)
      if (element === null) render(entity.offset, stop, inner, into)
      else {
        render(entity.offset, stop, inner, node => element.append(node))
        into(element)
      }
      at = stop
    }
    if (at < end) into(document.createTextNode(text.slice(at, end)))
  }
  render(0, text.length, entities, node => nodes.push(node))
  return nodes
}
