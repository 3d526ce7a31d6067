/** Caches the results of a pure function. The cache is emptied when it holds `maxEntries`. */
export const memoize = <Result>(compute: (text: string) => Result, maxEntries = 20_000): ((text: string) => Result) => {
  const results = new Map<string, Result>()
  return text => {
    let result = results.get(text)
    if (result === undefined) {
      if (results.size >= maxEntries) results.clear()
      result = compute(text)
      results.set(text, result)
    }
    return result
  }
}
