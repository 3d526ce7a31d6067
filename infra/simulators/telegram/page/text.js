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
