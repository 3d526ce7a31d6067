import { Refusal } from '#infra/refusal.ts'
import { checkRegistry } from './registry.ts'

/**
 * Throws a Refusal if no server answers at CHART_REPOSITORY: `oci://…`, `https://…` (ChartMuseum's API) or
 * `nexus+https://…` (a Helm repository of the type "hosted" in Nexus).
 */
export const checkChartRepository = async (repository: string): Promise<void> => {
  if (!/^(oci|(nexus\+)?https?):\/\/[\w.:/-]+$/.test(repository))
    throw new Refusal(
      `CHART_REPOSITORY is ${repository}; it must be oci://…, https://… or nexus+https://…, or http in place of https`,
    )
  if (repository.startsWith('oci://')) return checkRegistry(repository.slice('oci://'.length))
  const url = repository.replace(/^nexus\+/, '')
  const answer = await fetch(url, { signal: AbortSignal.timeout(10_000) }).catch(() => undefined)
  // 401 and 404 show that a server is there. The push reports other problems.
  if (!answer || answer.status >= 500)
    throw new Refusal(
      `the chart repository ${url} cannot be reached${answer ? ` (${answer.status})` : ''}; check CHART_REPOSITORY`,
    )
}
