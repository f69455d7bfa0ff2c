/** A Llama-family forward pass in plain float64 loops, one sequence, one number at a time: an oracle for the graphs. */
import { adapterLayout, segmentOf } from '../../adapters/lora/layout.ts'
import { linearSize, type Module } from '../../adapters/lora/spec.ts'
import type { LoraFeed } from '../../device/engine/engine.ts'
import { readTensor, type WeightManifest } from '../../device/engine/model/weight-store.ts'

type Vector = number[]

/** States after `to` layers, one vector per token. */
export const slowStates = (
  folder: string,
  manifest: WeightManifest,
  ids: readonly number[],
  to: number,
  adapters: readonly LoraFeed[] = [],
): Vector[] => {
  const { shape, normEps, ropeBase, ropeFactors, attentionBias, architecture } = manifest.config
  const { hidden, heads, kvHeads, headDim } = shape
  const read = (name: string) => readTensor(folder, manifest, name)
  const linear = (layer: number, module: Module, x: Vector): Vector => {
    const { in: width, out } = linearSize(shape, module)
    const w = read(`layers.${layer}.${module}`)
    const bias =
      attentionBias && ['q', 'k', 'v'].includes(module)
        ? read(`layers.${layer}.${module}.bias`)
        : undefined
    const y = Array.from({ length: out }, (_, o) => {
      let sum = bias?.[o] ?? 0
      for (let i = 0; i < width; i++) sum += x[i]! * w[i * out + o]!
      return sum
    })
    for (const { spec, flat } of adapters) {
      const factors = adapterLayout(shape, spec).filter(
        (s) => s.layer === layer && s.module === module,
      )
      if (factors.length === 0) continue
      const [a, b] = factors.map((segment) => segmentOf(flat, segment))
      for (let r = 0; r < spec.rank; r++) {
        let inner = 0
        for (let i = 0; i < width; i++) inner += a![r * width + i]! * x[i]!
        for (let o = 0; o < out; o++)
          y[o]! += (spec.alpha / spec.rank) * b![o * spec.rank + r]! * inner
      }
    }
    return y
  }
  const norm = (name: string, x: Vector): Vector => {
    const w = read(name)
    const scale = 1 / Math.sqrt(x.reduce((sum, v) => sum + v * v, 0) / x.length + normEps)
    return x.map((v, i) => v * scale * w[i]!)
  }
  const headNorms = (name: string, x: Vector): Vector =>
    architecture !== 'qwen3'
      ? x
      : Array.from({ length: x.length / headDim }, (_, head) =>
          norm(name, x.slice(head * headDim, (head + 1) * headDim)),
        ).flat()
  const rotate = (x: Vector, position: number): Vector =>
    x.map((v, i) => {
      const at = i % headDim
      const half = headDim / 2
      const factor = ropeFactors?.[at % half] ?? 1
      const angle = (position * ropeBase ** ((-2 * (at % half)) / headDim)) / factor
      const other = at < half ? -x[i + half]! : x[i - half]!
      return v * Math.cos(angle) + other * Math.sin(angle)
    })

  const embed = read('embed')
  let states = ids.map((id) => Array.from(embed.subarray(id * hidden, (id + 1) * hidden)))
  for (let layer = 0; layer < to; layer++) {
    const normed = states.map((x) => norm(`layers.${layer}.attn_norm`, x))
    const rotated = (part: 'q' | 'k') =>
      normed.map((x, t) =>
        rotate(headNorms(`layers.${layer}.${part}_norm`, linear(layer, part, x)), t),
      )
    const queries = rotated('q')
    const keys = rotated('k')
    const values = normed.map((x) => linear(layer, 'v', x))
    states = states.map((x, t) => {
      const mixed: Vector = []
      for (let head = 0; head < heads; head++) {
        const kv = Math.floor(head / (heads / kvHeads)) * headDim
        const scores = keys.slice(0, t + 1).map((key) => {
          let sum = 0
          for (let i = 0; i < headDim; i++) sum += queries[t]![head * headDim + i]! * key[kv + i]!
          return Math.exp(sum / Math.sqrt(headDim))
        })
        const total = scores.reduce((a, b) => a + b, 0)
        for (let i = 0; i < headDim; i++)
          mixed.push(scores.reduce((sum, s, u) => sum + (s / total) * values[u]![kv + i]!, 0))
      }
      const attended = linear(layer, 'o', mixed).map((v, i) => v + x[i]!)
      const inner = norm(`layers.${layer}.ffn_norm`, attended)
      const up = linear(layer, 'up', inner)
      const gated = linear(layer, 'gate', inner).map((v, i) => (v / (1 + Math.exp(-v))) * up[i]!)
      return linear(layer, 'down', gated).map((v, i) => v + attended[i]!)
    })
  }
  return states
}

/** Log-probabilities of every token after each state, [ids][vocab]. */
export const slowLogProbs = (
  folder: string,
  manifest: WeightManifest,
  states: readonly Vector[],
): Vector[] => {
  const { config } = manifest
  const { hidden, vocab } = config.shape
  const w = readTensor(folder, manifest, 'final_norm')
  const head = readTensor(folder, manifest, config.tiedHead ? 'embed' : 'head')
  return states.map((x) => {
    const scale = 1 / Math.sqrt(x.reduce((sum, v) => sum + v * v, 0) / hidden + config.normEps)
    const logits = Array.from({ length: vocab }, (_, id) =>
      x.reduce((sum, v, i) => sum + v * scale * w[i]! * head[id * hidden + i]!, 0),
    )
    const total = Math.log(logits.reduce((sum, logit) => sum + Math.exp(logit), 0))
    return logits.map((logit) => logit - total)
  })
}
