/**
 * Sums updates in threads of its own, asked by JSON lines (peers/peer-process.ts), so that its time
 * and memory are nobody else's. Argument: the module of another exact sum, which has one thread, as
 * it had in its server.
 */
import { availableParallelism } from 'node:os'
import { createInterface } from 'node:readline'
import type { Worker } from 'node:worker_threads'
import { z } from 'zod'
import type { PartialSum } from '../../../adapters/aggregate/exact-sum.ts'
import { askThread, startThread } from '../../../adapters/node/threads.ts'
import { seededRng } from '../../../adapters/random.ts'
import type { SumAnswer, SumRequest } from './sum-thread.ts'

/** open: draws the updates; sum: adds them all, timed; digest: of the last sum; arrive: memory. */
const Request = z.discriminatedUnion('do', [
  z.object({ do: z.literal('open'), updates: z.int(), numbers: z.int() }),
  z.object({ do: z.literal('sum') }),
  z.object({ do: z.literal('digest') }),
  z.object({ do: z.literal('arrive'), updates: z.int(), numbers: z.int() }),
])

const [another] = process.argv.slice(2)
const threads = Array.from({ length: another ? 1 : availableParallelism() }, () =>
  startThread(new URL('./sum-thread.ts', import.meta.url)),
)
const ask = (thread: Worker, request: SumRequest, given: readonly ArrayBuffer[] = []) =>
  askThread<SumAnswer>(thread, request, given)

type Drawn = (index: number) => Float32Array

/** Windows of one vector, each shifted by one. */
const draw = (updates: number, numbers: number): Drawn => {
  const rng = seededRng('bench-aggregate')
  const all = Float32Array.from({ length: updates + numbers }, () => 1e-3 * rng.normal())
  return (index) => all.slice(index, index + numbers)
}

const weightOf = (index: number) => 1 + (index % 8)

const start = (size: number) =>
  Promise.all(threads.map((thread) => ask(thread, { kind: 'start', another, size })))

/** Each thread takes the next update, and their partial sums are merged in the first. */
const addAll = async (
  updates: number,
  take: Drawn,
  giveBack?: (index: number, vector: Float32Array) => void,
): Promise<void> => {
  let next = 0
  const addMore = async (thread: Worker) => {
    while (next < updates) {
      const index = next++
      const vector = take(index)
      const isGivenBack = giveBack !== undefined
      const request = { kind: 'add', vector, weight: weightOf(index), isGivenBack } as const
      const answer = await ask(thread, request, [vector.buffer as ArrayBuffer])
      if (answer.vector) giveBack?.(index, answer.vector)
    }
  }
  await Promise.all(threads.map(addMore))
  const [first, ...others] = threads
  for (const other of others) {
    const { partial } = await ask(other, { kind: 'partial' })
    await ask(first!, { kind: 'merge', partial: partial! }, buffersOf(partial!))
  }
  await ask(first!, { kind: 'mean' })
}

const buffersOf = ({ low, high }: PartialSum) => [low.buffer, high.buffer] as ArrayBuffer[]

let updates: Float32Array[] = []

const perform = async (request: z.infer<typeof Request>): Promise<object> => {
  switch (request.do) {
    case 'open': {
      const take = draw(request.updates, request.numbers)
      updates = Array.from({ length: request.updates }, (_, i) => take(i))
      return {}
    }
    case 'sum': {
      await start(updates[0]!.length)
      const [began, cpu] = [performance.now(), process.cpuUsage()]
      await addAll(
        updates.length,
        (i) => updates[i]!,
        (i, vector) => {
          updates[i] = vector
        },
      )
      const { user, system } = process.cpuUsage(cpu)
      return { seconds: (performance.now() - began) / 1000, cpuSeconds: (user + system) / 1e6 }
    }
    case 'digest':
      return await ask(threads[0]!, { kind: 'digest' })
    case 'arrive': {
      const take = draw(request.updates, request.numbers)
      // Its threads have loaded what they need.
      await start(1)
      const baseBytes = process.memoryUsage.rss()
      await start(request.numbers)
      await addAll(request.updates, take)
      return { baseBytes, peakBytes: 1024 * process.resourceUsage().maxRSS }
    }
  }
}

for await (const line of createInterface({ input: process.stdin })) {
  const said = await perform(Request.parse(JSON.parse(line))).then(
    (reply) => ({ reply }),
    (error: unknown) => ({ error: String(error) }),
  )
  process.stdout.write(`${JSON.stringify(said)}\n`)
}
process.exit()
