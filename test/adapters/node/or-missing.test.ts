import { readFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { orMissing } from '../../../adapters/node/or-missing.ts'

test('stands for a missing file alone', async () => {
  const here = import.meta.dirname
  expect(await orMissing(readFile(`${here}/nothing`), null)).toBeNull()
  expect(await orMissing(Promise.resolve(1), null)).toBe(1)
  await expect(orMissing(readFile(here), null)).rejects.toMatchObject({ code: 'EISDIR' })
})
