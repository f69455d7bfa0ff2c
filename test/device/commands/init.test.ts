import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Ask, askSetup } from '../../../device/commands/init-work.ts'
import { call } from '../cli-call.ts'
import { temporaryFolder } from '../device-fixture.ts'

let folder = ''
beforeAll(() => {
  folder = temporaryFolder()
})
afterAll(() => rmSync(folder, { recursive: true }))

/** Answers in order; tells what was asked, with a star where the answer is not shown. */
const answering = (...answers: string[]) => {
  const asked: string[] = []
  const ask: Ask = async (question, isSecret) => {
    asked.push(`${isSecret ? '*' : ''}${question}`)
    return answers.shift() ?? ''
  }
  return { ask, asked }
}

test('two questions at most: a key of its own, and the model with its size', async () => {
  const { ask, asked } = answering('y', ' sk-1 ', '')
  expect(await askSetup(ask, 98_000_000, { pull: true })).toEqual({ claudeKey: 'sk-1', pull: true })
  expect(asked).toEqual([
    expect.stringContaining('[y/N]'),
    expect.stringMatching(/^\*The key/),
    expect.stringContaining('98.0 MB'),
  ])
})

test('return alone keeps no key and pulls; n does not', async () => {
  expect(await askSetup(answering('', '').ask, 1, { pull: true })).toEqual({
    claudeKey: null,
    pull: true,
  })
  expect(await askSetup(answering('', 'n').ask, 1, { pull: true })).toMatchObject({ pull: false })
})

test('asks nothing that is known already', async () => {
  const { ask, asked } = answering()
  await askSetup(ask, null, { pull: true, claudeKeyFile: '-' })
  expect(asked).toEqual([])
})

test('an own model says on what its tokenizer was checked, and is refused before anything is written', async () => {
  const model = join(folder, 'model')
  mkdirSync(model)
  const { vocabularies, pipelines } = JSON.parse(
    readFileSync(new URL('../../vectors/tokenizers/pipelines.json', import.meta.url), 'utf8'),
  )
  const { file } = pipelines[0]
  const json = { ...file, model: { ...file.model, ...vocabularies.marked } }
  writeFileSync(join(model, 'tokenizer.json'), JSON.stringify(json))
  const init = (home: string) =>
    call(folder, ['init', '--home', join(folder, home), '--model', model])
  expect((await init('own')).stdout).toMatch(
    /tokenizer: 6 texts came back from their tokens, \d\d words of its vocabulary as themselves/,
  )
  const lost = { ...json, pre_tokenizer: { ...json.pre_tokenizer, prepend_scheme: 'never' } }
  writeFileSync(join(model, 'tokenizer.json'), JSON.stringify(lost))
  expect(await init('refused')).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/E_MODEL_UNSUPPORTED: tokenizer: .* words of its own vocabulary/),
  })
  expect(existsSync(join(folder, 'refused'))).toBe(false)
})

test('ends with the two lines that personalize an app; words stand beside settings, and comments stay', async () => {
  const { stdout, code } = await call(folder, ['init', '--model', 'tiny', '--port', '4999'])
  expect(code).toBe(0)
  expect(stdout.trim().split('\n').slice(-2)).toEqual([
    '  export ANTHROPIC_BASE_URL=http://127.0.0.1:4999',
    "  new Anthropic({ baseURL: 'http://127.0.0.1:4999' })",
  ])
  const config = join(folder, 'home', 'config.json')
  writeFileSync(config, readFileSync(config, 'utf8').replace('"settings"', '// mine\n  "settings"'))
  await call(folder, ['init', '--candidates', '2'])
  const text = readFileSync(config, 'utf8')
  expect(text).toContain('// mine')
  expect(text).toContain('"candidates": 2,')
  expect(text).toContain('"port": 4999,')
}, 60_000)

test('an invalid configuration is reported with line and column, and is not overwritten', async () => {
  const config = join(folder, 'home', 'config.json')
  const broken = readFileSync(config, 'utf8').replace('"candidates": 2', '"candidates": 22')
  writeFileSync(config, broken)
  const result = await call(folder, ['init', '--port', '5000'])
  expect(result).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/config\.json:\d+:\d+: settings\.candidates/),
  })
  expect(readFileSync(config, 'utf8')).toBe(broken)
}, 30_000)
