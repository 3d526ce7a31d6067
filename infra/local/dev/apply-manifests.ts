import { Refusal } from '#infra/refusal.ts'
import type { Activator } from '../activator/activator.ts'
import { missingVariables, type Variables } from '../activator/function-environment.ts'
import type { Eventing } from '../eventing.ts'
import type { Manifests } from '../manifests/manifests.ts'
import type { ManifestChanges } from './manifest-changes.ts'

export interface ApplyManifestsOptions {
  activator: Activator
  eventing: Eventing
  variables: Variables
}

/** Puts changed manifests into use. Throws a Refusal if a variable is missing or the broker refuses a Trigger. */
export const applyManifests = async (
  manifests: Manifests,
  changes: ManifestChanges,
  { activator, eventing, variables }: ApplyManifestsOptions,
): Promise<void> => {
  const missing = missingVariables(changes.functions, variables)
  if (missing.length > 0) throw new Refusal(missing.join('\n'))
  await Promise.all(changes.functions.map(activator.replace))
  if (changes.triggers || changes.functions.length > 0 || changes.removed.length > 0)
    await eventing.replaceTriggers(manifests)
  if (changes.sources) eventing.replaceSources(manifests)
  await Promise.all(changes.removed.map(activator.remove))
}
