/**
 * Adds the block to `system` in the bytes of a request. Every other byte stays, including escapes,
 * big numbers and the order of keys. It scans the text itself, since a tree of jsonc-parser took
 * 0.5 s for 2 MB of turns.
 */

/** value: where the value of `system` stands in the JSON text. at: where a member can be added. */
export type SystemPlace = {
  readonly text: string
  readonly at: number
  readonly value: { readonly start: number; readonly end: number } | null
}

/** text: valid JSON. null if it is not an object, or names `system` more than once. */
export const findSystem = (text: string): SystemPlace | null => {
  let at = skipSpace(text, 0)
  if (text[at] !== '{') return null
  const place = { text, at: at + 1 }
  let value: SystemPlace['value'] = null
  at = skipSpace(text, at + 1)
  while (text[at] === '"') {
    const keyEnd = endOfString(text, at)
    const isSystem = JSON.parse(text.slice(at, keyEnd)) === 'system'
    const start = skipSpace(text, skipSpace(text, keyEnd) + 1)
    const end = endOfValue(text, start)
    if (isSystem && value) return null
    if (isSystem) value = { start, end }
    at = skipSpace(text, end)
    if (text[at] === ',') at = skipSpace(text, at + 1)
  }
  return { ...place, value }
}

/** Appends the block to `system`, as appendBlock in preferences/block.ts does. */
export const withBlock = ({ text, at, value }: SystemPlace, block: string): Uint8Array => {
  const json = JSON.stringify(block)
  if (!value) {
    const isEmpty = text[skipSpace(text, at)] === '}'
    return insert(text, at, at, `"system":${json}${isEmpty ? '' : ','}`)
  }
  const { start, end } = value
  const old = text.slice(start, end)
  if (old.startsWith('"'))
    return insert(text, end - 1, end, `${old === '""' ? '' : '\\n\\n'}${json.slice(1)}`)
  if (old.startsWith('[')) {
    const isEmpty = text[skipSpace(text, start + 1)] === ']'
    return insert(text, end - 1, end - 1, `${isEmpty ? '' : ','}{"type":"text","text":${json}}`)
  }
  return insert(text, start, end, json)
}

/** The text was decoded without replacement, so encoding it restores the bytes. */
const insert = (text: string, from: number, to: number, added: string): Uint8Array =>
  new TextEncoder().encode(`${text.slice(0, from)}${added}${text.slice(to)}`)

const skipSpace = (text: string, at: number): number => {
  while (/[ \t\r\n]/.test(text[at] ?? '')) at++
  return at
}

/** at: of the opening quote. Skips from quote to quote, since images are long strings. */
const endOfString = (text: string, at: number): number => {
  for (let quote = text.indexOf('"', at + 1); ; quote = text.indexOf('"', quote + 1)) {
    let slashes = 0
    while (text[quote - 1 - slashes] === '\\') slashes++
    if (slashes % 2 === 0) return quote + 1
  }
}

const endOfValue = (text: string, start: number): number => {
  if (text[start] === '"') return endOfString(text, start)
  const isNested = text[start] === '{' || text[start] === '['
  let depth = 0
  for (let at = start; at < text.length; at++) {
    const c = text[at]!
    if (c === '"') at = endOfString(text, at) - 1
    else if (c === '{' || c === '[') depth++
    else if (c === '}' || c === ']') {
      if (depth === 0) return at
      if (--depth === 0) return at + 1
    } else if (!isNested && (c === ',' || /\s/.test(c))) return at
  }
  return text.length
}
