import { rendered } from './text.js'

const texts = JSON.parse(document.querySelector('#texts').textContent)
const language = document.documentElement.lang
const $ = selector => document.querySelector(selector)
const list = $('#messages')
const input = $('#text')

let state = { conversations: [], hints: [] }
let pane = location.hash === '#operators' ? 'operators' : 'main'
/** The id of the newest message that the person has seen, by conversation. */
const seen = { main: 0, operators: 0 }
let isFirst = true
/** The buttons whose press the bot has not answered yet, by query id. */
const waiting = new Map()
const answerTimeoutMs = 15_000

const make = (tag, properties = {}, ...children) => {
  const element = Object.assign(document.createElement(tag), properties)
  element.append(...children)
  return element
}

const clock = new Intl.DateTimeFormat(language, { hour: '2-digit', minute: '2-digit' })
const day = new Intl.DateTimeFormat(language, { weekday: 'long', day: 'numeric', month: 'long' })

const dayOf = at => {
  const date = new Date(at)
  const today = new Date()
  const yesterday = new Date(today.getFullYear(), today.getMonth(), today.getDate() - 1)
  if (date.toDateString() === today.toDateString()) return texts.today
  return date.toDateString() === yesterday.toDateString() ? texts.yesterday : day.format(date)
}

// --- the person's actions

