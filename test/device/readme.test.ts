/** The snippets of device/api/README.md, run as they stand but for the port. */
import { spawn, spawnSync } from 'node:child_process'
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openInspection } from '../../device/api/inspection/inspection.ts'
import { type RunningApi, serveApi } from '../../device/api/serve.ts'
import { DeviceSettings } from '../../device/home/settings.ts'
import { createClaude } from '../../eval/claude/claude.ts'
import { DEVICE_TOKEN, OWN_KEY } from './api/fakes.ts'
import { fakeDevice, temporaryFolder, tinyModel } from './device-fixture.ts'

const readme = readFileSync(new URL('../../device/api/README.md', import.meta.url), 'utf8')
const section = readme.split('## Feedback from an app')[1]?.split('\n## ')[0] ?? ''
const snippet = (language: string) =>
  (new RegExp(`\`\`\`${language}\\n(.*?)\`\`\``, 's').exec(section)?.[1] ?? '').replaceAll(
    '4141',
    String(api.port),
  )

const folder = temporaryFolder()
let api: RunningApi
let made: ReturnType<typeof fakeDevice>
beforeAll(async () => {
  made = fakeDevice(await tinyModel())
  const { device, store } = made
  const claude = createClaude({ seed: 7 })
  api = await serveApi(
    {
      device,
      inspection: openInspection({
        store,
        clock: () => 5000,
        settings: DeviceSettings.parse({}),
        base: () => ({ name: 'tiny', exitLayer: 1 }),
      }),
      deviceToken: DEVICE_TOKEN,
      claudeKey: OWN_KEY,
      claudeUrl: 'https://claude.test',
      transport: async (request) => claude.request(request),
      clock: () => 5000,
      logOutgoing: () => {},
      report: () => {},
    },
    0,
  )
})
afterAll(async () => {
  await api.close()
  await made.device.close()
  rmSync(folder, { recursive: true })
})

const runs = (program: string, args: string[], env: Record<string, string> = {}) =>
  new Promise<{ code: number | null; text: string }>((resolve, reject) => {
    const child = spawn(program, args, {
      env: { ...process.env, LOREWEAVE_TOKEN: DEVICE_TOKEN, ...env },
    })
    let text = ''
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (data) => {
        text += data
      })
    child.on('error', reject)
    child.on('close', (code) => resolve({ code, text }))
  })

test('the JavaScript asks, reads the decision and rates the answer that Claude gave', async () => {
  const file = join(folder, 'snippet.mjs')
  writeFileSync(file, snippet('js'))
  const { code, text } = await runs(process.execPath, [file])
  expect(text).toContain('recorded: true')
  expect(code).toBe(0)
  expect(made.store.feedback()).toMatchObject([{ body: { kind: 'thumbs', value: 1 } }])
  const decisionId = /decisionId: '(d_[^']+)'/.exec(text)?.[1] ?? ''
  expect(made.store.decision(decisionId)?.candidates).toBe(1)
})

const hasCurl = spawnSync('curl', ['--version']).status === 0

test.skipIf(!hasCurl)('the curl lines edit, state, undo and forget', async () => {
  const { decisionId } = await made.device.rewrite({
    messages: [{ role: 'user', content: 'Why is the sky blue?' }],
  })
  made.device.recordAnswer(decisionId!, { text: 'Rayleigh scattering.' })
  const { code, text } = await runs('bash', ['-euc', snippet('sh')], { DECISION: decisionId! })
  expect({ code, text }).toMatchObject({ code: 0 })
  expect(text.match(/"recorded":true/g)).toHaveLength(3)
  expect(text).toContain('"updatesSentSince":0')
  expect(made.device.profile().profile.preferences).toMatchObject([
    { dimension: 'emoji', direction: -1, source: 'stated' },
  ])
  expect(made.store.decision(decisionId!)).toBeUndefined()
})
