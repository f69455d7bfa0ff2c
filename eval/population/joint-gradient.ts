/**
 * The gradient of a whole cohort at once. A device's vector is linear in its cotangents, so the sum of
 * what all devices would send is one vector-Jacobian product with the sum of their cotangents: each
 * distinct answer passes once, however many devices have it.
 *
 * Every device reads its choices, splits them and fits its head with the code of a real one, and then
 * waits for the others. When all have arrived the sum is computed, and each sends its mean, made and
 * clipped as a real update. The server's mean of equal vectors is exactly the mean that it would have
 * got device by device, as long as no device would have been clipped by itself: how many of a few
 * sampled ones would have been is reported.
 */
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { FedError } from '../../adapters/errors.ts'
import { dot } from '../../adapters/math/vector.ts'
import { replaceFileSync } from '../../adapters/node/replace-file.ts'
import type { Assignment } from '../../adapters/wire/federation.ts'
import type { AnswerInput, Engine, GradientRequest } from '../../device/engine/engine.ts'
import {
  encodeRound,
  type RoundResult,
  readRound,
  type runRound,
} from '../../device/federation/compute-round.ts'
import {
  type RoundGradient,
  roundGradient,
  vectorOf,
} from '../../device/federation/factor-gradient.ts'
import { gradientPart } from '../../device/federation/train-factor.ts'
import { inTurn } from './fleet.ts'

export type JointOptions = {
  readonly engine: Pick<Engine, 'gradient'>
  /** Keeps the sum of a round until it has ended, so that a resumed round sends the same. */
  readonly folder: string
  /** How many devices take part, those that turn out to have nothing included. */
  readonly expected: number
  /** The devices of which it is told whether they would be clipped. */
  readonly sampled: ReadonlySet<number>
  readonly onProgress?: (done: number, of: number) => void
  readonly signal?: AbortSignal | undefined
}

/** answers: distinct ones that were passed. norms: of what sampled devices would send, unclipped. */
export type JointReport = {
  readonly answers: number
  readonly seconds: number
  readonly norms: readonly number[]
  readonly clipped: number
}

export type JointGradient = {
  /** A device's runRound, for a round of the adapter alone. Resolves when all have arrived. */
  run(device: number, ...args: Parameters<typeof runRound>): Promise<RoundResult>
  /** The device is done; one that never arrived is not waited for. */
  left(device: number): void
  /** null where nothing was computed. */
  report(): JointReport | null
  /** Drops what was kept for a resumed round. */
  end(): void
}

export const jointGradient = (options: JointOptions): JointGradient => {
  const { engine, folder, expected, sampled, onProgress, signal } = options
  const sum = cotangentSum()
  const samples: { request: GradientRequest; assignment: Assignment }[] = []
  const arrived = new Set<number>()
  const gone = new Set<number>()
  const mean = deferred<Float64Array>()
  const kept = keptMean(folder)
  let shared: { assignment: Assignment; request: GradientRequest } | undefined
  let report: JointReport | null = null
  let turn: Promise<unknown> = Promise.resolve()

  const compute = async (): Promise<Float64Array> => {
    const { assignment, request } = shared!
    const answers = sum.answers()
    const { gradient, seconds } = await engine.gradient({ ...request, answers }, onProgress, signal)
    const norms: number[] = []
    await inTurn(samples, 1, async (sample) => {
      const own = await engine.gradient(sample.request, undefined, signal)
      const vector = vectorOf(own.gradient, sample.assignment.training.maxPairs)
      norms.push(Math.sqrt(dot(vector, vector)))
    })
    const { updateNorm } = assignment.training
    const clipped = norms.filter((norm) => norm > updateNorm).length
    report = { answers: answers.length, seconds, norms, clipped }
    return kept.save(
      assignment.roundId,
      gradient.map((g) => g / arrived.size),
    )
  }
  const checkAll = () => {
    if (arrived.size > 0 && arrived.size + gone.size === expected)
      compute().then(mean.resolve, mean.reject)
  }
  /** One at a time, so that only one device's features are held. */
  const arrive = (args: Parameters<typeof runRound>): Promise<RoundGradient> => {
    const next = turn.then(async () => {
      signal?.throwIfAborted()
      const [, assignment] = args
      const asked = roundGradient(await readRound(...args))
      if (!asked)
        throw new FedError('E_DATA', `nothing to learn from in round ${assignment.roundId}`)
      return asked
    })
    turn = next.catch(() => undefined)
    return next
  }

  return {
    async run(device, ...args) {
      const [, assignment] = args
      const asked = await arrive(args)
      const { pairs, loss, request } = asked
      const known = kept.read(assignment.roundId)
      if (!known) {
        sum.add(request.answers)
        shared = { assignment, request: { ...request, answers: [] } }
        if (sampled.has(device)) samples.push({ request, assignment })
        arrived.add(device)
        checkAll()
      }
      const part = gradientPart(assignment, known ?? (await mean.promise), { pairs, loss })
      return encodeRound(assignment, [{ name: 'adapter', part }])
    },
    left(device) {
      if (arrived.has(device)) return
      gone.add(device)
      checkAll()
    },
    report: () => report,
    end: () => {
      if (shared) kept.drop(shared.assignment.roundId)
    },
  }
}

/** Cotangents are summed on a grid of 2⁻⁴⁰, which makes float64 sums exact in every order. */
const GRID = 2 ** 40

const cotangentSum = () => {
  const sums = new Map<string, { answer: AnswerInput; sum: Float64Array }>()
  return {
    add(answers: GradientRequest['answers']) {
      for (const { answer, cotangent } of answers) {
        const key = keyOf(answer)
        const known = sums.get(key) ?? { answer, sum: new Float64Array(cotangent.length) }
        for (const [i, x] of cotangent.entries()) known.sum[i]! += Math.round(x * GRID) / GRID
        sums.set(key, known)
      }
    },
    /** By key, so that the order of the devices does not count. */
    answers: () =>
      [...sums]
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([, { answer, sum }]) => ({ answer, cotangent: Float32Array.from(sum) })),
  }
}

const keyOf = ({ ids, answerStart }: AnswerInput): string =>
  createHash('sha256').update(`${answerStart}/${ids.join()}`).digest('hex')

/** The mean of a round in a file, from before the first upload until the round has ended. */
const keptMean = (folder: string) => {
  const pathOf = (roundId: string) => join(folder, `gradient-${roundId}.f64`)
  return {
    read(roundId: string): Float64Array | undefined {
      const path = pathOf(roundId)
      return existsSync(path)
        ? new Float64Array(new Uint8Array(readFileSync(path)).buffer)
        : undefined
    },
    save(roundId: string, mean: Float64Array): Float64Array {
      replaceFileSync(pathOf(roundId), new Uint8Array(mean.buffer))
      return mean
    },
    drop: (roundId: string) => rmSync(pathOf(roundId), { force: true }),
  }
}

const deferred = <T>() => {
  let resolve: (value: T) => void = () => {}
  let reject: (error: unknown) => void = () => {}
  const promise = new Promise<T>((onValue, onError) => {
    resolve = onValue
    reject = onError
  })
  // Nobody may be waiting when it fails.
  promise.catch(() => undefined)
  return { promise, resolve, reject }
}
