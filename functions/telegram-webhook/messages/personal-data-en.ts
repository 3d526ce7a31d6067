import { html } from '#functions/telegram/html.ts'
import type { PersonalDataTexts } from './personal-data-pt-BR.ts'

const many = (count: number, one: string, more = `${one}s`) => (count === 1 ? `1 ${one}` : `${count} ${more}`)

/** The texts of /export and /delete_me, in English. */
export const personalDataEn: PersonalDataTexts = {
  exported: () => html`📦 This is everything I keep of this chat, as JSON and as CSV. Passwords and keys are left out.`,
  /** What a chat has. */
  owned: (series, monitors, pages, imports, keys, webhooks) =>
    [
      many(series, 'followed series', 'followed series'),
      many(monitors, 'monitor with its history', 'monitors with their history'),
      many(pages, 'status page'),
      many(imports, 'import'),
      many(keys, 'API key'),
      many(webhooks, 'webhook'),
    ]
      .map(text => `• ${text}`)
      .join('\n'),
  question: owned => html`⚠️ <b>Delete everything of this chat?</b>

${owned}
• language, time zone, notices and reports

It can't be undone. For a copy, send /export first.`,
  eraseNow: '🗑 delete everything',
  keep: "don't delete",
  kept: () => html`All right, nothing was deleted.`,
  erased: owned => html`🗑 I deleted everything of this chat:

${owned}
• language, time zone, notices and reports

Technical records, such as measurements and errors noted before, disappear by themselves within 90 days. If you write again, we start from zero.`,
  alreadyErased: 'There is nothing of this chat any more.',
}
