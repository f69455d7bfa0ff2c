/** Our engine against values of PyTorch, transformers and PEFT, from a folder of fixed layout. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { z } from 'zod'
import { FedError } from '../../adapters/errors.ts'
import { decodeSafetensors } from '../../adapters/formats/safetensors.ts'
import { adapterLayout, layoutSize, segmentOf } from '../../adapters/lora/layout.ts'
import { PEFT_MODULES, readPeft } from '../../adapters/lora/peft.ts'
import { parseAs } from '../../adapters/parse.ts'
import type { AnswerInput, LoraFeed, Objective, TrainRequest } from '../../device/engine/engine.ts'
import { openHuggingFace } from '../../device/engine/model/tensor-source.ts'
import { convertWeights, type WeightManifest } from '../../device/engine/model/weight-store.ts'
import { type ModelRunner, modelRunner } from '../../device/engine/run/model-runner.ts'
import { packRows } from '../../device/engine/run/rows.ts'
import { poolAnswers } from '../../device/engine/run/score.ts'
import { openSessions } from '../../device/engine/run/sessions.ts'
import { logitsOf, statesOf } from '../../device/engine/run/states.ts'
import { adamWStep, newAdamW } from '../../device/engine/train/adamw.ts'
import { batchGradient } from '../../device/engine/train/gradient.ts'
import { itemsOf } from '../../device/engine/train/objectives.ts'
import { withReference } from '../../device/engine/train/reference.ts'

export type ParityResult = { readonly name: string; readonly value: number; readonly unit: string }

const Mask = z.array(z.array(z.int().min(0).max(1)))
const Cases = z.object({
  input_ids: z.array(z.array(z.int().min(0))),
  attention_mask: Mask,
  target_mask: Mask,
  ce_loss: z.number(),
  dpo: z.object({ beta: z.number(), loss: z.number() }),
  bradley_terry: z.object({
    exit_layer: z.int().min(1),
    loss: z.number(),
    rewards: z.array(z.number()),
  }),
  adamw: z.object({
    lr: z.number(),
    betas: z.tuple([z.number(), z.number()]),
    eps: z.number(),
    weight_decay: z.number(),
    ce_loss_before_each_step_and_after: z.array(z.number()).min(2),
  }),
})
type Cases = z.infer<typeof Cases>

type Tensors = ReadonlyMap<
  string,
  { readonly shape: readonly number[]; readonly data: Float32Array }
>

/** sequences: the tokens that attention sees, and where they stood in the padded line. */
type Reference = {
  readonly runner: ModelRunner
  readonly cases: Cases
  readonly sequences: readonly { readonly ids: readonly number[]; readonly at: readonly number[] }[]
  readonly inputs: readonly AnswerInput[]
  readonly adapter: LoraFeed
  readonly read: (file: string) => Tensors
  /** A PEFT-named file as a flat vector of the adapter's layout; absent factors are zero. */
  readonly readFlat: (file: string) => Float32Array
}

/**
 * dir holds config.json and the weights, adapter/ (PEFT), cases.json, forward.safetensors,
 * {ce,dpo,bt}_grads.safetensors, adamw_after_3.safetensors. Each value is the largest absolute
 * error of a tensor, relative to the largest absolute value of the reference tensor; the largest
 * over the tensors of an item. adamw alone is ill-conditioned: AdamW divides a gradient by its own
 * size, so one entry whose gradient is rounding noise (1e-6 of the largest) can pass 1e-4; PyTorch
 * in float32 and in float64 differ there as much. Fails with E_DATA when a file does not fit.
 */
export const runParity = async (dir: string): Promise<{ results: ParityResult[] }> => {
  const folder = mkdtempSync(join(tmpdir(), 'loreweave-parity-'))
  const sessions = openSessions(join(folder, 'model'), availableParallelism())
  try {
    const hf = await openHuggingFace(dir)
    const manifest = await convertWeights(hf.source, join(folder, 'model')).finally(hf.close)
    const reference = openReference(
      dir,
      manifest,
      modelRunner({ config: manifest.config, manifest }, sessions, 0),
    )
    const items = [
      ...(await forwardErrors(reference)),
      ...(await gradientErrors(reference)),
      ...(await optimizerErrors(reference)),
    ]
    return {
      results: items.map(([name, value]) => ({
        name: `parity.${name}`,
        value,
        unit: 'largest relative error',
      })),
    }
  } finally {
    await sessions.release()
    rmSync(folder, { recursive: true, force: true })
  }
}

