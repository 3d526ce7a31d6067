export interface HeartbeatOptions {
  /** HEARTBEAT_URL: of the operator's own choice, so private addresses and redirects are fine. It may hold a secret. */
  url: string
  /** Why Vigia is not ready; empty when it is. */
  check(): Promise<string[]>
  /** Told when pings begin to fail, without the URL. */
  warn(words: string): void
  everyMs?: number
  timeoutMs?: number
}

/** A GET once a minute while everything is well, so that a service elsewhere notices when it stops. */
export const startHeartbeat = ({
  url,
  check,
  warn,
  everyMs = 60_000,
  timeoutMs = 10_000,
}: HeartbeatOptions): { stop(): void } => {
  const stopping = new AbortController()
  let failing = false
  let beating = false

  const ping = async (): Promise<string | null> => {
    try {
      const signal = AbortSignal.any([stopping.signal, AbortSignal.timeout(timeoutMs)])
      const response = await fetch(url, { signal, headers: { 'user-agent': 'vigia' } })
      await response.body?.cancel()
      return response.ok ? null : `answered ${response.status}`
    } catch (error) {
      const { name, cause } = error as Error & { cause?: { code?: string } }
      return name === 'TimeoutError' ? `gave no answer within ${timeoutMs / 1000} s` : `failed (${cause?.code ?? name})`
    }
  }

  const beat = async () => {
    if (beating) return
    beating = true
    if ((await check()).length === 0 && !stopping.signal.aborted) {
      const fault = await ping()
      if (fault !== null && !failing && !stopping.signal.aborted)
        warn(`HEARTBEAT_URL ${fault}; it is tried every minute`)
      failing = fault !== null
    }
    beating = false
  }

  const timer = setInterval(() => void beat(), everyMs)
  timer.unref()
  void beat()
  return {
    stop: () => {
      clearInterval(timer)
      stopping.abort()
    },
  }
}
