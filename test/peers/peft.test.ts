// PEFT 0.21.2 on PyTorch 2.13: it loads our folders, we read its own, over random tiny models (adapters.py).
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { decodeSafetensors } from '../../adapters/formats/safetensors.ts'
import { adapterLayout } from '../../adapters/lora/layout.ts'
import { readPeft, writePeft } from '../../adapters/lora/peft.ts'
import { type AdapterSpec, MODULES } from '../../adapters/lora/spec.ts'
import type { LoraFeed } from '../../device/engine/engine.ts'
import { randomAdapter, relativeDifference } from '../support/engine-model.ts'
import { largestDifference, openFolderEngine, type PeerEngine } from './engine.ts'
import { noPython, runScript, titled } from './python.ts'

/** As in adapters.py. */
const ANSWER_START = 20
const OURS: Record<string, Partial<AdapterSpec>> = {
  'ours-whole': { modules: [...MODULES], rank: 4, alpha: 8 },
  'ours-part': { firstLayer: 1, endLayer: 3, modules: ['q', 'k', 'v', 'down'], rank: 3, alpha: 2 },
}

describe.skipIf(noPython)(titled('PEFT', noPython), () => {
  let root = ''
  const engines: Record<string, PeerEngine> = {}
  const adapters: Record<string, LoraFeed> = {}
  beforeAll(async () => {
    root = mkdtempSync(join(tmpdir(), 'loreweave-peft-'))
    await runScript('adapters.py', 'make', root)
    for (const model of ['llama', 'qwen2', 'qwen3']) {
      const engine = await openFolderEngine(join(root, model, 'base'))
      const { config } = engine
      engines[model] = engine
      for (const [name, spec] of Object.entries(OURS)) {
        const random = randomAdapter(config, spec, 3)
        // Weaker, so that attention is not so sharp that it magnifies rounding.
        const feed = { ...random, flat: random.flat.map((x) => x / 2) }
        adapters[`${model}/${name}`] = feed
        const files = writePeft(feed.spec, config.shape, feed.flat)
        const folder = join(root, model, name)
        mkdirSync(folder)
        writeFileSync(join(folder, 'adapter_config.json'), files.config)
        writeFileSync(join(folder, 'adapter_model.safetensors'), files.safetensors)
      }
    }
    await runScript('adapters.py', 'load', root)
  })
  afterAll(async () => {
    for (const engine of Object.values(engines)) await engine.close()
    rmSync(root, { recursive: true, force: true })
  })

  const read = (...path: string[]) => readFileSync(join(root, ...path))
  const difference = async (model: string, feeds: readonly LoraFeed[], theirs: string) => {
    const ids = JSON.parse(read(model, 'ids.json').toString()) as number[]
    const got = await engines[model]!.logits(ids, feeds)
    const logits = decodeSafetensors(read(model, `${theirs}.safetensors`)).get('logits')!
    return largestDifference(got, logits.data)
  }

  // Tolerance 1e-4 on logits up to 12; seen: 6e-6 to 1.5e-5.
  test.each(['llama', 'qwen2', 'qwen3'])('%s: we read what PEFT saved', async (model) => {
    const feed = readPeft(
      read(model, 'saved/adapter_config.json').toString(),
      read(model, 'saved/adapter_model.safetensors'),
      engines[model]!.config.shape,
    )
    expect(await difference(model, [feed], 'saved')).toBeLessThan(1e-4)
    // The adapter is strong enough that leaving it out would be seen.
    expect(await difference(model, [], 'saved')).toBeGreaterThan(0.1)
  })

  const ALL = ['llama', 'qwen2', 'qwen3'].flatMap((model) =>
    Object.keys(OURS).map((name) => [model, name] as const),
  )

  test.each(ALL)('%s: PEFT loads %s and gives our logits', async (model, name) => {
    const feed = adapters[`${model}/${name}`]!
    expect(await difference(model, [feed], name)).toBeLessThan(1e-4)
    expect(await difference(model, [], name)).toBeGreaterThan(0.1)
  })

  // Tolerance 1e-4 of a factor's largest entry; seen: 4e-7 to 3.3e-6.
  test.each(ALL)('%s: PyTorch has our gradient of %s', async (model, name) => {
    const feed = adapters[`${model}/${name}`]!
    const { config, gradient } = engines[model]!
    const theirs = readPeft(
      read(model, name, 'adapter_config.json').toString(),
      read(model, `${name}.gradient.safetensors`),
      config.shape,
    )
    const ids = JSON.parse(read(model, 'ids.json').toString()) as number[]
    const ours = await gradient(ids, ANSWER_START, feed)
    for (const { offset, size } of adapterLayout(config.shape, feed.spec)) {
      const part = (all: ArrayLike<number>) =>
        Array.from({ length: size }, (_, i) => all[offset + i]!)
      expect(relativeDifference(part(ours), part(theirs.flat))).toBeLessThan(1e-4)
    }
  })
})
