/** Python's regular expressions, which PEFT's configurations hold, run in JavaScript. */
import { runInNewContext } from 'node:vm'
import { FedError } from '../errors.ts'

const MAX_CHARACTERS = 5000
const MAX_MS = 1000

/** The names that re.fullmatch(pattern, name) matches; null for a pattern that JavaScript cannot
 *  say. E_MODEL_FILE for one that takes too long. */
export const fullMatches = (pattern: string, names: readonly string[]): Set<string> | null => {
  const regex = pythonRegExp(`(?:${pattern})`)
  if (regex === null || pattern.length > MAX_CHARACTERS) return null
  try {
    const found = runInNewContext(
      'names.filter((name) => regex.test(name))',
      { names, regex },
      {
        timeout: MAX_MS,
      },
    )
    return new Set(found as string[])
  } catch (cause) {
    throw new FedError(
      'E_MODEL_FILE',
      `the pattern ${JSON.stringify(pattern.slice(0, 100))} takes more than ${MAX_MS} ms`,
      { cause },
    )
  }
}

/** With the flag u an escape or a quantifier that JavaScript reads in another way is an error, not
 *  another meaning. */
const pythonRegExp = (source: string): RegExp | null => {
  const translated = source
    .replaceAll('(?P<', '(?<')
    .replace(/\(\?P=(\w+)\)/g, '\\k<$1>')
    .replace(/\\([AZ])/g, (_, end) => (end === 'A' ? '^' : '$'))
    .replace(/\\([^\w^$\\.*+?()[\]{}|/])/g, (_, character) =>
      character === '-' ? '\\x2d' : character,
    )
  try {
    return new RegExp(`^${translated}$`, 'u')
  } catch {
    return null
  }
}