const call = async (action, body) => {
  try {
    const answer = await fetch(`/chat/api/${action}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'vigia-local': '1' },
      body: JSON.stringify({ pane, ...body }),
    })
    const result = await answer.json()
    if (!answer.ok) throw new Error(result.error)
    return result
  } catch (error) {
    // A TypeError comes from fetch, and its text comes from the browser, perhaps in another language.
    toast(error instanceof TypeError ? texts.lost : `${texts.failed} ${error.message}`)
    return null
  }
}

const send = text => {
  stickToEnd = true
  closeMenu()
  return call('send', { text })
}

const press = async (message, row, column, button) => {
  if (button.getAttribute('aria-busy') === 'true') return
  button.setAttribute('aria-busy', 'true')
  const result = await call('press', { message: message.id, row, column })
  if (!result?.query) button.removeAttribute('aria-busy')
  else {
    const pressed = { pane, message: message.id, row, column }
    waiting.set(result.query, pressed)
    // If the bot does not answer in time, the button no longer looks busy.
    setTimeout(() => {
      if (waiting.delete(result.query) && pane === pressed.pane) buttonAt(pressed)?.removeAttribute('aria-busy')
    }, answerTimeoutMs)
  }
  showAnswers()
}

/** Shows the bot's answers to button presses. */
const showAnswers = () => {
  for (const { pane: where, answers } of state.conversations) {
    for (const [query, answer] of Object.entries(answers)) {
      const pressed = waiting.get(query)
      if (pressed?.pane !== where) continue
      waiting.delete(query)
      buttonAt(pressed)?.removeAttribute('aria-busy')
      if (answer.alert) alertBox(answer.text)
      else if (answer.text) toast(answer.text)
    }
  }
}

const buttonAt = ({ message, row, column }) =>
  list.querySelector(`[data-id="${message}"] [data-row="${row}"][data-column="${column}"]`)

let toastTimer
const toast = text => {
  const box = $('#toast')
  box.textContent = text
  box.hidden = false
  clearTimeout(toastTimer)
  toastTimer = setTimeout(() => {
    box.hidden = true
  }, 4000)
}

const alertBox = text => {
  $('#alert-text').textContent = text
  $('#alert').showModal()
}

/** Copies a text as the Telegram app does. A browser may refuse it; then the text is shown, to be copied by hand. */
const copy = async text => {
  try {
    await navigator.clipboard.writeText(text)
    toast(texts.copied)
  } catch {
    alertBox(text)
  }
}

// --- messages

const keyboard = message =>
  make(
    'div',
    { className: 'keyboard' },
    ...message.buttons.map((row, rowIndex) =>
      make(
        'div',
        { className: 'row' },
        ...row.map((button, column) => {
          if (button.url) {
            const a = make('a', { href: button.url, target: '_blank', rel: 'noopener noreferrer' }, button.text)
            if (!button.text.includes('↗')) a.append(make('span', { ariaHidden: 'true', className: 'away' }, ' ↗'))
            return a
          }
          const made = make('button', { type: 'button' }, button.text)
          if (button.copy) {
            made.addEventListener('click', () => copy(button.copy))
            return made
          }
          made.dataset.row = rowIndex
          made.dataset.column = column
          const isWaiting = [...waiting.values()].some(
            other =>
              other.pane === pane && other.message === message.id && other.row === rowIndex && other.column === column,
          )
          if (isWaiting) made.setAttribute('aria-busy', 'true')
          made.addEventListener('click', () => press(message, rowIndex, column, made))
          return made
        }),
      ),
    ),
  )

const quote = target => {
  const text = target.text.split('\n')[0] || texts.photo
  const made = make(
    'button',
    { type: 'button', className: 'quote' },
    make('span', { className: 'unseen' }, `${texts.inReplyTo}: `),
    text,
  )
  made.addEventListener('click', () => {
    const element = list.querySelector(`[data-id="${target.id}"]`)
    if (element) goToMessage(element)
    element?.scrollIntoView({ block: 'center' })
    element?.classList.add('shown')
    setTimeout(() => element?.classList.remove('shown'), 1500)
  })
  return made
}

const bubble = (message, all, name) => {
  const item = make('article', { className: message.mine ? 'mine' : 'theirs', tabIndex: -1 })
  item.dataset.id = message.id
  const target = all.find(({ id }) => id === message.replyTo)
  const content = make(
    'div',
    { className: 'bubble' },
    make('span', { className: 'unseen' }, `${message.mine ? texts.you : name}: `),
  )
  if (target) content.append(quote(target))
  if (message.photo) {
    const alt = `${texts.photo}: ${message.text.split('\n')[0]}`
    const file = `${message.id}.${message.photo.startsWith('upload:') ? 'image' : 'svg'}`
    const { width = 0, height = 0 } = message.photoSize ?? {}
    const className = width > height ? 'wide' : ''
    content.append(make('img', { src: `/chat/photo/${pane}/${file}`, alt, className, ...message.photoSize }))
  }
  if (message.text) {
    const text = make('div', { className: 'text' })
    text.append(...rendered(message.text, message.entities, { onCommand: send, texts }))
    content.append(text)
  }
  const marks = [
    message.silent && !message.mine ? `🔕 ${texts.silent}` : '',
    message.edited ? texts.edited : '',
    clock.format(new Date(message.at)),
  ]
  content.append(
    make('p', { className: 'marks' }, make('time', { dateTime: message.at }, marks.filter(Boolean).join(' · '))),
  )
  item.append(content)
  if (message.buttons.length > 0) item.append(keyboard(message))
  return item
}

const controlsOf = item => [...item.querySelectorAll('a, button, .spoiler')]

/** The id of the message whose links and buttons the Tab key reaches; null is the newest message that has any. */
let currentMessage = null

/**
 * Keeps only the controls of the current message in the tab order, so that the text box is only a few tab stops away.
 */
const limitTabStops = () => {
  const items = [...list.querySelectorAll('[data-id]')]
  const current =
    items.find(({ dataset }) => dataset.id === currentMessage) ?? items.findLast(item => controlsOf(item).length > 0)
  for (const item of items) for (const control of controlsOf(item)) control.tabIndex = item === current ? 0 : -1
}

const goToMessage = item => {
  currentMessage = item.dataset.id
  limitTabStops()
  item.focus()
  item.scrollIntoView({ block: 'nearest' })
}

list.addEventListener('keydown', event => {
  const items = [...list.querySelectorAll('[data-id]')]
  const at = items.indexOf(document.activeElement.closest('[data-id]'))
  const target = {
    ArrowUp: items[at < 0 ? items.length - 1 : Math.max(at - 1, 0)],
    ArrowDown: items[at < 0 ? items.length - 1 : Math.min(at + 1, items.length - 1)],
    Home: items[0],
    End: items.at(-1),
  }[event.key]
  if (!target) return
  event.preventDefault()
  goToMessage(target)
})

let stickToEnd = true
list.addEventListener('scroll', () => {
  stickToEnd = list.scrollHeight - list.scrollTop - list.clientHeight < 80
  if (stickToEnd) $('#newer').hidden = true
})
$('#newer').addEventListener('click', () => {
  toEnd()
  list.focus()
})
const toEnd = () => {
  list.scrollTop = list.scrollHeight
  $('#newer').hidden = true
}
// A picture changes the height of its message when it has loaded.
list.addEventListener('load', () => stickToEnd && toEnd(), true)

let shownPane = ''
const shown = new Map()

/** Updates the list of messages. Only changed messages are built again, and the focus stays where it was. */
const showMessages = conversation => {
  if (shownPane !== pane) {
    // While aria-busy is set, a screen reader does not read the whole conversation aloud.
    list.setAttribute('aria-busy', 'true')
    list.replaceChildren()
    shown.clear()
    shownPane = pane
    stickToEnd = true
    currentMessage = null
  }
  const { messages, name } = conversation
  const wanted = []
  let lastDay = ''
  for (const message of messages) {
    const itsDay = dayOf(message.at)
    if (itsDay !== lastDay) {
      lastDay = itsDay
      wanted.push({ key: `day ${itsDay}`, text: itsDay, build: () => make('div', { className: 'day' }, itsDay) })
    }
    const text = JSON.stringify(message)
    wanted.push({ key: `message ${message.id}`, text, build: () => bubble(message, messages, name) })
  }
  const keys = new Set(wanted.map(({ key }) => key))
  for (const [key, { element }] of shown) {
    if (keys.has(key)) continue
    element.remove()
    shown.delete(key)
  }
  let isNewer = false
  let previous = null
  for (const { key, text, build } of wanted) {
    const known = shown.get(key)
    let element = known?.element
    if (known?.text !== text) {
      const fresh = build()
      if (element) replaceKeepingFocus(element, fresh)
      else {
        if (previous === null) list.prepend(fresh)
        else previous.after(fresh)
        isNewer = true
      }
      element = fresh
      shown.set(key, { element, text })
    }
    previous = element
  }
  limitTabStops()
  requestAnimationFrame(() => list.removeAttribute('aria-busy'))
  const isEmpty = messages.length === 0
  list.classList.toggle('empty', isEmpty)
  if (isEmpty && list.childElementCount === 0) list.append(emptyHint())
  else if (!isEmpty) list.querySelector('.nothing')?.remove()
  if (stickToEnd) toEnd()
  else if (isNewer && !isFirst) $('#newer').hidden = false
}

const emptyHint = () => {
  const item = make('div', { className: 'nothing' }, make('p', {}, texts.empty))
  if (pane === 'main') {
    const start = make('button', { type: 'button' }, texts.start)
    start.addEventListener('click', () => send('/start').then(() => input.focus()))
    item.append(start)
  }
  return item
}

const replaceKeepingFocus = (old, fresh) => {
  const wasFocused = old === document.activeElement
  const focused = old.contains(document.activeElement) ? document.activeElement.dataset : null
  old.replaceWith(fresh)
  if (focused === null) return
  if (wasFocused) return fresh.focus()
  const again =
    fresh.querySelector(`[data-row="${focused.row}"][data-column="${focused.column}"]`) ?? fresh.querySelector('button')
  ;(again ?? list).focus()
}

// --- the rest of the page

const showTabs = () => {
  const focused = document.activeElement?.getAttribute('role') === 'tab'
  $('#tabs').replaceChildren(
    ...state.conversations.map(conversation => {
      const isHere = conversation.pane === pane
      const last = conversation.messages.at(-1)
      const unread = conversation.messages.filter(({ id, mine }) => !mine && id > seen[conversation.pane]).length
      const tab = make(
        'button',
        { type: 'button', className: 'tab', id: `tab-${conversation.pane}`, tabIndex: isHere ? 0 : -1 },
        make(
          'span',
          { className: `face ${conversation.pane}`, ariaHidden: 'true' },
          conversation.pane === 'main' ? 'V' : 'O',
        ),
        make('span', { className: 'name' }, conversation.name),
        make(
          'span',
          { className: 'snippet' },
          last ? last.text.replaceAll('\n', ' ').slice(0, 60) || texts.photo : texts.empty,
        ),
      )
      if (unread > 0 && !isHere) {
        tab.append(
          make(
            'span',
            { className: 'badge' },
            String(unread),
            make('span', { className: 'unseen' }, ` ${texts.unread}`),
          ),
        )
      }
      tab.setAttribute('role', 'tab')
      tab.setAttribute('aria-selected', String(isHere))
      tab.setAttribute('aria-controls', 'conversation')
      tab.addEventListener('click', () => go(conversation.pane))
      return tab
    }),
  )
  if (focused) $(`#tab-${pane}`)?.focus()
}
$('#tabs').addEventListener('keydown', event => {
  if (!['ArrowLeft', 'ArrowRight', 'ArrowUp', 'ArrowDown'].includes(event.key)) return
  event.preventDefault()
  go(pane === 'main' ? 'operators' : 'main')
})

const go = where => {
  pane = where
  history.replaceState(null, '', where === 'operators' ? '#operators' : location.pathname)
  closeMenu()
  show()
}

const showHints = () => {
  const items = state.hints.map(hint => {
    const item = make(
      'li',
      {},
      make('span', {}, hint.at ? `${hint.text} (${texts.next} ${clock.format(new Date(hint.at))}).` : `${hint.text}.`),
    )
    if (hint.send) {
      const button = make('button', { type: 'button', className: 'try' }, hint.send)
      button.addEventListener('click', () => {
        go('main')
        $('#hints').open = isWide()
        send(hint.send)
      })
      item.append(button)
    }
    if (hint.link)
      item.append(
        make('a', { className: 'place', href: hint.link, target: '_blank', rel: 'noopener noreferrer' }, hint.link),
      )
    return item
  })
  const box = $('#hints ol')
  const text = JSON.stringify(state.hints)
  if (box.dataset.text === text) return
  box.dataset.text = text
  box.replaceChildren(...items)
}

const closeMenu = () => {
  $('#menu').hidden = true
  $('#commands').setAttribute('aria-expanded', 'false')
}

const openMenu = (begin = '') => {
  const conversation = state.conversations.find(other => other.pane === pane)
  const fitting = (conversation?.commands ?? []).filter(({ command }) => command.startsWith(begin))
  const items = fitting.map(({ command, description }) => {
    const button = make(
      'button',
      { type: 'button', className: 'item' },
      make('strong', {}, `/${command}`),
      ` ${description}`,
    )
    button.addEventListener('click', () => {
      input.value = ''
      grow()
      send(`/${command}`)
      input.focus()
    })
    return button
  })
  if (begin !== '' && items.length === 0) return closeMenu()
  $('#menu').replaceChildren(...(items.length > 0 ? items : [make('p', {}, texts.noCommands)]))
  $('#menu').hidden = false
  $('#commands').setAttribute('aria-expanded', 'true')
}

$('#commands').addEventListener('click', () => {
  if (!$('#menu').hidden) return closeMenu()
  openMenu()
  $('#menu button')?.focus()
})

const grow = () => {
  input.style.height = 'auto'
  input.style.height = `${Math.min(input.scrollHeight, 160)}px`
}
input.addEventListener('input', () => {
  grow()
  const begun = /^\/([a-z0-9_]*)$/.exec(input.value)
  if (begun) openMenu(begun[1])
  else closeMenu()
})
const submit = async () => {
  const text = input.value.trim()
  if (text === '') return
  input.value = ''
  grow()
  if ((await send(text)) === null) input.value = text
  input.focus()
}
input.addEventListener('keydown', event => {
  if (event.key === 'Enter' && !event.shiftKey && !event.isComposing) {
    event.preventDefault()
    submit()
  }
  if (event.key === 'ArrowDown' && !$('#menu').hidden) {
    event.preventDefault()
    $('#menu button')?.focus()
  }
})
$('#menu').addEventListener('keydown', event => {
  const buttons = [...$('#menu').querySelectorAll('button')]
  const at = buttons.indexOf(document.activeElement)
  if (event.key === 'ArrowDown') buttons[Math.min(at + 1, buttons.length - 1)]?.focus()
  else if (event.key === 'ArrowUp') (buttons[at - 1] ?? input).focus()
  else return
  event.preventDefault()
})
document.addEventListener('keydown', event => {
  if (event.key !== 'Escape' || ($('#menu').hidden && !list.contains(event.target))) return
  closeMenu()
  currentMessage = null
  limitTabStops()
  input.focus()
})
$('#composer').addEventListener('submit', event => {
  event.preventDefault()
  submit()
})
$('#block').addEventListener('click', () => call('block', {}))
$('#restart').addEventListener('click', async () => {
  await call('unblock', {})
  await send('/start')
  input.focus()
})

const show = () => {
  const conversation = state.conversations.find(other => other.pane === pane)
  if (!conversation) return
  seen[pane] = Math.max(seen[pane], ...conversation.messages.map(({ id }) => id), 0)
  $('.head h2').textContent = conversation.name
  $('.head .handle').textContent = `@${conversation.username}`
  $('.head .face').textContent = pane === 'main' ? 'V' : 'O'
  $('.head .face').className = `face ${pane}`
  $('#conversation').setAttribute('aria-labelledby', `tab-${pane}`)
  $('#block').textContent = texts.block
  $('#block').hidden = conversation.isBlocked
  $('#composer').hidden = conversation.isBlocked || pane === 'operators'
  $('#listen-only').hidden = conversation.isBlocked || pane !== 'operators'
  $('#restart').hidden = !conversation.isBlocked
  showTabs()
  showHints()
  showMessages(conversation)
  showAnswers()
  const unread = state.conversations.reduce(
    (sum, other) => sum + other.messages.filter(({ id, mine }) => !mine && id > seen[other.pane]).length,
    0,
  )
  document.title = unread > 0 ? `(${unread}) ${texts.title}` : texts.title
}

const listen = () => {
  const stream = new EventSource('/chat/api/stream')
  stream.onmessage = event => {
    state = JSON.parse(event.data)
    if (isFirst) {
      for (const { pane: where, messages } of state.conversations) seen[where] = messages.at(-1)?.id ?? 0
    }
    $('#notice').textContent = ''
    show()
    if (isFirst && document.activeElement === document.body) ($('#composer').hidden ? list : input).focus()
    isFirst = false
  }
  stream.onerror = () => {
    $('#notice').textContent = texts.lost
    if (stream.readyState === EventSource.CLOSED) setTimeout(listen, 2000)
  }
}

const isWide = () => matchMedia('(min-width: 60rem)').matches

$('#hints').open = isWide()
listen()
