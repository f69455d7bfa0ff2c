/**
 * Bytes of a file that a person brings, as text: UTF-8 (RFC 3629) with or without a byte order
 * mark; other encodings are named.
 */
import { type ParseError, parseTree } from 'jsonc-parser'
import { type ErrorCode, FedError } from '../errors.ts'

/**
 * name: of the file, for the message. Fails with `code`: what the bytes are instead, and how to
 * convert them.
 */
export const decodeText = (bytes: Uint8Array, name: string, code: ErrorCode = 'E_DATA'): string => {
  const text = utf8(refuseOthers(bytes, name, code))
  if (text !== null) return text
  const line = splitLines(bytes).findIndex((part) => utf8(part) === null) + 1
  throw new FedError(code, `${name}, line ${line}: ${NOT_UTF8}`)
}

/** The same line by line, without line ends; null: a line that is not UTF-8. */
export const decodeLines = (bytes: Uint8Array, name: string): (string | null)[] =>
  splitLines(refuseOthers(bytes, name, 'E_DATA')).map(
    (line) => utf8(line)?.replace(/\r$/, '') ?? null,
  )

/** What a line that is not UTF-8 is told. */
export const NOT_UTF8 =
  'is not UTF-8. Convert the file from what it was saved in, for example: iconv -f WINDOWS-1252 -t UTF-8 FILE > NEW'

/**
 * read: gives the bytes of the file, or fails. Fails with `code` where it does, and as decodeText.
 */
export const textOfFile = (
  read: () => Uint8Array,
  name: string,
  code: ErrorCode = 'E_DATA',
): string => decodeText(bytesOfFile(read, name, code), name, code)

/** The same without decoding. */
export const bytesOfFile = (
  read: () => Uint8Array,
  name: string,
  code: ErrorCode = 'E_DATA',
): Uint8Array => {
  try {
    return read()
  } catch (cause) {
    const reason = (cause as { code?: unknown }).code
    throw new FedError(
      code,
      `${name} cannot be read${typeof reason === 'string' ? `: ${reason}` : ''}`,
      { cause },
    )
  }
}

/**
 * What a download left in place of the file that was meant, and the way out, behind a colon; empty
 * where nothing tells. bytes: the file or its beginning, of which the first 8 are looked at.
 */
export const leftInstead = (bytes: Uint8Array): string => {
  const beginning = String.fromCharCode(...bytes.subarray(0, 8))
  if (beginning === 'version ')
    return ': it is a pointer of Git LFS. Fetch the file itself: git lfs pull'
  return /^\s*<[!?a-z]/i.test(beginning) ? ': it is a web page. Download the file again' : ''
}

/** Fails with `code`, by line and column; what stands there is never quoted. */
export const parseJson = (text: string, name: string, code: ErrorCode = 'E_DATA'): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    const instead = leftInstead(new TextEncoder().encode(text.slice(0, 8)))
    throw new FedError(code, `${name} is not JSON${instead || placeOf(text)}`)
  }
}

/** Longer texts are not searched for the place. */
const MAX_SEARCHED_CHARS = 10_000_000

const placeOf = (text: string): string => {
  const errors: ParseError[] = []
  if (text.length <= MAX_SEARCHED_CHARS) parseTree(text, errors, { disallowComments: true })
  const [first] = errors
  if (!first) return ''
  const before = text.slice(0, first.offset).split('\n')
  return ` (line ${before.length}, column ${before.at(-1)!.length + 1})`
}

const decoder = new TextDecoder('utf-8', { fatal: true })

const utf8 = (bytes: Uint8Array): string | null => {
  try {
    return decoder.decode(bytes)
  } catch {
    return null
  }
}

const splitLines = (bytes: Uint8Array): Uint8Array[] => {
  const lines: Uint8Array[] = []
  let from = 0
  for (let end = bytes.indexOf(LF); end >= 0; end = bytes.indexOf(LF, from)) {
    lines.push(bytes.subarray(from, end))
    from = end + 1
  }
  lines.push(bytes.subarray(from))
  return lines
}
const LF = 0x0a

const refuseOthers = (bytes: Uint8Array, name: string, code: ErrorCode): Uint8Array => {
  const other = otherEncoding(bytes)
  if (other === null) return bytes
  const [what, way] = other
  throw new FedError(code, `${name} is ${what}, expected UTF-8 text. ${way}`)
}

type Other = readonly [what: string, way: string]

const convertFrom = (encoding: string): Other => [
  `${encoding} text`,
  `Convert it: iconv -f ${encoding} -t UTF-8 FILE > NEW, or in PowerShell: ` +
    'Get-Content FILE | Set-Content -Encoding utf8 NEW',
]
const UNPACK = 'Unpack it first'

/** First bytes; a longer signature stands before one that it begins with. */
const SIGNATURES: readonly (readonly [bytes: readonly number[], other: Other])[] = [
  [[0xff, 0xfe, 0, 0], convertFrom('UTF-32')],
  [[0, 0, 0xfe, 0xff], convertFrom('UTF-32')],
  [[0xff, 0xfe], convertFrom('UTF-16')],
  [[0xfe, 0xff], convertFrom('UTF-16')],
  [
    [0x1f, 0x8b],
    ['gzip', UNPACK],
  ],
  [
    [0x50, 0x4b, 3, 4],
    ['a zip archive', UNPACK],
  ],
]

/**
 * Bytes in which zeros are looked for: UTF-16 has them at every second one of the ASCII that JSON
 * is made of.
 */
const SEARCHED = 1024

const otherEncoding = (bytes: Uint8Array): Other | null => {
  for (const [signature, other] of SIGNATURES)
    if (signature.every((byte, i) => bytes[i] === byte)) return other
  const zeros = [0, 0]
  for (const [i, byte] of bytes.subarray(0, SEARCHED).entries()) if (byte === 0) zeros[i % 2]!++
  const [even = 0, odd = 0] = zeros
  if (even + odd === 0) return null
  if (even === 0 || odd === 0) return convertFrom(even === 0 ? 'UTF-16LE' : 'UTF-16BE')
  return ['binary data', 'Name a text file']
}