type Item = readonly [name: string, error: number]

const openReference = (dir: string, manifest: WeightManifest, runner: ModelRunner): Reference => {
  const text = (file: string) => readFileSync(join(dir, file), 'utf8')
  const read = (file: string) => decodeSafetensors(readFileSync(join(dir, `${file}.safetensors`)))
  const { shape } = manifest.config
  const adapter = readPeft(
    text('adapter/adapter_config.json'),
    readFileSync(join(dir, 'adapter/adapter_model.safetensors')),
    shape,
  )
  const cases = parseAs(Cases, JSON.parse(text('cases.json')), 'E_DATA', 'cases.json: ', 'file')
  const sequences = cases.input_ids.map((ids, i) => {
    const at = [...ids.keys()].filter((t) => cases.attention_mask[i]?.[t] === 1)
    return { ids: at.map((t) => ids[t]!), at }
  })
  const inputs = sequences.map(({ ids, at }, i) =>
    answerInput(
      ids,
      at.map((t) => cases.target_mask[i]?.[t] === 1),
    ),
  )
  const readFlat = (file: string) => {
    const tensors = read(file)
    const layout = adapterLayout(shape, adapter.spec)
    const flat = new Float32Array(layoutSize(layout))
    for (const segment of layout) {
      const { layer, module, factor } = segment
      const place = `base_model.model.model.layers.${layer}.${PEFT_MODULES[module]}`
      const name = `${place}.lora_${factor}.weight`
      segmentOf(flat, segment).set(tensors.get(name)?.data ?? [])
    }
    return flat
  }
  return { runner, cases, sequences, inputs, adapter, read, readFlat }
}

/** Tokens after the last target cannot matter; the targets before it must be one run. */
const answerInput = (ids: readonly number[], isTarget: readonly boolean[]): AnswerInput => {
  const answerStart = isTarget.indexOf(true)
  const end = isTarget.lastIndexOf(true) + 1
  if (answerStart < 0 || isTarget.slice(answerStart, end).includes(false))
    throw new FedError('E_DATA', 'target_mask: expected one run of ones in every sequence')
  return { ids: ids.slice(0, end), answerStart }
}

const forwardErrors = async ({
  runner,
  cases,
  sequences,
  adapter,
  read,
}: Reference): Promise<Item[]> => {
  const { layers, hidden, vocab } = runner.model.config.shape
  const { exit_layer: exit } = cases.bradley_terry
  const forward = read('forward')
  const logits = async (states: Float32Array) => {
    const out: number[] = []
    for (let t = 0; t * hidden < states.length; t++)
      out.push(...(await logitsOf(runner, states.slice(t * hidden, (t + 1) * hidden))))
    return Float32Array.from(out)
  }
  const compare = async (
    name: string,
    width: number,
    run: (ids: readonly number[]) => Promise<Float32Array>,
  ) => {
    const { shape, data } = tensorOf(forward, name)
    const ours: number[] = []
    const theirs: number[] = []
    for (const [i, { ids, at }] of sequences.entries()) {
      ours.push(...(await run(ids)))
      for (const t of at) {
        const start = (i * shape[1]! + t) * width
        theirs.push(...data.subarray(start, start + width))
      }
    }
    return relativeError(ours, theirs)
  }
  const states = (to: number, adapters: readonly LoraFeed[]) => (ids: readonly number[]) =>
    sequenceStates(runner, ids, to, adapters)
  const full = (adapters: readonly LoraFeed[]) => async (ids: readonly number[]) =>
    logits(await states(layers, adapters)(ids))
  return [
    ['base_logits', await compare('base_logits', vocab, full([]))],
    ['adapter_logits', await compare('adapter_logits', vocab, full([adapter]))],
    ['hidden_states', await compare(`hidden_after_layer_${exit}`, hidden, states(exit, [adapter]))],
  ]
}

const sequenceStates = async (
  runner: ModelRunner,
  ids: readonly number[],
  to: number,
  adapters: readonly LoraFeed[],
): Promise<Float32Array> => {
  const { contextLength, shape } = runner.model.config
  const [row] = packRows([[{ ids, answerStart: 0 }]], contextLength)
  const states = await statesOf(runner, row!, to, adapters)
  return states.subarray(0, ids.length * shape.hidden)
}

