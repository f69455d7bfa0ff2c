/**
 * A change of B that was trained over an earlier A, told in the basis of today. Where a round's gauge
 * has made Â = QᵀA of an A with rows of the same space, ΔB·A = (ΔB·Q)·Â exactly. Q follows from both
 * releases: it solves Q·Â = A, by least squares, so that nothing need be kept of a gauge.
 */
import { adapterLayout, segmentOf } from '../lora/layout.ts'
import { cholesky, choleskySolve } from '../math/cholesky.ts'
import { type Matrix, matrix, multiply, row, transpose } from '../math/matrix.ts'
import type { AdapterState } from './adapter-state.ts'

type Released = Pick<AdapterState, 'shape' | 'spec' | 'flat'>

/** Q of each module, [r, r], in the order of the layout; null where A is the same. */
export const turnsBetween = (from: Released, to: Released): (Matrix | null)[] =>
  adapterLayout(to.shape, to.spec)
    .filter(({ factor }) => factor === 'A')
    .map((segment) => {
      const [before, now] = [from, to].map(({ flat }) => segmentOf(flat, segment))
      if (now!.every((x, i) => x === before![i])) return null
      const [rank, inputs] = segment.shape as [number, number]
      return turnOf(matrix(rank, inputs, before), matrix(rank, inputs, now))
    })

/** RangeError where the rows of `now` depend on one another. */
const turnOf = (before: Matrix, now: Matrix): Matrix => {
  const gram = cholesky(multiply(now, transpose(now)))
  const turn = multiply(before, transpose(now))
  for (let i = 0; i < turn.rows; i++) row(turn, i).set(choleskySolve(gram, row(turn, i)))
  return turn
}

/** change: of B, in its layout. -> share·ΔB·Q. */
export const turnedChange = (
  change: Float32Array,
  { shape, spec }: Omit<Released, 'flat'>,
  turns: readonly (Matrix | null)[],
  share: number,
): Float32Array => {
  const turned = change.map((x) => share * x)
  for (const [i, { shape: dims, offset, size }] of adapterLayout(shape, spec, ['B']).entries()) {
    const turn = turns[i]
    if (!turn) continue
    const [out, rank] = dims as [number, number]
    const own = multiply(matrix(out, rank, change.subarray(offset, offset + size)), turn)
    turned.set(
      own.data.map((x) => share * x),
      offset,
    )
  }
  return turned
}
