import { operatorNoticesIn } from '#database/operations/operator-notices.ts'
import type { HttpRequest, HttpResponse, RequestHead } from '#functions/host/function-definition.ts'
import { mediaTypeOf } from '#functions/host/media-type.ts'
import { alertNoticeOf } from './alert-payload.ts'
import type { Dependencies } from './error-notifier.ts'
import { notifyUnlessPaused } from './notify-unless-paused.ts'

/**
 * Refuses requests that are not `POST /alerts` with JSON. A web page in an operator's browser cannot send JSON to
 * `/alerts`, because the browser sends an OPTIONS request first, and that request is refused.
 */
export const admitAlerts = ({ method, path, headers }: RequestHead): number | undefined => {
  if (path !== '/alerts') return 404
  if (method !== 'POST') return 405
  return mediaTypeOf(headers['content-type']) === 'application/json' ? undefined : 415
}

/**
 * Handles a group of alerts from Alertmanager. It is answered with 204 once it is stored. If it cannot be stored, the
 * answer is a 5xx, and Alertmanager sends the group again. A failed notification is only logged, and a tick repeats
 * it.
 */
export const alertGroup = async ({ body }: HttpRequest, dependencies: Dependencies): Promise<HttpResponse> => {
  const { fingerprint, content } = alertNoticeOf(body)
  await operatorNoticesIn(dependencies.db).keepAlertGroup(fingerprint, content, dependencies.clock())
  await notifyUnlessPaused(dependencies)
  return { status: 204 }
}
