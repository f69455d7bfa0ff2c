/** Which releases a device takes up: made by hand here, as a server that fails or cheats might. */
import { beforeAll, describe, expect, test } from 'vitest'
import type { Part } from '../../../adapters/container/container.ts'
import { encodeRelease } from '../../../adapters/contributions/messages.ts'
import { initAdapter } from '../../../adapters/lora/init.ts'
import { adapterLayout, segmentOf } from '../../../adapters/lora/layout.ts'
import { sha256Hex } from '../../../adapters/node/sha256.ts'
import { JobSpec } from '../../../adapters/wire/jobs.ts'
import { withoutWords } from '../../../adapters/wire/lineage.ts'
import { featureCount, PROTOCOL_VERSION } from '../../../adapters/wire/primitives.ts'
import type { LocalModel } from '../../../device/engine/model/open.ts'
import { releaseBlob } from '../../../device/reward/serving.ts'
import { type OwnStore, openStore } from '../../../device/store/store.ts'
import { fakeDevice, jobFor, shortChoices, tinyModel } from '../device-fixture.ts'

let model: LocalModel
beforeAll(async () => {
  model = await tinyModel()
})

type Made = { version: number; seed?: number; rank?: number; parts?: Part[]; isOld?: boolean }

/**
 * Bytes of a release for the tiny model. Another seed is another content, another rank another
 * line. isOld: in the feature space of version 0.1.
 */
const bytesOf = ({ version, seed = 1, rank = 2, parts = [], isOld }: Made): Uint8Array => {
  const { base, adapter, exitLayer, features: own } = JobSpec.parse(jobFor(model))
  const features = isOld ? withoutWords(own) : own
  const spec = { ...adapter, rank }
  const flat = initAdapter(base.shape, spec, seed)
  return encodeRelease(
    {
      kind: 'release',
      protocol: PROTOCOL_VERSION,
      base,
      adapter: spec,
      exitLayer,
      features,
      basisEpoch: 0,
      version,
      parent: null,
      jobId: null,
      roundId: null,
      cohort: 3,
      inputs: null,
      createdAt: 0,
    },
    [
      ...adapterLayout(base.shape, spec).map((s) => ({
        name: s.name,
        shape: s.shape,
        data: segmentOf(flat, s),
      })),
      ...parts,
    ],
  )
}

/** A device with choices that is offered releases one after the other. */
const deviceOf = async (
  store: OwnStore = openStore(':memory:'),
  serverUrl = 'https://one.test',
) => {
  const { device } = fakeDevice(model, { store, serverUrl })
  await device.importChoices(shortChoices(6))
  /** The code with which it is refused; else what is served is it. */
  const offer = async (made: Made) => {
    const bytes = bytesOf(made)
    const hash = sha256Hex(bytes)
    store.saveBlob(releaseBlob(hash), bytes)
    try {
      await device.adoptRelease(hash)
    } catch (error) {
      expect(device.status().release).not.toBe(hash)
      return (error as { code?: string }).code
    }
    expect(device.status().release).toBe(hash)
    return 'served'
  }
  return { device, store, offer }
}

describe('versions never fall', () => {
  test('within a lineage only a higher version is adopted, or the same again', async () => {
    const { offer } = await deviceOf()
    expect(await offer({ version: 3 })).toBe('served')
    expect(await offer({ version: 2 })).toBe('E_CONFLICT')
    expect(await offer({ version: 3, seed: 2 })).toBe('E_CONFLICT')
    expect(await offer({ version: 3 })).toBe('served')
    expect(await offer({ version: 4 })).toBe('served')
  })

  test('another lineage has its own versions, and after a return none decreases', async () => {
    const { offer } = await deviceOf()
    expect(await offer({ version: 5 })).toBe('served')
    expect(await offer({ version: 0, rank: 1 })).toBe('served')
    expect(await offer({ version: 4 })).toBe('E_CONFLICT')
    expect(await offer({ version: 5 })).toBe('served')
  })

  test('they hold across a restart, and mean nothing at another server', async () => {
    const { store, offer } = await deviceOf()
    await offer({ version: 5 })
    expect(await (await deviceOf(store)).offer({ version: 4 })).toBe('E_CONFLICT')
    expect(await (await deviceOf(store, 'https://two.test')).offer({ version: 0 })).toBe('served')
  })

  test('a release of version 0.1, whose features have no words, is followed by one with them', async () => {
    const { device, offer } = await deviceOf()
    expect(await offer({ version: 7, isOld: true })).toBe('served')
    expect((await device.rerank({ messages: QUESTION }, ANSWERS)).candidates).toHaveLength(2)
    expect(await offer({ version: 0 })).toBe('served')
    expect((await device.rerank({ messages: QUESTION }, ANSWERS)).candidates).toHaveLength(2)
  })

  test('a home that has served a release before versions were remembered knows that one', async () => {
    const { store, offer } = await deviceOf()
    await offer({ version: 5 })
    store.set('releases', null)
    expect(await offer({ version: 4 })).toBe('E_CONFLICT')
    expect(await offer({ version: 6 })).toBe('served')
  })
})

describe('numbers', () => {
  const size = () => featureCount(JobSpec.parse(jobFor(model)).features)
  const part = (name: string, value: number, count = size()): Part => ({
    name,
    shape: [count],
    data: Array<number>(count).fill(value),
  })
  const rest = (value: number) => part('prior.rest', value, 1)

  test.each<[string, () => Part[]]>([
    ['variances of 1e15', () => [part('prior.mean', 0), rest(1e15)]],
    ['a mean of a billion', () => [part('prior.mean', 1e9), rest(1)]],
    ['a scale of a billion', () => [part('statistics.scale', 1e9)]],
    [
      'a prior and a scale that are each just within bounds, and under which no head can be fitted',
      () => [part('prior.mean', 0.1), rest(1e6), part('statistics.scale', 1e3)],
    ],
  ])('%s are refused with E_NORM, and the last release stays in service', async (_, parts) => {
    const { device, offer } = await deviceOf()
    await offer({ version: 1 })
    const before = await device.rerank({ messages: QUESTION }, ANSWERS)
    expect(await offer({ version: 2, parts: parts() })).toBe('E_NORM')
    const after = await device.rerank({ messages: QUESTION }, ANSWERS)
    expect(after.candidates).toEqual(before.candidates)
  })

  test('a device whose home holds such a release from before takes up a sound one', async () => {
    const { device, store, offer } = await deviceOf()
    const bad = bytesOf({ version: 1, parts: [part('prior.mean', 0), rest(1e15)] })
    store.saveBlob(releaseBlob(sha256Hex(bad)), bad)
    store.set('serving', { release: sha256Hex(bad), private: false, revision: 0 })
    expect(await offer({ version: 2 })).toBe('served')
    expect((await device.rerank({ messages: QUESTION }, ANSWERS)).candidates).toHaveLength(2)
  })
})

const QUESTION = [{ role: 'user' as const, content: 'Explain subject 99' }]
const ANSWERS = [{ text: 'Subject 99 is long and winding.' }, { text: 'It is simple.' }]
