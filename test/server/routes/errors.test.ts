import { expect, test } from 'vitest'
import { ERROR_CODES } from '../../../adapters/errors.ts'
import { HTTP_STATUS } from '../../../server/routes/errors.ts'

test.each(ERROR_CODES)('%s has a status that says it is an error', (code) => {
  expect(HTTP_STATUS[code]).toBeGreaterThanOrEqual(400)
  expect(HTTP_STATUS[code]).toBeLessThan(600)
})
