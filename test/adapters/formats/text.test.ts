import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { decodeLines, decodeText, parseJson, textOfFile } from '../../../adapters/formats/text.ts'
import { expectCode } from '../../support/expect-code.ts'

const bytes = (text: string) => new TextEncoder().encode(text)
const MARK = [0xef, 0xbb, 0xbf]
const utf16 = (text: string, mark: boolean, isBig = false) => {
  const units = new Uint8Array((mark ? 2 : 0) + 2 * text.length)
  const view = new DataView(units.buffer)
  for (const [i, unit] of [...(mark ? '\ufeff' : ''), ...text].entries())
    view.setUint16(2 * i, unit.charCodeAt(0), !isBig)
  return units
}
const refusal = (given: Uint8Array) =>
  expectCode('E_DATA', () => decodeText(given, 'a.jsonl')).message

describe('decodeText', () => {
  test('any text of UTF-8 is read, with a byte order mark or without', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => {
        fc.pre(!text.includes('\0') && !text.startsWith('\ufeff'))
        expect(decodeText(bytes(text), 'a')).toBe(text)
        expect(decodeText(Uint8Array.from([...MARK, ...bytes(text)]), 'a')).toBe(text)
      }),
    )
  })

  test.each([
    ['UTF-16 as PowerShell writes it', utf16('{"user":"é"}', true), 'UTF-16'],
    ['UTF-16, the other byte first', utf16('{"user":"é"}', true, true), 'UTF-16'],
    ['UTF-16 without a mark', utf16('{"user":"é"}', false), 'UTF-16LE'],
    ['UTF-16 without a mark, the other byte first', utf16('{"a":1}', false, true), 'UTF-16BE'],
    ['UTF-32', Uint8Array.from([0xff, 0xfe, 0, 0, 0x7b, 0, 0, 0]), 'UTF-32'],
    ['Latin-1', Uint8Array.from([...bytes('{"a":"caf'), 0xe9, ...bytes('"}')]), 'WINDOWS-1252'],
    ['gzip', Uint8Array.from([0x1f, 0x8b, 8, 0]), 'gzip'],
    ['a zip archive', Uint8Array.from([0x50, 0x4b, 3, 4, 20]), 'zip'],
    ['what is no text at all', Uint8Array.from([1, 0, 0, 2, 7]), 'binary'],
  ])('%s is named, and how to convert it', (_, given, name) => {
    const message = refusal(given)
    expect(message).toContain('a.jsonl')
    expect(message).toContain(name)
    expect(message).toMatch(/Convert|Unpack|Name/)
  })

  test('a line that is not UTF-8 is named by its number, and not quoted', () => {
    const latin1 = Uint8Array.from([...bytes('{}\n"secret '), 0xe9, ...bytes('"\n{}')])
    expect(refusal(latin1)).toContain('line 2')
    expect(refusal(latin1)).not.toContain('secret')
  })
})

describe('decodeLines', () => {
  test('lines end in LF or CRLF, and each may begin with the mark of a file that was joined', () => {
    const joined = Uint8Array.from([...MARK, ...bytes('a\r\nb\n'), ...MARK, ...bytes('c\n')])
    expect(decodeLines(joined, 'a')).toEqual(['a', 'b', 'c', ''])
  })

  test('a line that is not UTF-8 leaves the others readable', () => {
    expect(decodeLines(Uint8Array.from([0x61, 0x0a, 0xe9, 0x0a, 0x62]), 'a')).toEqual([
      'a',
      null,
      'b',
    ])
  })
})

test('a file that cannot be read is told by its name and the system’s reason', () => {
  const gone = () => {
    throw Object.assign(new Error('secret'), { code: 'ENOENT' })
  }
  const { message } = expectCode('E_HOME', () => textOfFile(gone, 'a.json', 'E_HOME'))
  expect(message).toBe('a.json cannot be read: ENOENT')
})

test.each([
  ['version https://git-lfs.github.com/spec/v1', 'tokenizer.json is not JSON: it is a pointer of'],
  ['\n<html>', 'tokenizer.json is not JSON: it is a web page. Download'],
])('what a download left in place of JSON is named: %j', (text, words) => {
  expect(() => parseJson(text, 'tokenizer.json')).toThrow(words)
})

test('what is not JSON is told by line and column, and not quoted', () => {
  const { message } = expectCode('E_USAGE', () =>
    parseJson('{\n  "name": secret\n}', 'job', 'E_USAGE'),
  )
  expect(message).toBe('job is not JSON (line 2, column 11)')
  expect(parseJson('[1]', 'job')).toEqual([1])
})
