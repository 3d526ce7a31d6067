import { timed } from './timed.ts'
import { type Installation, prepareVigia, urlOf } from './vigia.ts'
import { startWorld, type World } from './world.ts'

let world: Promise<World> | undefined
let prepared: Promise<Installation> | undefined
let installed: Promise<string> | undefined

/**
 * The simulated Internet of this run. All test files share one, because they run in one process and Vigia is configured
 * for it.
 */
const theWorld = (): Promise<World> => {
  world ??= startWorld()
  return world
}

/**
 * The cluster files of this run. All test files share them, because the cluster files contain the databases' passwords.
 */
const theInstallation = (): Promise<Installation> => {
  prepared ??= theWorld().then(prepareVigia)
  return prepared
}

/** The simulated Internet, the installation, and what run.sh printed. */
export interface Installed {
  world: World
  vigia: Installation
  output: string
}

/** Installs Vigia unless it is installed, and makes Telegram deliver its updates to Vigia. */
export const vigiaInstalled = async (): Promise<Installed> => {
  const [internet, vigia] = await Promise.all([theWorld(), theInstallation()])
  installed ??= install(internet, vigia)
  return { world: internet, vigia, output: await installed }
}

const install = async (internet: World, vigia: Installation): Promise<string> => {
  const output = await timed('install Vigia with run.sh', () => vigia.run())
  await internet.setWebhook(await urlOf('telegram-webhook'), vigia.webhookSecret)
  return output
}

/** To be called after Vigia was removed: the next `vigiaInstalled` installs it again. */
export const forgetInstallation = (): void => {
  installed = undefined
}
