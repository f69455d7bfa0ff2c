/** Ordering the candidates of a request: time against llama.cpp, agreement with full precision. */
import { seededRng } from '../../adapters/random.ts'
import type { AnswerInput, Engine } from '../../device/engine/engine.ts'
import { openEngine } from '../../device/engine/process/client.ts'
import { scoreFeatures } from '../../device/reward/reward.ts'
import { bootstrapInterval, meanOf, medianOf } from '../measure/metrics.ts'
import type { Result, Results } from '../measure/results.ts'
import type { PeerProcess } from '../peers/peer-process.ts'
import { alternate, secondsResult, type Times } from './alternate.ts'
import { benchChoices } from './choices.ts'
import { type Bench, openLlama } from './context.ts'
import { deviceDepth, fitOwnHead, readChoices, readerOf } from './recipe.ts'

/** Tokens of the request's prompt and of each candidate. */
const SIZE = { prompt: 100, candidate: 200, candidates: 4 } as const
/** Choices that the head of the agreement is fitted on. */
const TRAINING = 60

type Request = { readonly prompt: number[]; readonly candidates: number[][] }

/** requests: how many are ordered for the agreement; 0 leaves it out. */
export const benchRerank = async (
  bench: Bench,
  { requests }: { readonly requests: number },
): Promise<Results> => {
  const { model, threads, runs, log } = bench
  const engine = openEngine({ folder: model.folder, threads })
  const quantized = openEngine({ folder: model.folder, threads, weights: 'quantized' })
  const llama = await openLlama(bench, SIZE.prompt + SIZE.candidate)
  const ask = (run: number, isShared: boolean) =>
    askLlama(llama!, requestOf(run, model.config.shape.vocab), isShared)
  try {
    const times = await alternate(
      {
        ours: (run) => order(bench, engine, requestOf(run, model.config.shape.vocab)),
        quantized: (run) => order(bench, quantized, requestOf(run, model.config.shape.vocab)),
        ...(llama && {
          llama_whole: (run: number) => ask(run, false),
          llama_shared: (run: number) => ask(run, true),
        }),
      },
      runs,
      log,
    )
    const agreement = requests > 0 ? await benchAgreement(bench, engine, quantized, requests) : []
    return { results: [...timeResults(times, runs), ...agreement] }
  } finally {
    await Promise.all([engine.close(), quantized.close()])
    await llama?.close()
  }
}

/** The headline is against the faster of llama.cpp's two ways. */
export const timeResults = (times: Times, runs: number): Result[] => {
  const peers = [
    { name: 'llama.cpp, each candidate with its prompt', seconds: times['llama_whole'] },
    { name: "llama.cpp, the prompt's cache kept", seconds: times['llama_shared'] },
  ].flatMap(({ name, seconds }) => (seconds ? [{ name, seconds }] : []))
  const fastest = peers.toSorted((a, b) => medianOf(a.seconds) - medianOf(b.seconds))[0]
  return [
    secondsResult({ name: 'bench.rerank.seconds', n: runs }, times.ours, fastest),
    ...(times['quantized']
      ? [secondsResult({ name: 'bench.rerank.quantized.seconds', n: runs }, times['quantized'])]
      : []),
    ...peers.map((peer) =>
      secondsResult(
        {
          name:
            peer.seconds === times['llama_whole']
              ? 'bench.rerank.against_whole'
              : 'bench.rerank.against_shared',
          n: runs,
        },
        times.ours,
        peer,
      ),
    ),
  ]
}

/** New tokens for every run, so that nothing is cached; the same for all in one run. */
const requestOf = (run: number, vocab: number): Request => {
  const rng = seededRng(`bench-rerank/${run}`)
  const tokens = (count: number) => Array.from({ length: count }, () => rng.int(vocab))
  return {
    prompt: tokens(SIZE.prompt),
    candidates: Array.from({ length: SIZE.candidates }, () => tokens(SIZE.candidate)),
  }
}

/** Seconds of the states that a device orders by. */
const order = async (
  { model }: Bench,
  engine: Engine,
  { prompt, candidates }: Request,
): Promise<number> => {
  const inputs = candidates.map(
    (candidate): AnswerInput => ({ ids: [...prompt, ...candidate], answerStart: prompt.length }),
  )
  const began = performance.now()
  await engine.pooled(inputs, { exitLayer: deviceDepth(model).exitLayer, adapters: [] })
  return (performance.now() - began) / 1000
}

const askLlama = async (llama: PeerProcess, request: Request, isShared: boolean) =>
  (await llama.ask({ do: 'rerank', ...request, isShared })).seconds!

/** Orders of the same head over the states of both precisions. */
const benchAgreement = async (
  { model, log }: Bench,
  exact: Engine,
  quantized: Engine,
  requests: number,
): Promise<Result[]> => {
  const [person] = benchChoices({
    users: 1,
    train: TRAINING,
    test: requests,
    shown: SIZE.candidates,
    seed: 2,
  })
  const depth = deviceDepth(model)
  const [full, low] = [exact, quantized].map((engine) => readerOf(model, engine, depth))
  log(`reading ${requests} requests of ${SIZE.candidates} candidates in both precisions`)
  const head = fitOwnHead(await readChoices(full!, person!.train), full!.space)
  const ordersOf = async (reader: NonNullable<typeof full>) =>
    (await readChoices(reader, person!.test)).map(({ raw }) =>
      orderOf(scoreFeatures(raw, head.scale, head.fit.w).map(({ reward }) => reward)),
    )
  return agreement(await ordersOf(low!), await ordersOf(full!))
}

/** Candidates from the best to the worst. */
export const orderOf = (rewards: readonly number[]): number[] =>
  [...rewards.keys()].sort((a, b) => rewards[b]! - rewards[a]! || a - b)

/** Shares of the requests with the same whole order, and with the same best candidate. */
export const agreement = (
  orders: readonly (readonly number[])[],
  reference: readonly (readonly number[])[],
): Result[] => {
  const rng = seededRng('bench-rerank/agreement')
  const share = (name: string, isSame: (a: readonly number[], b: readonly number[]) => boolean) => {
    const values = orders.map((order, i) => Number(isSame(order, reference[i]!)))
    const interval = [...bootstrapInterval(values, meanOf, rng)] as [number, number]
    return {
      name: `bench.rerank.quantized.same_${name}`,
      value: meanOf(values),
      unit: 'share',
      n: values.length,
      interval,
    }
  }
  return [share('order', (a, b) => String(a) === String(b)), share('best', (a, b) => a[0] === b[0])]
}
