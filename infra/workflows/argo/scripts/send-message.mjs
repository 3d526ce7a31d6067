// A step of a workflow: publishes a message.requested, and Vigia's bot sends the message. The step can be repeated,
// because a message whose ID was already sent is not sent again.
const { BROKER, ID, CHAT_ID, TEXT, NAME = '' } = process.env

const refused = 2

/** Argo repeats a step that ended with 1, and not one that ended with 2, because the broker would refuse it again. */
const end = (code, reason) => {
  process.stderr.write(`${reason}\n`)
  process.exit(code)
}

const chatId = Number(CHAT_ID)
if (!Number.isSafeInteger(chatId) || chatId === 0) end(refused, `CHAT_ID is "${CHAT_ID}"; it must be the id of a chat`)
const escaped = NAME.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')

const response = await fetch(BROKER, {
  method: 'POST',
  headers: { 'content-type': 'application/cloudevents+json' },
  body: JSON.stringify({
    specversion: '1.0',
    id: ID,
    source: '/workflows/argo',
    type: 'dev.vigia.message.requested',
    subject: `chat/${chatId}`,
    time: new Date().toISOString(),
    datacontenttype: 'application/json',
    dataschema: 'https://vigia.dev/events/message.requested/v1',
    data: { chatId, html: TEXT.replaceAll('$NAME', () => escaped) },
  }),
}).catch(error =>
  end(1, `the broker at ${BROKER} cannot be reached: ${error.cause?.message || error.cause?.code || error.message}`),
)

const reason = `the broker answered ${response.status} to message ${ID}: ${(await response.text()).trim().slice(0, 200)}`
if ([400, 404, 413].includes(response.status)) end(refused, reason)
if (!response.ok) end(1, reason)
process.stdout.write(`message ${ID} to chat ${chatId} is published\n`)
