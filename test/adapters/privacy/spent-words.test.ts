import { expect, test } from 'vitest'
import { meaningWords, spentWords } from '../../../adapters/privacy/spent-words.ts'

const account = {
  ...{ population: 'all', purpose: 'personalization' as const, epsilon: 4, delta: 1e-6 },
  ...{ spent: 0.8123, rounds: 3 },
}

test('what is spent is said with its budget, whose it is, and in how many rounds', () => {
  expect(spentWords(account)).toBe(
    'ε = 0.812 of 4 is spent of what releases may tell about population all (personalization), in 3 rounds',
  )
  expect(spentWords({ ...account, rounds: 1 })).toContain('in one round')
})

test('what it means is a factor of odds, of readers of releases; a large ε is no protection', () => {
  expect(meaningWords(account)).toContain(
    'by a factor of at most 2.3, but for a chance of 0.000001',
  )
  expect(meaningWords(account)).toContain('The server itself sees more')
  expect(meaningWords({ ...account, spent: 8 })).toContain('no protection')
})
