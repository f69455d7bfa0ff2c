import { expect, test } from 'vitest'
import { fuzzReader } from './fuzz-reader.ts'
import { readers } from './readers.ts'

const targets = await readers()

test.each(targets.map((target) => [target.name, target] as const))(
  '%s: any input is read or refused with a code',
  (_, target) => fuzzReader(target, 1, 60),
)

test('a reader that fails without a code, or changes all objects, is found', () => {
  const [{ inputs }] = targets as [(typeof targets)[0]]
  const read = (fault: () => void) => () =>
    fuzzReader({ name: 'faulty', inputs, read: fault }, 1, 3)
  expect(
    read(() => {
      throw new RangeError('out of bounds')
    }),
  ).toThrow(/Property failed/)
  expect(read(() => new ArrayBuffer(2 ** 28))).toThrow(/Property failed/)
})
