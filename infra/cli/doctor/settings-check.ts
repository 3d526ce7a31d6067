import { readEnvironment } from '#local/environment.ts'
import { failed, ok, type Result } from './finding.ts'
import type { Installation } from './installation.ts'

/** Whether `npm start` accepts the environment. Its messages contain no secrets. */
export const settingsCheck = async ({ env }: Installation): Promise<Result> => {
  const settings = readEnvironment(env)
  return Array.isArray(settings)
    ? failed(settings.join('; '), 'Vigia does not start with these settings.', 'see infra/local/settings.md')
    : ok('all variables are valid')
}
