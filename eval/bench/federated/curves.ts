/** What a federation's rounds came to, and figures of several side by side. */
import { meanOf } from '../../measure/metrics.ts'
import type { Result } from '../../measure/results.ts'
import { overWorlds } from '../over-worlds.ts'
import type { Took } from './arm.ts'

/** After a round. bytes: sent and fetched by a device so far; seconds: see `Took`, so far. */
export type Point = { readonly bytes: number; readonly seconds: number; readonly loss: number }
/** Of an arm in a world; the first point is before any round. */
export type Curve = readonly [Point, ...Point[]]
export type Curves = ReadonlyMap<string, readonly Curve[]>

export const after = (last: Point, took: Took, loss: number): Point => ({
  bytes: last.bytes + took.sentBytes + took.fetchedBytes,
  seconds: last.seconds + took.seconds,
  loss,
})

/** Bytes of a round, in the mean. */
export const sizeOf = (curve: Curve): number => curve.at(-1)!.bytes / Math.max(1, curve.length - 1)

/** Differences are to the peer, or to fedavg where there is none. */
export const figures = (curves: Curves, rates: ReadonlyMap<string, number>): Result[] => {
  const names = [...curves.keys()]
  const other = names.includes('flower_peft') ? 'flower_peft' : 'fedavg'
  const worlds = Array.from({ length: curves.get(other)!.length }, (_, i) => i)
  const at = (name: string, world: number, by: 'bytes' | 'seconds'): number => {
    const most = names.map((n) => curves.get(n)![world]!.at(-1)![by])
    // All have moved nearly the same bytes; of time, no more than the fastest has taken.
    const budget = by === 'bytes' ? Math.max(...most) : Math.min(...most)
    return curves.get(name)![world]!.findLast((point) => point[by] <= budget)!.loss
  }
  const figure = (name: string, of: (world: number) => number, unit = 'nats/token') =>
    overWorlds(`bench.federated.${name}`, worlds.map(of), unit)
  return names.flatMap((name) => {
    const own = curves.get(name)!
    const last = (world: number) => own[world]!.at(-1)!
    return [
      figure(`${name}.loss.first`, (world) => own[world]![0].loss),
      figure(`${name}.loss.equal_bytes`, (world) => at(name, world, 'bytes')),
      figure(`${name}.loss.equal_time`, (world) => at(name, world, 'seconds')),
      ...(name === other
        ? []
        : (['bytes', 'seconds'] as const).map((by) =>
            figure(
              `${name}-${other}.loss.equal_${by === 'bytes' ? by : 'time'}`,
              (world) => at(name, world, by) - at(other, world, by),
            ),
          )),
      figure(`${name}.round_bytes`, (world) => sizeOf(own[world]!), 'bytes'),
      figure(
        `${name}.round_seconds`,
        (world) => last(world).seconds / (own[world]!.length - 1),
        's',
      ),
      { name: `bench.federated.${name}.learning_rate`, value: rates.get(name)!, unit: 'rate' },
    ]
  })
}

/** The mean over worlds, round by round, as far as all worlds go. */
export const meanCurve = (curves: readonly Curve[]): readonly Point[] =>
  Array.from({ length: Math.min(...curves.map((curve) => curve.length)) }, (_, i) => {
    const mean = (of: (point: Point) => number) => meanOf(curves.map((curve) => of(curve[i]!)))
    return {
      bytes: mean((p) => p.bytes),
      seconds: mean((p) => p.seconds),
      loss: mean((p) => p.loss),
    }
  })
