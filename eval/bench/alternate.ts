/** Ours and a peer's runs by turns on one machine, so that whatever else it does falls on both. */
import { medianOf } from '../measure/metrics.ts'
import type { Result } from '../measure/results.ts'

/** One run; gives the seconds that count. Run −1 is the one that warms up and is not counted. */
type Contestant = (run: number) => Promise<number>

/** ours, and peers that take part by name. */
export type Contest = { readonly ours: Contestant } & Readonly<Record<string, Contestant>>

export type Times = { readonly ours: readonly number[] } & Readonly<
  Record<string, readonly number[]>
>

/** A warm-up of each, then `runs` rounds; another begins each round. Seconds by name. */
export const alternate = async (
  contest: Contest,
  runs: number,
  onRun: (line: string) => void = () => {},
): Promise<Times> => {
  const names = Object.keys(contest)
  const times: { ours: number[] } & Record<string, number[]> = { ours: [] }
  for (let run = -1; run < runs; run++)
    for (const name of run % 2 === 0 ? names : names.toReversed()) {
      const seconds = await contest[name]!(run)
      onRun(`${run < 0 ? 'warm-up' : `run ${run + 1} of ${runs}`}: ${name} ${seconds.toFixed(3)} s`)
      if (run >= 0) times[name] = [...(times[name] ?? []), seconds]
    }
  return times
}

type Named = { readonly name: string; readonly n: number }
type Against = { readonly name: string; readonly value: number }

/** Units a second, by the median run; ratio: times the peer's. */
export const rateResult = (
  { name, n }: Named,
  units: number,
  seconds: readonly number[],
  peer?: { readonly name: string; readonly seconds: readonly number[] },
  unit = 'tokens/s',
): Result => {
  const rate = (times: readonly number[]) => units / medianOf(times)
  const value = rate(seconds)
  const other = peer && { name: peer.name, value: rate(peer.seconds) }
  return { name, value, unit, n, ...(other && { peer: other, ratio: value / other.value }) }
}

/** Seconds of the median run; ratio: how many times as long the peer takes. */
export const secondsResult = (
  { name, n }: Named,
  seconds: readonly number[],
  peer?: { readonly name: string; readonly seconds: readonly number[] },
): Result => {
  const value = medianOf(seconds)
  const other = peer && { name: peer.name, value: medianOf(peer.seconds) }
  return { name, value, unit: 's', n, ...(other && { peer: other, ratio: other.value / value }) }
}

/** ratio: the share of the peer's. */
export const bytesResult = (name: string, value: number, peer?: Against): Result => ({
  name,
  value,
  unit: 'bytes',
  ...(peer && peer.value > 0 && { peer, ratio: value / peer.value }),
})

/** What a whole run takes when only some of its equal steps were made. */
export const extrapolated = (seconds: number, made: number, of: number): number =>
  (seconds * of) / made
