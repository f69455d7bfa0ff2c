import { expect, test } from 'vitest'
import { remembered } from '../../../device/text/remembered.ts'

test('asks once for each of the newest texts', () => {
  const asked: string[] = []
  const lengthOf = remembered((text: string) => {
    asked.push(text)
    return text.length
  }, 2)
  expect(['a', 'a', 'bb', 'a', 'ccc', 'bb', 'a'].map(lengthOf)).toEqual([1, 1, 2, 1, 3, 2, 1])
  expect(asked).toEqual(['a', 'bb', 'ccc', 'a'])
})
