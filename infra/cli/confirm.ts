import { createInterface } from 'node:readline/promises'

/**
 * Asks a question on the terminal. Throws an Error unless the answer is yes. `command` is the name of the command for
 * the message where there is no terminal.
 */
export const confirm = async (command: string, question: string): Promise<void> => {
  if (!process.stdin.isTTY)
    throw new Error(`${command} asks for confirmation, but there is no terminal; add --yes to confirm`)
  const prompt = createInterface({ input: process.stdin, output: process.stdout })
  const answer = await prompt.question(`${question} [y/N] `).finally(() => prompt.close())
  if (!/^(y|yes|s|sim)$/i.test(answer.trim())) throw new Error('not confirmed; nothing was changed')
}