const gradientErrors = async (reference: Reference): Promise<Item[]> => {
  const { runner, cases, inputs, adapter, read, readFlat } = reference
  const { exit_layer: exitLayer } = cases.bradley_terry
  const pairs = [{ chosen: inputs[0]!, rejected: inputs[1]!, offset: 0, weight: 1 }]
  const bt = read('bt_grads')
  const head = tensorOf(bt, 'head').data
  const objectives: [string, Objective, number][] = [
    ['ce', { kind: 'completion', examples: inputs }, cases.ce_loss],
    ['dpo', { kind: 'dpo', beta: cases.dpo.beta, pairs }, cases.dpo.loss],
    ['bt', { kind: 'reward', exitLayer, head, pairs }, cases.bradley_terry.loss],
  ]
  const items: Item[] = []
  for (const [name, objective, loss] of objectives) {
    const ours = await gradientOf(reference, objective, adapter.flat)
    items.push([`${name}_loss`, relativeError([ours.loss], [loss])])
    items.push([`${name}_grads`, flatError(reference, ours.gradient, readFlat(`${name}_grads`))])
  }
  const pooled = await poolAnswers(runner, inputs.slice(0, 2), { exitLayer, adapters: [adapter] })
  const rewards = pooled.map((state) => state.reduce((sum, x, i) => sum + x * head[i]!, 0))
  return [...items, ['bt_rewards', relativeError(rewards, cases.bradley_terry.rewards)]]
}

const optimizerErrors = async (reference: Reference): Promise<Item[]> => {
  const { cases, inputs, adapter, readFlat } = reference
  const { lr, weight_decay: weightDecay, betas, eps: epsilon } = cases.adamw
  const losses = cases.adamw.ce_loss_before_each_step_and_after
  const settings = { learningRate: lr, weightDecay, beta1: betas[0], beta2: betas[1], epsilon }
  const flat = adapter.flat.slice()
  const state = newAdamW(flat.length)
  const ours: number[] = []
  for (const [step] of losses.entries()) {
    const { loss, gradient } = await gradientOf(
      reference,
      { kind: 'completion', examples: inputs },
      flat,
    )
    ours.push(loss)
    if (step + 1 < losses.length)
      adamWStep(flat, gradient, state, settings, [{ start: 0, end: flat.length }])
  }
  return [
    ['adamw', flatError(reference, flat, readFlat(`adamw_after_${losses.length - 1}`))],
    ['adamw_losses', relativeError(ours, losses)],
  ]
}

const gradientOf = async (
  { runner, adapter }: Reference,
  objective: Objective,
  flat: Float32Array,
): Promise<{ loss: number; gradient: Float64Array }> => {
  const request: TrainRequest = {
    objective,
    adapters: [{ spec: adapter.spec, flat }],
    trainable: { index: 0, factors: ['A', 'B'] },
    epochs: 1,
    learningRate: 0,
    batch: 1,
    maxTokens: runner.model.config.contextLength,
    clipNorm: 0,
    seed: 0,
  }
  const items = itemsOf(objective, request.maxTokens)
  return batchGradient(runner, request, await withReference(runner, request, items))
}

/** The largest relative error of any factor; what the reference leaves at zero must be zero. */
const flatError = (
  { runner, adapter }: Reference,
  ours: ArrayLike<number>,
  theirs: Float32Array,
): number =>
  Math.max(
    ...adapterLayout(runner.model.config.shape, adapter.spec).map(({ offset, size }) =>
      relativeError(
        Array.from({ length: size }, (_, i) => ours[offset + i]!),
        theirs.subarray(offset, offset + size),
      ),
    ),
  )

const relativeError = (ours: ArrayLike<number>, theirs: ArrayLike<number>): number => {
  if (ours.length !== theirs.length)
    throw new FedError('E_DATA', `expected ${theirs.length} values, got ${ours.length}`)
  let error = 0
  let largest = 0
  for (let i = 0; i < theirs.length; i++) {
    const difference = Math.abs(ours[i]! - theirs[i]!)
    if (Number.isNaN(difference))
      throw new FedError('E_NOT_FINITE', 'parity: a value is not a number')
    error = Math.max(error, difference)
    largest = Math.max(largest, Math.abs(theirs[i]!))
  }
  return largest === 0 ? error : error / largest
}

const tensorOf = (tensors: Tensors, name: string) => {
  const tensor = tensors.get(name)
  if (!tensor) throw new FedError('E_DATA', `tensor ${name} is missing`)
  return tensor
}
