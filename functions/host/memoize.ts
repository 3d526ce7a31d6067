/** A pure function that keeps its answers; all of them are forgotten when there are too many. */
export const memoize = <Answer>(ask: (text: string) => Answer, most = 20_000): ((text: string) => Answer) => {
  const answers = new Map<string, Answer>()
  return text => {
    let answer = answers.get(text)
    if (answer === undefined) {
      if (answers.size >= most) answers.clear()
      answer = ask(text)
      answers.set(text, answer)
    }
    return answer
  }
}
