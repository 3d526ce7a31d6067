import type { Language } from '#database/chats/language.ts'
import { pageTexts } from './texts.ts'

/** JSON for a script element. `<` is escaped, because `</script>` inside the JSON would end the element. */
const dataBlock = (value: object) => JSON.stringify(value).replaceAll('<', '\\u003c')

/** The HTML of the chat page. */
export const chatHtml = (language: Language): string => {
  const texts = pageTexts[language].page
  return `<!doctype html>
<html lang="${language}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${texts.title}</title>
<link rel="icon" href="/chat/icon.svg">
<link rel="stylesheet" href="/chat/chat.css">
<script type="application/json" id="texts">${dataBlock(texts)}</script>
<script type="module" src="/chat/chat.js"></script>
</head>
<body>
<div class="app">
  <aside aria-label="${texts.chats}">
    <header><h1>${texts.title}</h1><p>${texts.simulated}</p></header>
    <div role="tablist" aria-label="${texts.chats}" id="tabs"></div>
    <details id="hints"><summary>${texts.tryThis}</summary><ol></ol></details>
  </aside>
  <main><section id="conversation" role="tabpanel" tabindex="-1">
    <header class="head"><span class="face" aria-hidden="true"></span><div><h2></h2><p class="handle"></p></div>
      <button type="button" id="block" class="quiet"></button></header>
    <p id="notice" role="status"></p>
    <div id="messages" role="log" aria-label="${texts.messages}" aria-busy="true" tabindex="0"></div>
    <div id="toast" role="status" hidden></div>
    <button type="button" id="newer" hidden>${texts.newer}</button>
    <div id="menu" hidden></div>
    <form id="composer">
      <button type="button" id="commands" aria-expanded="false" aria-controls="menu" title="${texts.commands}">
        <span aria-hidden="true">/</span><span class="unseen">${texts.commands}</span></button>
      <label class="unseen" for="text">${texts.write}</label>
      <textarea id="text" rows="1" maxlength="4096" placeholder="${texts.write}" autocomplete="off"></textarea>
      <button type="submit" id="send" title="${texts.send}"><span aria-hidden="true">➤</span><span class="unseen">${texts.send}</span></button>
    </form>
    <p id="listen-only" hidden>${texts.listenOnly}</p>
    <button type="button" id="restart" hidden>${texts.restart}</button>
  </section></main>
</div>
<dialog id="alert" aria-labelledby="alert-text"><p id="alert-text"></p><form method="dialog"><button class="close">${texts.close}</button></form></dialog>
<noscript>${texts.noScript}</noscript>
</body>
</html>
`
}
