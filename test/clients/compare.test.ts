import { expect, test } from 'vitest'
import { compare } from './compare.ts'
import type { Exchange } from './recorder.ts'

const BODY =
  '{"system":"Be kind.","model":"claude-sonnet-5-5","messages":[{"role":"user","content":"Why?"}]}'

const exchange = (changes: Partial<Exchange> = {}): Exchange => ({
  method: 'POST',
  target: '/v1/messages',
  head: [
    ['Host', '127.0.0.1:1'],
    ['X-Api-Key', 'key'],
  ],
  body: Buffer.from(BODY),
  status: 200,
  answerHead: [['request-id', 'req_1']],
  answer: Buffer.from('{}'),
  isAborted: false,
  ...changes,
})

const withBody = (text: string) => exchange({ body: Buffer.from(text) })
const differencesOf = (sent: Exchange[], received: Exchange[]) =>
  compare(sent, received).differences

test('a block behind a system string, behind blocks, and where there is no system, is the suffix', () => {
  const blocks = BODY.replace('"Be kind."', '[{"type":"text","text":"Be kind."}]')
  const none = BODY.replace('"system":"Be kind.",', '')
  const cases = [
    [BODY, BODY.replace('kind.', 'kind.\\n\\n<block>')],
    [blocks, blocks.replace('."}]', '."},{"type":"text","text":"<block>"}]')],
    [none, none.replace('{', '{"system":"<block>",')],
  ] as const
  for (const [from, to] of cases) {
    const { passed, differences } = compare([withBody(from)], [withBody(to)])
    expect(differences).toEqual([])
    expect(passed[0]!.suffix).toBe('<block>')
  }
})

test('another writing of the path, and what belongs to a connection, are no differences', () => {
  const to = exchange({
    head: [
      ['x-api-key', 'key'],
      ['host', 'localhost:2'],
      ['connection', 'close'],
    ],
  })
  for (const target of ['/messages', '/v1/messages', '/v1/v1/messages'])
    expect(differencesOf([exchange({ target })], [to])).toEqual([])
})

test.each([
  [
    'a word of system',
    withBody(BODY.replace('kind', 'kinder')),
    'system is changed before its end',
  ],
  ['a field', withBody(BODY.replace('{', '{"temperature":1,')), 'temperature of the body changed'],
  ['spacing', withBody(BODY.replace('","model', '", "model')), 'bytes of the body are changed'],
  [
    'the order of fields',
    withBody(
      `{"model":"claude-sonnet-5-5",${BODY.slice(1).replace('"model":"claude-sonnet-5-5",', '')}`,
    ),
    'bytes of the body are changed',
  ],
  ['a lost header', exchange({ head: [] }), 'the header "x-api-key: key" is lost'],
  [
    'a header more',
    exchange({ head: [...exchange().head, ['a', 'b']] }),
    'the header "a: b" is added',
  ],
  ['another path', exchange({ target: '/v1/messages/x' }), 'did not reach Claude'],
  ['a query', exchange({ target: '/v1/messages?x' }), 'did not reach Claude'],
  ['another message', withBody(BODY.replace('Why', 'How')), 'did not reach Claude'],
  ['another status', exchange({ status: 500 }), 'status 500 of Claude came as 200'],
  [
    'a lost header of the answer',
    exchange({ answerHead: [...exchange().answerHead, ['a', 'b']] }),
    'header "a: b" is lost',
  ],
  [
    'other bytes of the answer',
    exchange({ answer: Buffer.from('{ }') }),
    "the answer's body is changed",
  ],
])('%s is told', (_, received, text) => {
  expect(differencesOf([exchange()], [received]).join('\n')).toContain(text)
  expect(differencesOf([exchange()], [received])).not.toEqual([])
})

test('a request that no client sent is told, a further try after a failure is not', () => {
  expect(differencesOf([exchange()], [exchange(), exchange()])).toEqual([
    'POST /v1/messages reached Claude though no client sent it',
  ])
  const failed = exchange({ status: 529 })
  expect(differencesOf([failed], [failed, failed, failed])).toEqual([])
  const changed = { ...failed, head: [] }
  expect(differencesOf([failed], [failed, changed]).join()).toContain('"x-api-key: key" is lost')
})

test('where several answers are asked for, the client gets one of them, and all are asked for alike', () => {
  const other = exchange({ answer: Buffer.from('{"a":1}') })
  expect(compare([other], [exchange(), other], true).differences).toEqual([])
  const none = exchange({ answer: Buffer.from('{"b":1}') })
  expect(compare([none], [exchange(), other], true).differences.join()).toContain('body is changed')
  const changed = { ...exchange(), head: [] }
  expect(compare([other], [other, changed], true).differences.join()).toContain('is lost')
})

test('a client that breaks off must be followed', () => {
  const aborted = exchange({ isAborted: true, answer: Buffer.from('{') })
  expect(differencesOf([aborted], [aborted])).toEqual([])
  expect(differencesOf([aborted], [exchange()]).join()).toContain('went on')
})
