/** Asks for confirmation before something that cannot be undone. */
import { createInterface } from 'node:readline/promises'
import { FedError } from '../../adapters/errors.ts'
import type { Io } from './io.ts'

/**
 * what: text before the question. word: the answer that confirms. Fails with E_USAGE if nobody can
 * answer, with E_CANCELLED on any other answer.
 */
export const confirm = async (io: Io, what: string, word: string): Promise<void> => {
  if (!io.canAsk)
    throw new FedError(
      'E_USAGE',
      `${io.command()} asks for confirmation: without a terminal add --yes`,
    )
  const lines = createInterface({ input: process.stdin, output: process.stderr })
  const answer = await lines.question(`${what}\nType "${word}" to go on: `)
  lines.close()
  if (answer.trim() !== word)
    throw new FedError('E_CANCELLED', `${io.command()}: nothing was changed`)
}
