/**
 * Where LoRA sits in a model and what shapes its factors have. Hu et al. 2021: W + (alpha / r)·B·A,
 * A: [r, in], B: [out, r].
 */

/** The seven linears of a Llama block, in the order of the flat layout. */
export const MODULES = ['q', 'k', 'v', 'o', 'gate', 'up', 'down'] as const
export type Module = (typeof MODULES)[number]

/** Sizes of a Llama-family model; everything that shapes its adapters and graphs. */
export type ModelShape = {
  readonly layers: number
  readonly hidden: number
  readonly heads: number
  readonly kvHeads: number
  readonly headDim: number
  readonly ffn: number
  readonly vocab: number
}

/** LoRA on modules of the layers firstLayer … endLayer − 1. */
export type AdapterSpec = {
  readonly firstLayer: number
  readonly endLayer: number
  readonly modules: readonly Module[]
  readonly rank: number
  readonly alpha: number
  /** Rank of a frozen add-on beside each module's factors, in their scale; left out: there is none. */
  readonly residual?: number | undefined
}

/** Input and output size of one linear. */
export const linearSize = (shape: ModelShape, module: Module): { in: number; out: number } => {
  const { hidden, heads, kvHeads, headDim, ffn } = shape
  switch (module) {
    case 'q':
      return { in: hidden, out: heads * headDim }
    case 'k':
    case 'v':
      return { in: hidden, out: kvHeads * headDim }
    case 'o':
      return { in: heads * headDim, out: hidden }
    case 'gate':
    case 'up':
      return { in: hidden, out: ffn }
    case 'down':
      return { in: ffn, out: hidden }
  }
}
