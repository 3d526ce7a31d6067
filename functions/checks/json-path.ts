import { createContext, Script } from 'node:vm'

/**
 * An evaluation takes microseconds, or some milliseconds on a busy machine. A path or a document that takes longer was
 * made to keep the prober busy.
 */
const maxEvaluationMs = 500

const library = () => import('json-p3')

/**
 * A JSONPath as the library can read it. It refuses numbers such as `0.5`, which RFC 9535 allows, but not `5e-1`. Texts
 * in quotation marks stay as they are.
 */
const readable = (path: string): string =>
  path.replace(
    /'(?:\\.|[^'\\])*'|"(?:\\.|[^"\\])*"|(?<![\w.])0\.(\d+)(?:[eE]([+-]?\d+))?/g,
    (all, digits: string | undefined, exponent = '0') =>
      digits === undefined ? all : `${BigInt(digits)}e${Number(exponent) - digits.length}`,
  )

/** Whether the text is a JSONPath of RFC 9535; otherwise what is wrong with it, in English. */
export const jsonPathProblem = async (path: string): Promise<string | null> => {
  const { jsonpath } = await library()
  try {
    jsonpath.compile(readable(path))
    return null
  } catch (error) {
    return (error as Error).message
  }
}

/**
 * Calls the function `work` of a sandbox. V8 ends a script at its timeout, also inside a regular expression. There is
 * one sandbox for all evaluations, because creating one takes milliseconds.
 */
const script = new Script('work()')
let sandbox: { work?: () => unknown[] } | undefined

/**
 * The values that a JSONPath selects. 'too slow' if the evaluation takes too long, because a pattern of `match()` may
 * need exponential time. 'too deep' if the document has too many levels.
 */
export const selectedBy = async (path: string, document: unknown): Promise<unknown[] | 'too slow' | 'too deep'> => {
  const { jsonpath } = await library()
  const work = () => [...jsonpath.query(readable(path), document as never)].map(({ value }) => value as unknown)
  try {
    sandbox ??= createContext({})
    sandbox.work = work
    return script.runInContext(sandbox, { timeout: maxEvaluationMs })
  } catch (error) {
    // The path was valid when it was stored, so all other errors come from the depth.
    return (error as NodeJS.ErrnoException).code === 'ERR_SCRIPT_EXECUTION_TIMEOUT' ? 'too slow' : 'too deep'
  } finally {
    // The sandbox would keep the document.
    delete sandbox?.work
  }
}
