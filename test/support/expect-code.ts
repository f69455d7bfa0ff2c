/** Runs the call and expects a FedError of that code; anything else fails the test. */
import { expect } from 'vitest'
import { type ErrorCode, FedError } from '../../adapters/errors.ts'

export const expectCode = (code: ErrorCode, call: () => unknown): FedError => {
  let thrown: unknown
  try {
    call()
  } catch (error) {
    thrown = error
  }
  expect(thrown).toBeInstanceOf(FedError)
  expect((thrown as FedError).code).toBe(code)
  return thrown as FedError
}
