// Our accountants give the ε of dp_accounting's, over settings that are drawn.
import { describe, expect, test } from 'vitest'
import { defaultCacheFolder } from '../../device/engine/model/cache.ts'
import { benchAccounting } from '../../eval/bench/accounting.ts'
import { ACCOUNTING_PACKAGES, pythonWith } from '../../eval/peers/python.ts'
import { titled } from './python.ts'

const cache = defaultCacheFolder(process.env)
const python = await pythonWith(ACCOUNTING_PACKAGES, { cacheFolder: cache })
const lack = 'reason' in python ? python.reason : undefined

describe.skipIf(lack)(titled('dp_accounting', lack), () => {
  test('200 settings: PLD within 1 %, RDP at whole orders within 0.1 %', async () => {
    const options = { runs: 1, settings: 200, seed: 7, peers: true, cache, log: () => {} }
    const { results } = await benchAccounting(options)
    const off = (name: string) => results.find((r) => r.name.endsWith(`${name}_deviation`))!.value
    expect(off('pld')).toBeLessThan(0.01)
    expect(off('rdp')).toBeLessThan(0.001)
  })
})
