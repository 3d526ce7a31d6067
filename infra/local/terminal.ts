import { type Level, levelOf, levels, readable } from './activator/function-log.ts'
import type { Progress, StepName } from './http/starting/progress.ts'

/** What the person at the terminal sees. Where it is no terminal, plain lines without colour. */
export interface Terminal {
  /** Runs `work` and tells when it is done and how long it took; shows what is under way meanwhile. */
  step<T>(title: StepName, work: (say: (line: string) => void) => Promise<T>): Promise<T>
  say(text: string): void
  warn(text: string): void
  /** A line that a function wrote. */
  functionLine(name: string, line: string): void
}

type Output = Pick<NodeJS.WriteStream, 'write' | 'isTTY'>

/** `level`: what functions say below it stays in their log files. `progress` is told of every step. */
export const terminal = (output: Output, level: Level, progress?: Progress): Terminal => {
  const colour = (code: number) => (text: string) => (output.isTTY ? `\x1b[${code}m${text}\x1b[0m` : text)
  const [dim, red, yellow, green] = [colour(2), colour(31), colour(33), colour(32)]
  const underWay = new Set<string>()
  const least = levels.indexOf(level)
  let isWorkShown = false

  const line = (text: string) => {
    output.write(`${isWorkShown ? '\r\x1b[K' : ''}${text}\n`)
    isWorkShown = false
    showWork()
  }
  const showWork = () => {
    if (!output.isTTY || underWay.size === 0) return
    output.write(`\r\x1b[K${dim(`  … ${[...underWay].join(', ')}`)}`)
    isWorkShown = true
  }
  const now = () => dim(new Date().toTimeString().slice(0, 8))

  return {
    step: async (title, work) => {
      const began = performance.now()
      underWay.add(title)
      showWork()
      progress?.set(title, { state: 'working' })
      const say = (text: string) => {
        progress?.set(title, { detail: text })
        line(`  ${text}`)
      }
      try {
        const value = await work(say)
        underWay.delete(title)
        progress?.set(title, { state: 'done', detail: '' })
        line(`  ${green('✓')} ${title} ${dim(`${((performance.now() - began) / 1000).toFixed(1)} s`)}`)
        return value
      } catch (error) {
        underWay.delete(title)
        progress?.set(title, { state: 'failed' })
        line(`  ${red('✗')} ${title}`)
        throw error
      }
    },
    say: line,
    warn: text => line(`${now()} ${yellow('!')} ${text}`),
    functionLine: (name, text) => {
      const said = levelOf(text)
      if (levels.indexOf(said) < least) return
      const mark = said === 'error' || said === 'fatal' ? red(said) : said === 'warn' ? yellow(said) : dim(said)
      line(`${now()} ${name} ${mark} ${readable(text)}`)
    },
  }
}
