/** What a server keeps of a masked round, in its folder and in its log, at every step: no device's update. */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { decodeUpdate } from '../../adapters/contributions/messages.ts'
import { maskedScene, runMasked } from '../support/masked-scene.ts'

const everythingIn = (folder: string): Buffer =>
  Buffer.concat(
    readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => readFileSync(join(entry.parentPath, entry.name))),
  )

/** Runs of bytes that cannot be there by chance. */
const runsOf = ({ buffer, byteOffset, byteLength }: Uint32Array | Float32Array): Buffer[] => {
  const all = Buffer.from(buffer, byteOffset, byteLength)
  return Array.from({ length: Math.floor(all.length / 16) }, (_, i) =>
    all.subarray(16 * i, 16 * i + 16),
  ).filter((run) => new Set(run).size > 10)
}

test('the folder and the log of a server hold no update of a device, at no step of a masked round', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'loreweave-masked-disk-'))
  const seen: { step: string; bytes: Buffer }[] = []
  const look = ({ phase, masking }: { phase: string; masking?: { phase: string } | null }) => {
    const step = masking?.phase ?? phase
    if (seen.at(-1)?.step !== step || step === 'masking') {
      if (seen.at(-1)?.step === step) seen.pop()
      seen.push({ step, bytes: everythingIn(folder) })
    }
  }
  const scene = await maskedScene({ count: 5, folder, look })
  try {
    expect(await runMasked(scene)).toMatchObject({ phase: 'released', received: 5 })
    seen.push({ step: 'after', bytes: everythingIn(folder) })
    expect(seen.some(({ bytes }) => bytes.includes('masked-update'))).toBe(true)
    expect(readFileSync(join(folder, 'log'), 'utf8')).toContain(scene.roundId)
    for (const device of scene.devices) {
      const quantized = runsOf(device.plain())
      const numbers = runsOf(decodeUpdate(device.update()).payload)
      expect(quantized.length).toBeGreaterThan(5)
      expect(numbers.length).toBeGreaterThan(5)
      for (const run of [...quantized, ...numbers])
        for (const { step, bytes } of seen)
          expect(bytes.includes(run), `${device.name}, ${step}`).toBe(false)
    }
  } finally {
    await scene.close()
    rmSync(folder, { recursive: true, force: true })
  }
}, 300_000)
