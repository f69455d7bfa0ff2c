/** A device that stops anywhere in a masked round goes on with the same bytes, or leaves nothing. */
import { beforeAll, describe, expect, test } from 'vitest'
import type { LocalModel } from '../../../device/engine/model/open.ts'
import { type fakeDevice, tinyModel } from '../device-fixture.ts'
import { MESSAGES, type Message, stoppedScene } from './masked-fixture.ts'

let model: LocalModel
beforeAll(async () => {
  model = await tinyModel()
})

/** What the server asks for, and so not again once it has heard it. */
const ASKED: ReadonlySet<Message> = new Set(['shares', 'survivors', 'unmask'])

describe.each(MESSAGES)('a device that stops at its %s', (at) => {
  test.each([
    ['before the server hears it', false],
    ['after the server has heard it', true],
  ])('%s goes on with the same bytes, and computes nothing again', async (_, isHeard) => {
    const { started, store, said, other, server, jobId } = await stoppedScene(model, at, isHeard)
    expect(store.maskedRounds()).toHaveLength(1)
    const again = started()
    const stop = new AbortController()
    const notes: (string | undefined)[] = []
    const resumed = again.device
      .participate({ signal: stop.signal, onProgress: ({ note }) => void notes.push(note) })
      .catch(() => null)
    await other
    await server.settle()
    stop.abort()
    await resumed
    expect(again.calls.train).toEqual([])
    const { rounds } = await server.operator.job(jobId)
    expect(rounds[0]).toMatchObject({ phase: 'released', received: 2 })
    expect(store.uploads().map(({ state }) => state)).toEqual(['accepted'])
    for (const what of MESSAGES) {
      const times = said.filter((one) => one.what === what).map(({ bytes }) => bytes)
      expect(new Set(times).size).toBe(1)
      expect(times.length).toBe(what === at && !(isHeard && ASKED.has(at)) ? 2 : 1)
    }
    expect(store.maskedRounds()).toEqual([])
  })
})

/** How a masked round ends for a device that has stopped in it. */
const ENDS: Record<string, (device: Device) => Promise<unknown>> = {
  'withdraws its consent': ({ device }) => device.withdrawConsent(),
  'consents to less': ({ device }) => device.grantConsent(['statistics'], null, 1),
  'forgets what it learned from': ({ device }) => device.forget({ imported: true }),
}
type Device = ReturnType<typeof fakeDevice>

describe.each(['keys', 'update', 'unmask'] as const)(
  'a device that has stopped at its %s',
  (at) => {
    test.each(Object.keys(ENDS))('and %s keeps no secret, and says no more', async (how) => {
      const { started, store, said, endOther } = await stoppedScene(model, at, false)
      const secrets = store.maskedSecrets(store.maskedRounds()[0]!.roundId)!
      expect(secrets.ring === null).toBe(at !== 'keys')
      const again = started()
      const before = said.length
      await ENDS[how]!(again)
      expect(store.maskedRounds()).toEqual([])
      expect(store.pendingUploads()).toEqual([])
      await again.device.participate().catch(() => undefined)
      expect(said).toHaveLength(before)
      await endOther()
    })
  },
)
