// Adapter folders of PEFT 0.21.2, TRL 1.16, transformers 5.23 (folders.py) and mlx-lm 0.32.2 (mlx_folders.py); what we write, in the
// programs that users load it with.
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { decodeSafetensors } from '../../adapters/formats/safetensors.ts'
import { type LocalModel, openModel } from '../../device/engine/model/open.ts'
import { readAdapterFile, writeAdapterFile } from '../../device/reward/adapter-files.ts'
import { randomAdapter } from '../support/engine-model.ts'
import { largestDifference, openConverted, type PeerEngine } from './engine.ts'
import { noPython, openMlx, peers, titled } from './python.ts'

const READ = [
  ...['all-linear', 'patterns', 'stabilized', 'wide', 'targets-regex', 'exclude-regex', 'layers'],
  ...['layer', 'mica', 'orthogonal', 'bf16', 'f16', 'embeddings', 'modules', 'eva', 'named/both'],
  ...['transformers', 'feature', 'sft/checkpoint-2', 'dpo/checkpoint-2'],
]
const REFUSED: readonly (readonly [name: string, message: RegExp])[] = [
  ['dora', /use_dora.*merge_and_unload/],
  ['bias', /bias "lora_only"/],
  ['pissa', /init_lora_weights "pissa"/],
  ['olora', /init_lora_weights "olora"/],
  ['head', /lm_head/],
  ['tokens', /trainable_token_indices/],
  ['reward', /LlamaForSequenceClassification/],
  ['sft', /adapters in .*checkpoint-1, checkpoint-2/],
  ['base', /model folder with whole weights/],
]
const MLX_READ = ['all', 'last', 'zero', 'keys', 'name', 'f16', 'bf16', 'negative']
const MLX_REFUSED: readonly (readonly [name: string, message: RegExp])[] = [
  ['dora', /DoRA.*mlx_lm.fuse/],
  ['full', /whole weights.*mlx_lm.fuse/],
  ['embedding', /embed_tokens.lora_a/],
]
const mlx = noPython === undefined ? await openMlx() : peers

describe.skipIf(noPython)(titled('Adapter folders', noPython), () => {
  let root = ''
  let model: LocalModel
  let engine: PeerEngine
  const here = (...path: string[]) => join(root, ...path)
  const logits = (path: string) => decodeSafetensors(readFileSync(path)).get('logits')!.data
  const ids = () => JSON.parse(readFileSync(here('ids.json'), 'utf8')) as number[]

  beforeAll(async () => {
    root = mkdtempSync(join(tmpdir(), 'loreweave-folders-'))
    await peers.run('folders.py', root)
    if (mlx.reason === undefined) await mlx.run('mlx_folders.py', root)
    model = await openModel({ cacheFolder: here('cache'), name: here('base') })
    engine = openConverted(model.folder, 1)
  })
  afterAll(async () => {
    await engine?.close()
    rmSync(root, { recursive: true, force: true })
  })

  /** Tolerance 1e-4 on logits up to 6, effects of 0.5 to 6; seen: 3e-6 to 3e-5. */
  const expectRead = async (name: string, theirs: string) => {
    const feed = readAdapterFile(here(name), model)
    const expected = logits(here(`${theirs}.safetensors`))
    expect(largestDifference(await engine.logits(ids(), [feed]), expected)).toBeLessThan(1e-4)
    expect(largestDifference(await engine.logits(ids()), expected)).toBeGreaterThan(0.1)
  }

  test.each(READ)('%s is read exactly', (name) => expectRead(name, name.split('/')[0]!))

  test.each(REFUSED)('%s is refused by name', (name, message) => {
    expect(() => readAdapterFile(here(name), model)).toThrow(message)
  })

  describe.skipIf(mlx.reason)(titled('of mlx-lm', mlx.reason), () => {
    test.each(MLX_READ)('%s is read exactly', (name) => expectRead(`mlx-${name}`, `mlx-${name}`))
    test.each(MLX_REFUSED)('%s is refused by name', (name, message) => {
      expect(() => readAdapterFile(here(`mlx-${name}`), model)).toThrow(message)
    })
  })

  test('AutoPeftModelForCausalLM takes an export alone, by path and by Hub name', async () => {
    const random = randomAdapter(model.config, { modules: ['q', 'k', 'down'], rank: 4 }, 3)
    const feed = { ...random, flat: random.flat.map((x) => x / 2) }
    const expected = await engine.logits(ids(), [feed])
    // A Hub's cache, as it lies after the model was fetched once.
    const cached = here('hub', 'hub', 'models--owner--small')
    const commit = '1'.repeat(40)
    mkdirSync(join(cached, 'refs'), { recursive: true })
    writeFileSync(join(cached, 'refs', 'main'), commit)
    cpSync(here('base'), join(cached, 'snapshots', commit), { recursive: true })
    for (const madeOf of [model.madeOf, 'owner/small']) {
      const out = here(`export-${readdirSync(root).length}`)
      writeAdapterFile(out, 'peft', { config: model.config, madeOf }, feed)
      await peers.run('auto_peft.py', out, here('hub'), here('ids.json'))
      expect(largestDifference(logits(`${out}/logits.safetensors`), expected)).toBeLessThan(1e-4)
    }
  })
})
