import { type ParseArgsConfig, parseArgs } from 'node:util'

/** The arguments are not those of the verb. */
export class Misuse extends Error {}

/** The arguments by `parseArgs`; throws Misuse with its words. */
export const argumentsIn = <Config extends ParseArgsConfig>(config: Config): ReturnType<typeof parseArgs<Config>> => {
  try {
    return parseArgs(config)
  } catch (error) {
    throw new Misuse((error as Error).message.split('. ')[0], { cause: error })
  }
}
