import { type ParseArgsConfig, parseArgs } from 'node:util'

/** Wrong arguments; the command line then shows the usage. */
export class UsageError extends Error {}

/** Parses arguments with `parseArgs`. Throws UsageError with the first sentence of `parseArgs`'s message. */
export const parseArguments = <Config extends ParseArgsConfig>(
  config: Config,
): ReturnType<typeof parseArgs<Config>> => {
  try {
    return parseArgs(config)
  } catch (error) {
    throw new UsageError((error as Error).message.split('. ')[0], { cause: error })
  }
}
