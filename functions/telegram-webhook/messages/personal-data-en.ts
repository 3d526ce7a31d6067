import { html } from '#functions/telegram/html.ts'
import type { PersonalDataTexts } from './personal-data-pt-BR.ts'

/** A line of a list; none for what the chat does not have. */
const many = (count: number, one: string, more = `${one}s`) =>
  count === 0 ? [] : [count === 1 ? `1 ${one}` : `${count} ${more}`]

/** The texts of /export and /delete_me, in English. */
export const personalDataEn: PersonalDataTexts = {
  exported: cut =>
    html`📦 This is ${cut === '' ? 'everything' : 'what'} I keep of this chat, as JSON and as CSV. Passwords and keys are left out.${
      cut !== '' && `\n\n⚠️ There are too many rows for one file. Incomplete: ${cut}.`
    }`,
  /** What a chat has. */
  owned: (series, monitors, pages, imports, keys, webhooks) =>
    [
      ...many(series, 'followed series', 'followed series'),
      ...many(monitors, 'monitor with its history', 'monitors with their history'),
      ...many(pages, 'status page'),
      ...many(imports, 'import'),
      ...many(keys, 'API key'),
      ...many(webhooks, 'webhook'),
      'language, time zone, notices and reports',
    ]
      .map(text => `• ${text}`)
      .join('\n'),
  question: owned => html`⚠️ <b>Delete everything of this chat?</b>

${owned}

It can't be undone. For a copy, send /export first.`,
  eraseNow: '🗑 delete everything',
  keep: "don't delete",
  kept: () => html`All right, nothing was deleted.`,
  erased: owned => html`🗑 I deleted everything of this chat:

${owned}

Technical records, such as measurements and errors noted before, disappear by themselves within 90 days. If you write again, we start from zero.`,
  alreadyErased: 'There is nothing of this chat any more.',
}
