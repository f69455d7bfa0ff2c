/**
 * The OpenAPI document is the list: of each operation every status and every refusal is answered here.
 * That nothing else is answered, every test of the server holds (test/support/documented.ts).
 */
import { describe, expect, test } from 'vitest'
import type { ErrorCode } from '../../../adapters/errors.ts'
import { HTTP_STATUS } from '../../../server/routes/errors.ts'
import { serverDocument } from '../../../server/routes/reference.ts'
import { CASES } from './cases.ts'
import { BY_KIND } from './refused-by-kind.ts'
import { UPLOAD_CASES } from './upload-cases.ts'

const cases = { ...CASES, ...UPLOAD_CASES }

type Operation = {
  readonly operationId: string
  readonly responses: Readonly<Record<string, { readonly description: string }>>
}
const { paths } = serverDocument() as unknown as {
  paths: Record<string, Record<string, Operation>>
}
const operations = Object.values(paths).flatMap((methods) => Object.values(methods))

/** Refusals are described by their codes alone. */
const isCodes = (description: string): boolean => /^E_[A-Z_]+(?:, E_[A-Z_]+)*$/.test(description)

const answersOf = ({ operationId, responses }: Operation) =>
  Object.entries(responses).flatMap(([status, { description }]) =>
    isCodes(description)
      ? description.split(', ').map((code) => [operationId, Number(status), code] as const)
      : [[operationId, Number(status), 'done'] as const],
  )

describe.each(operations)('$operationId', (operation) => {
  test.each(answersOf(operation))('%s answers %i: %s', async (id, status, code) => {
    const isRefusal = code !== 'done'
    const own = cases[id]?.[isRefusal ? (code as ErrorCode) : status]
    const answer = await (own ?? BY_KIND[code as ErrorCode]?.bind(null, id))?.()
    expect(answer, `no request for ${id} ${status} ${code}`).toBeDefined()
    const got = isRefusal ? ((await answer!.json()) as { error?: { code: string } }) : {}
    expect([answer!.status, got.error?.code ?? 'done']).toEqual([status, code])
    if (isRefusal) expect(HTTP_STATUS[code as ErrorCode]).toBe(status)
  })
})

test('every operation has requests, and no request is for an answer that the document lacks', () => {
  const known = new Map(
    operations.map((one) => [
      one.operationId,
      new Set(answersOf(one).map(([, status, code]) => (code === 'done' ? String(status) : code))),
    ]),
  )
  expect(Object.keys(cases).sort()).toEqual([...known.keys()].sort())
  const stray = Object.entries(cases).flatMap(([id, answers]) =>
    Object.keys(answers)
      .filter((answer) => !known.get(id)?.has(answer))
      .map((answer) => `${id} ${answer}`),
  )
  expect(stray).toEqual([])
})
