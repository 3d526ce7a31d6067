import { html } from '#functions/telegram/html.ts'
import type { BotMessages } from './pt-BR.ts'

/** The texts of /watchlist, /seen and the buttons of a notice, in English. */
export const seenEn: BotMessages['seen'] = {
  marked: episodes => `Noted: ${episodes} ✓`,
  markedBefore: episodes => `${episodes} was noted already.`,
  next: episode => html` Next: ${episode}.`,
  allSeen: ' You are up to date.',
  seenNow: (name, episodes, next) => html`✅ <b>${name}</b> ${episodes}: seen.${next}`,
  undone: (name, episodes) => html`Undone: <b>${name}</b> ${episodes} does not count as seen any more.`,
  how: () =>
    html`Say what you have seen: <code>/seen S2E5</code>, <code>/seen Severance S2E5</code>, <code>/seen Severance S2</code> (the whole season). What is left: /watchlist`,
  unknown: asked => html`I can't find this episode: “${asked}”.`,
  whichSeries: episodes => html`Which series is ${episodes} from?`,
  watchlist: count => html`▶️ <b>To continue</b> (${count})`,
  watchlistEmpty: () => html`You are up to date with everything you follow. 🎉`,
  progress: (seen, aired) => `${seen} of ${aired} seen`,
  nextUnseen: episode => html`next: ${episode}`,
  seenButton: (episode, name) => `✅ ${episode} · ${name}`,
  remindAt: when => `All right, I'll remind you ${when}.`,
  muted: name => `Done: no more notices about ${name}. To turn them on again: /settings`,
}
