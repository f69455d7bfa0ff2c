/** A tiny model, an engine of a few lines, choices of a user who likes short answers, and a device on a real server. */
import { createHash } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ChoiceLine } from '../../adapters/formats/choice-log.ts'
import { adapterLayout, segmentOf } from '../../adapters/lora/layout.ts'
import { seededRng } from '../../adapters/random.ts'
import { readEnrolmentToken } from '../../adapters/wire/enrolment-token.ts'
import type { JobSpecInput } from '../../adapters/wire/jobs.ts'
import { newKeyPair } from '../../adapters/wire/signature.ts'
import type { Engine, GradientRequest, TrainRequest } from '../../device/engine/engine.ts'
import { type LocalModel, openModel } from '../../device/engine/model/open.ts'
import { type DeviceOptions, openDevice } from '../../device/owner/device.ts'
import { featureSpace } from '../../device/reward/feature-space.ts'
import { type OwnStore, openStore } from '../../device/store/store.ts'
import { testServer } from '../support/federation-fixture.ts'

/** Removed by the caller. */
export const temporaryFolder = (): string => mkdtempSync(join(tmpdir(), 'loreweave-device-'))

export const tinyModel = async (): Promise<LocalModel> => {
  const folder = temporaryFolder()
  try {
    return await openModel({ cacheFolder: folder, name: 'tiny' })
  } finally {
    rmSync(folder, { recursive: true })
  }
}

/** States are drawn from a hash of ids and adapters; training moves the trainable factor by one step along its own seed,
 *  and an answer's gradient is its cotangent's sum along a direction of its own. */
export const fakeEngine = (model: LocalModel) => {
  const calls = {
    pooled: 0,
    texts: 0,
    train: [] as TrainRequest[],
    gradient: [] as GradientRequest[],
  }
  const engine: Engine = {
    async pooled(inputs, { adapters, through = [], onProgress }) {
      calls.pooled++
      calls.texts += inputs.length
      onProgress?.(inputs.length, inputs.length)
      const flats = adapters.map((a) => createHash('sha256').update(a.flat).digest('hex')).join()
      return inputs.map(({ ids, answerStart }) => {
        const rng = seededRng(`${flats}/${answerStart}/${ids.join()}`)
        const state = Array.from({ length: model.base.shape.hidden }, () => rng.normal())
        return Float32Array.from([...through, 'exit'].flatMap(() => state))
      })
    },
    async train(request, onProgress) {
      calls.train.push(request)
      const { spec, flat: before } = request.adapters[request.trainable.index]!
      const flat = before.slice()
      const rng = seededRng(request.seed)
      for (const segment of adapterLayout(model.base.shape, spec))
        if (request.trainable.factors.includes(segment.factor))
          segmentOf(flat, segment).forEach((v, i, view) => {
            view[i] = v + 0.01 * rng.normal()
          })
      onProgress?.({ step: 1, steps: 1, loss: 0.5, tokens: 10, seconds: 0.1 })
      return { flat, evaluations: [], losses: [0.5], steps: 1, tokens: 10, seconds: 0.1 }
    },
    async gradient(request, onProgress) {
      calls.gradient.push(request)
      const { spec, flat } = request.adapters[request.trainable.index]!
      const gradient = new Float64Array(flat.length)
      for (const { answer, cotangent } of request.answers) {
        const by = cotangent.reduce((sum, x) => sum + x, 0)
        const rng = seededRng(`direction/${answer.ids.join()}`)
        for (const { factor, offset, size } of adapterLayout(model.base.shape, spec))
          if (request.trainable.factors.includes(factor))
            for (let i = offset; i < offset + size; i++) gradient[i]! += by * rng.normal()
      }
      onProgress?.(request.answers.length, request.answers.length)
      return { gradient, tokens: 10, seconds: 0.1 }
    },
    score: () => Promise.reject(new Error('not used')),
    generate: () => Promise.reject(new Error('not used')),
    memory: async () => ({ peakPssBytes: 0 }),
    close: async () => {},
  }
  return { engine, calls }
}

/** Three answers each; the short one is chosen. */
export const shortChoices = (count: number, user = 'ada'): ChoiceLine[] =>
  Array.from({ length: count }, (_, i) => ({
    user,
    id: `${user}-${i}`,
    messages: [{ role: 'user' as const, content: `Explain subject ${i}` }],
    candidates: [
      `Great question! Subject ${i} has a long history. Moreover, there are many things to say about it, and people often ask why. I hope this helps, let me know if you have more questions!`,
      `Subject ${i} is simple.`,
      `- one\n- two\n- three about subject ${i}`,
    ],
    chosen: 1,
    at: 1000 + i,
  }))

export const jobFor = (model: LocalModel, overrides: Partial<JobSpecInput> = {}): JobSpecInput => ({
  name: 'for the tiny model',
  base: model.base,
  adapter: { firstLayer: 0, endLayer: 1, modules: ['q', 'v'], rank: 2, alpha: 4 },
  exitLayer: 1,
  features: featureSpace(model.base.shape.hidden),
  contributions: ['adapter', 'prior', 'statistics'],
  cohort: { size: 1, goal: 1, minimum: 1, deadlineMs: 60_000 },
  training: { maxPairs: 8, maxTokens: 64 },
  prior: { directions: 4 },
  ...overrides,
})

/** store: written to by tests as well. */
export type FakeOptions = Partial<Omit<DeviceOptions, 'store'>> & { readonly store?: OwnStore }

/** A device with the fake engine. Sleeping passes the server's time. */
export const fakeDevice = (model: LocalModel, options: FakeOptions = {}) => {
  const store = options.store ?? openStore(':memory:')
  const key = newKeyPair()
  const { engine, calls } = fakeEngine(model)
  const device = openDevice({
    key,
    model,
    engine,
    clock: () => 5000,
    rng: seededRng('device'),
    settings: { explore: 0, maxTokens: 64, ...options.settings },
    ...options,
    store,
  })
  return { device, store, key, engine, calls }
}

/** The same, enrolled with a server that has a job, with consent and choices. onPut: when an update arrives. */
export const enrolledDevice = async (
  model: LocalModel,
  job: Partial<JobSpecInput> = {},
  { onPut, ...options }: FakeOptions & { onPut?: () => void } = {},
  server = testServer(),
) => {
  const sent: { method: string; path: string; bytes: Uint8Array }[] = []
  const transport = async (request: Request) => {
    const bytes = new Uint8Array(await request.clone().arrayBuffer())
    sent.push({ method: request.method, path: new URL(request.url).pathname, bytes })
    if (request.method === 'PUT') onPut?.()
    return server.app.request(request)
  }
  const view = await server.operator.createJob(jobFor(model, job))
  const made = fakeDevice(model, {
    serverUrl: 'http://server.test',
    transport,
    clock: server.now,
    sleep: (ms) => server.pass(ms),
    ...options,
  })
  // Without the words of the server's key: what tests say in its place is not signed.
  await made.device.enroll(readEnrolmentToken(await server.operator.token()).secret)
  await made.device.grantConsent(['adapter', 'prior', 'statistics'], null, 1)
  await made.device.importChoices(shortChoices(6))
  return { ...made, server, sent, transport, jobId: view.id }
}
