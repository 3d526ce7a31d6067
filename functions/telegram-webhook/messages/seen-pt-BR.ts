import { type Html, html } from '#functions/telegram/html.ts'

/** The texts of /continuar, /visto and the buttons of a notice, in Brazilian Portuguese. */
export const seenPtBR = {
  marked: (episodes: string) => `Anotado: ${episodes} ✓`,
  markedBefore: (episodes: string) => `${episodes} já estava anotado.`,
  next: (episode: Html) => html` Próximo: ${episode}.`,
  allSeen: ' Você está em dia.',
  seenNow: (name: string, episodes: string, next: Html) => html`✅ <b>${name}</b> ${episodes}: visto.${next}`,
  undone: (name: string, episodes: string) => html`Desfeito: <b>${name}</b> ${episodes} não está mais como visto.`,
  how: () =>
    html`Diga o que você viu: <code>/visto T2E5</code>, <code>/visto Severance T2E5</code>, <code>/visto Severance T2</code> (a temporada toda). O que falta ver: /continuar`,
  unknown: (asked: string) => html`Não achei esse episódio: “${asked}”.`,
  whichSeries: (episodes: string) => html`De qual série é ${episodes}?`,
  watchlist: (count: number) => html`▶️ <b>Para continuar</b> (${count})`,
  watchlistEmpty: () => html`Você está em dia com tudo o que segue. 🎉`,
  progress: (seen: number, aired: number) => `${seen} de ${aired} vistos`,
  nextUnseen: (episode: string) => html`próximo: ${episode}`,
  seenButton: (episode: string, name: string) => `✅ ${episode} · ${name}`,
  remindAt: (when: string) => `Combinado: lembro você ${when}.`,
  muted: (name: string) => `Pronto: não aviso mais de ${name}. Para voltar: /config`,
}
