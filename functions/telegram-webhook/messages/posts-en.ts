import { html } from '#functions/telegram/html.ts'
import type { postsPtBR } from './posts-pt-BR.ts'

/** The texts of /notice, in English. */
export const postsEn: typeof postsPtBR = {
  noPages: () => html`You have no status pages yet. Create one with /page`,
  how: (slug, slugs) => html`Send the name of the page and the text that its visitors will read:
<code>/notice ${slug} Card payments are slow.</code>

Your pages: ${slugs}`,
  tooLong: most => html`The text of a notice has at most ${most} letters.`,
  next: slug =>
    html`It is on the page, and its subscribers were told. To go on, press the next step or send <code>/notice ${slug} another text</code>`,
  closed: () => html`It is on the page, and its subscribers were told. The next notice begins a new matter.`,
  gone: 'This notice no longer exists.',
  tooOld: 'This notice is more than an hour old, or resolved. Send another one with /notice',
  sameStatus: 'The notice has this status already.',
  draft: {
    ask: (titles, count) => html`📣 Publish this on the ${count === 1 ? 'page' : 'pages'} <b>${titles}</b>?`,
    noImpact: () => html`No service is affected.`,
    publish: '📣 publish',
    discard: 'do not publish',
    template: 'use a ready-made text',
    ownText: 'use my text',
    impact: 'change the impact',
    back: '‹ back',
    chooseService: () => html`Which service is affected?`,
    chooseImpact: name => html`How much is <b>${name}</b> affected?`,
    discarded: () => html`All right, nothing was published.`,
    decided: { published: 'This was published already.', discarded: 'This text was discarded.' },
    gone: 'This text can no longer be published.',
  },
}
