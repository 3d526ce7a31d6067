import { silenceOf } from '#functions/outages/answer-buttons.ts'
import type { SilenceChoice } from '#functions/telegram/callback-data.ts'
import { html, joined, plain } from '#functions/telegram/html.ts'
import { knownZone } from '#functions/wording/dates.ts'
import type { ChatContext } from './context.ts'
import { monitorOfChat, showMonitor } from './monitor-actions.ts'
import { type Button, editReply, type Reply, toastReply } from './reply.ts'
import { sayMonitorSilence } from './silence-view.ts'

/** Asks for how long the monitor should be silent. */
export const silenceButtons = async (context: ChatContext, id: number): Promise<Reply> => {
  const { messages } = context
  const monitor = await monitorOfChat(context, id)
  if (monitor === null) return showMonitor(context, null)
  const button = (until: SilenceChoice): Button => ({
    text: messages.silence.choices[until],
    press: { act: 'silence', monitor: id, until },
  })
  const silence = await sayMonitorSilence(context, id)
  return editReply({
    html: joined([html`<b>${monitor.name}</b>`, joined([silence, messages.silence.howLong()])], '\n\n'),
    buttons: [
      [button('hour'), button('morning'), ...(monitor.state === 'down' ? [button('recovery')] : [])],
      ...(silence === null ? [] : [[button('none')]]),
      [{ text: messages.backToList, press: { act: 'monitor', monitor: id } }],
    ],
  })
}

/** Silences a monitor, or ends its silence. */
export const silenceMonitor = async (context: ChatContext, id: number, until: SilenceChoice): Promise<Reply> => {
  const { deps, chat, messages } = context
  const monitor = await monitorOfChat(context, id)
  if (monitor === null) return showMonitor(context, null)
  // Only an outage can end with a recovery.
  if (until === 'recovery' && monitor.state !== 'down') return toastReply(messages.outageOver)
  await deps.silences.set(chat.id, id, until === 'none' ? null : silenceOf(until, deps.clock(), knownZone(chat.zone)))
  const silence = await sayMonitorSilence(context, id)
  return showMonitor(context, monitor, silence === null ? messages.silence.ended : plain(silence))
}
