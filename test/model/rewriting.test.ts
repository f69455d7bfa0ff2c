/** Rewriting with the real model on the labelled requests that no seed, rule or word list was written from. */
import { expect, test } from 'vitest'
import { defaultCacheFolder } from '../../device/engine/model/cache.ts'
import { openModel } from '../../device/engine/model/open.ts'
import { pullModel } from '../../device/engine/model/pull.ts'
import { DEFAULT_MODEL } from '../../device/engine/model/registry.ts'
import { openEngine } from '../../device/engine/process/client.ts'
import { proposeRewrite } from '../../device/preferences/free-rewrite.ts'
import { measureRewriting } from '../../eval/labelled/rewriting.ts'
import { formatResults } from '../../eval/measure/results.ts'

const opened = async () => {
  const cacheFolder = defaultCacheFolder(process.env)
  await pullModel({ cacheFolder, name: DEFAULT_MODEL, fetch })
  const model = await openModel({ cacheFolder })
  return { model, engine: openEngine({ folder: model.folder }) }
}

test('what applies is asked for, what does not is left out, demands are obeyed and messages are left alone', async () => {
  const { model, engine } = await opened()
  const results = await measureRewriting({ model, engine, seed: 7, variants: 8 })
  await engine.close()
  console.info(formatResults({ results }))
  const value = (name: string) => results.find((r) => r.name === name)!.value
  expect(value('rewrite.wanted.block')).toBeGreaterThan(0.92)
  expect(value('rewrite.wanted.answers')).toBeGreaterThan(0.87)
  expect(value('rewrite.untouched')).toBeGreaterThan(0.94)
  expect(value('rewrite.contradicted')).toBe(0)
  expect(value('rewrite.changed_messages')).toBe(0)
})

test('free rewriting proposes nothing that loses anything, which is mostly nothing', async () => {
  const { model, engine } = await opened()
  const messages = [
    'Can you explain to me why Marie Curie won 2 Nobel prizes and not 3?',
    'how do i get rid of the ants in my kitchen without poison',
    'What should I cook tonight?',
  ]
  for (const message of messages) {
    const { accepted, text, reason } = await proposeRewrite(engine, model.tokenizer, message)
    console.info(`free rewriting: ${accepted ? text : reason}`)
    if (!accepted) expect(text).toBe(message)
  }
  await engine.close()
})
