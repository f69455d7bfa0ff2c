/** The whole device on the real engine and the built-in tiny model: training, a federated round, serving. */
import { rmSync } from 'node:fs'
import { expect, test } from 'vitest'
import { decodeUpdate } from '../../../adapters/contributions/messages.ts'
import { openModel } from '../../../device/engine/model/open.ts'
import { openEngine } from '../../../device/engine/process/client.ts'
import { enrolledDevice, temporaryFolder } from '../device-fixture.ts'

test('two rounds on the real engine change the shared adapter, and rerank runs under it', async () => {
  const folder = temporaryFolder()
  const model = await openModel({ cacheFolder: folder, name: 'tiny' })
  const engine = openEngine({ folder: model.folder, threads: 1 })
  try {
    const { device, server, sent, jobId } = await enrolledDevice(model, { rounds: 2 }, { engine })
    const report = await device.participate({ rounds: 2, wait: true })
    expect(report.rounds).toHaveLength(2)
    for (const { problem, losses } of report.rounds) {
      expect(problem).toBeNull()
      expect(losses.every(Number.isFinite)).toBe(true)
    }
    const updates = sent.filter((s) => s.method === 'PUT').map((s) => decodeUpdate(s.bytes))
    expect(updates.map((u) => u.header.factor)).toEqual(['B', 'A'])
    expect(updates[0]!.payload.some((v) => v !== 0)).toBe(true)
    await server.settle()
    const { head } = await server.operator.job(jobId)
    await device.adoptRelease(head!)
    const messages = [{ role: 'user' as const, content: 'Explain subject 7' }]
    const result = await device.rerank({ messages }, [
      { text: 'A long answer, with much to say.' },
      { text: 'Short.' },
    ])
    expect(result.candidates.every((c) => Number.isFinite(c.reward))).toBe(true)
    expect(result.candidates.some((c) => c.pooled !== 0)).toBe(true)
    const training = await device.train({ adapter: true, epochs: 3 })
    // By epochs: single steps see different choices.
    const { losses } = training.adapter!
    const epoch = losses.length / 3
    const sum = (part: readonly number[]) => part.reduce((total, loss) => total + loss, 0)
    expect(sum(losses.slice(-epoch))).toBeLessThan(sum(losses.slice(0, epoch)))
  } finally {
    await engine.close()
    rmSync(folder, { recursive: true })
  }
})
