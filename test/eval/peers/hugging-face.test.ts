import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { openModel } from '../../../device/engine/model/open.ts'
import { openHuggingFace } from '../../../device/engine/model/tensor-source.ts'
import { convertWeights } from '../../../device/engine/model/weight-store.ts'
import { writeHuggingFace } from '../../../eval/peers/hugging-face.ts'

test('weights that are written for transformers and read again are the same bytes and the same configuration', async () => {
  const root = mkdtempSync(join(tmpdir(), 'loreweave-export-'))
  const model = await openModel({ cacheFolder: root, name: 'tiny' })
  await writeHuggingFace(model.folder, join(root, 'out'))
  const { source, close } = await openHuggingFace(join(root, 'out'))
  const { config } = await convertWeights(source, join(root, 'again')).finally(close)
  expect(config).toEqual(model.config)
  const [before, after] = [model.folder, join(root, 'again')].map((folder) =>
    readFileSync(join(folder, 'weights.bin')),
  )
  expect(after!.equals(before!)).toBe(true)
  rmSync(root, { recursive: true })
})
