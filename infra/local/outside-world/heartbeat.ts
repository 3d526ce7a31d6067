export interface HeartbeatOptions {
  /**
   * HEARTBEAT_URL. The operator chooses it, so private addresses and redirects are allowed. It may contain a secret.
   */
  url: string
  /** Why Vigia is not ready; empty when it is. */
  check(): Promise<string[]>
  /** Gets a line, without the URL, when pings begin to fail. */
  warn(text: string): void
  everyMs?: number
  timeoutMs?: number
}

/** Sends a GET once a minute while Vigia is ready, so that a service elsewhere notices when Vigia stops. */
export const startHeartbeat = ({
  url,
  check,
  warn,
  everyMs = 60_000,
  timeoutMs = 10_000,
}: HeartbeatOptions): { stop(): void } => {
  const stopping = new AbortController()
  let isFailing = false
  let isPinging = false

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

  const pingIfReady = async () => {
    if (isPinging) return
    isPinging = true
    if ((await check()).length === 0 && !stopping.signal.aborted) {
      const problem = await ping()
      if (problem !== null && !isFailing && !stopping.signal.aborted)
        warn(`HEARTBEAT_URL ${problem}; Vigia tries it again every minute`)
      isFailing = problem !== null
    }
    isPinging = false
  }

  const timer = setInterval(() => void pingIfReady(), everyMs)
  timer.unref()
  void pingIfReady()
  return {
    stop: () => {
      clearInterval(timer)
      stopping.abort()
    },
  }
}
