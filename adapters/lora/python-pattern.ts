/** Python's regular expressions, which PEFT's configurations hold, run in JavaScript. */

/** The names that the expression matches. A caller that reads strangers' files gives one that ends
 *  by itself, since an expression can take for ever. */
export type NameFilter = (names: readonly string[], regex: RegExp) => readonly string[]

export const plainFilter: NameFilter = (names, regex) => names.filter((name) => regex.test(name))

const MAX_CHARACTERS = 5000

/** The names that re.fullmatch(pattern, name) matches; null for a pattern that JavaScript cannot
 *  say. */
export const fullMatches = (
  pattern: string,
  names: readonly string[],
  filter: NameFilter,
): Set<string> | null => {
  const regex = pattern.length > MAX_CHARACTERS ? null : pythonRegExp(`(?:${pattern})`)
  return regex && new Set(filter(names, regex))
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
