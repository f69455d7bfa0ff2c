/** Asking before something that cannot be undone. */
import { createInterface } from 'node:readline/promises'
import { FedError } from '../../adapters/errors.ts'
import type { Io } from './io.ts'

/** what: said before the question; word: the answer that goes on. Fails with E_USAGE where nobody can be asked, else with E_CANCELLED. */
export const confirm = async (io: Io, what: string, word: string): Promise<void> => {
  if (!io.canAsk)
    throw new FedError('E_USAGE', `${io.command()} asks first: add --yes where nobody can answer`)
  const lines = createInterface({ input: process.stdin, output: process.stderr })
  const answer = await lines.question(`${what}\nType "${word}" to go on: `)
  lines.close()
  if (answer.trim() !== word)
    throw new FedError('E_CANCELLED', `${io.command()}: nothing was changed`)
}
