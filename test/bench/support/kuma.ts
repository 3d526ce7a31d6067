import { freePort } from '#infra/net/free-port.ts'
import { usualKumaMonitor } from '#test/cli/import/peers/kuma-monitors.ts'
import { startUptimeKuma } from '#test/support/uptime-kuma.ts'

/** Starts Uptime Kuma with these monitors on the public page `bench`. It checks each at most once in 20 seconds. */
export const startKuma = async (checkout: string, urls: readonly string[]) => {
  const kuma = await startUptimeKuma(checkout, await freePort(), {})
  const ids: number[] = []
  for (const [index, url] of urls.entries()) {
    const { monitorID } = await kuma.ask('add', { ...usualKumaMonitor, name: `m${index + 1}`, url, interval: 20 })
    ids.push(monitorID!)
  }
  await kuma.ask('addStatusPage', 'Bench', 'bench')
  const page = {
    ...{ slug: 'bench', title: 'Bench', description: null, theme: 'auto', autoRefreshInterval: 300, showTags: false },
    ...{ footerText: null, customCSS: '', showPoweredBy: false, rssTitle: null, showOnlyLastHeartbeat: false },
    ...{ showCertificateExpiry: false, analyticsId: null, analyticsScriptUrl: null, analyticsType: null },
    domainNameList: [],
  }
  await kuma.ask('saveStatusPage', 'bench', page, '/icon.svg', [
    { name: 'Services', monitorList: ids.map(id => ({ id })) },
  ])
  return {
    /** What the page asks for with each visit: the states and the last 100 checks of each monitor. */
    url: `http://127.0.0.1:${kuma.port}/api/status-page/heartbeat/bench`,
    stop: kuma.remove,
  }
}
