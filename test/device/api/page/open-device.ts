/**
 * The page in a browser, in front of the real program with the tiny model and a Claude that records
 * what it was sent.
 */
import type { ChildProcess } from 'node:child_process'
import { mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { serve } from '@hono/node-server'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { expect } from 'vitest'
import { openBrowser, violationsOf } from '../../../support/browser.ts'
import { call } from '../../cli-call.ts'
import { start } from '../../cli-process.ts'
import { temporaryFolder } from '../../device-fixture.ts'
import { fakeClaude } from '../fakes.ts'

/** Where somebody wants to look at them. */
const SHOTS = process.env['LOREWEAVE_SCREENSHOTS']

/** executable: of the browser. */
export const openDevice = async (executable: string) => {
  const claude = fakeClaude()
  const folder = temporaryFolder()
  const home = join(folder, 'home')
  let mock: ReturnType<typeof serve> | undefined
  const port = await new Promise<number>((resolve) => {
    mock = serve({ fetch: claude.app.fetch, port: 0, hostname: '127.0.0.1' }, (info: AddressInfo) =>
      resolve(info.port),
    )
  })
  const made = await call(folder, ['init', '--model', 'tiny', '--json'])
  if (made.code !== 0) throw new Error(made.stderr)
  const token = readFileSync(join(home, 'device-token'), 'utf8').trim()
  const program = start(
    folder,
    ['serve', '--port', '0', '--claude-url', `http://127.0.0.1:${port}`],
    { ANTHROPIC_API_KEY: 'sk-own' },
  )
  const url = await listening(program)
  const browser = await openBrowser(executable)

  const api = async (method: string, path: string, body?: object) => {
    const response = await fetch(`${url}${path}`, {
      method,
      headers: { 'x-api-key': token, ...(body && { 'content-type': 'application/json' }) },
      ...(body && { body: JSON.stringify(body) }),
    })
    if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`)
    return { headers: response.headers, json: await response.json() }
  }
  /** Asks Claude through the device; what Claude saw as `system`. */
  const ask = async (...contents: string[]): Promise<string> => {
    const messages = contents.map((content, i) => ({
      role: i % 2 === 0 ? 'user' : 'assistant',
      content,
    }))
    await api('POST', '/v1/messages', { model: 'claude', max_tokens: 10, messages })
    return JSON.stringify(JSON.parse(claude.seen.at(-1)!.text).system ?? '')
  }
  const lastAnswer = () => `answer ${claude.seen.length}`
  const state = (dimension: string, direction: number) =>
    api('PATCH', '/v1/profile', {
      changes: [{ op: 'state', dimension, direction, strength: 1, scope: 'all' }],
    })
  const codeAddress = async () => {
    const printed = await call(folder, ['page', '--print', '--json', '--port', new URL(url).port])
    expect(printed).toMatchObject({ code: 0, stderr: '' })
    return (JSON.parse(printed.stdout) as { url: string }).url
  }

  /**
   * A context of its own; fails the test afterwards on any console error and any request to another
   * host.
   */
  const withPage = async (
    work: (page: Page, context: BrowserContext) => Promise<void>,
    options: Parameters<Browser['newContext']>[0] = {},
    expected: readonly RegExp[] = [],
  ) => {
    const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...options })
    const page = await context.newPage()
    const wrong: string[] = []
    page.on('console', (m) => {
      if (m.type() === 'error' && !expected.some((e) => e.test(m.text()))) wrong.push(m.text())
    })
    page.on('pageerror', (error) => wrong.push(error.message))
    page.on('request', (request) => {
      if (!request.url().startsWith(`${url}/`) && !request.url().startsWith('data:'))
        wrong.push(request.url())
    })
    try {
      await work(page, context)
      expect(wrong).toEqual([])
    } finally {
      await context.close()
    }
  }
  const enter = async (page: Page) => {
    // Codes are few a minute: the token opens a session, too.
    const { json } = await api('POST', '/v1/session', { token })
    const { session } = json as { session: string }
    await page.addInitScript(`sessionStorage.setItem('loreweave-session', '${session}')`)
    await page.goto(`${url}/`)
    await page.locator('#room').waitFor()
  }
  const said = (page: Page, text: string | RegExp) =>
    page.getByRole('status').filter({ hasText: text }).waitFor()
  const filesWith = (text: string): string[] =>
    readdirSync(home, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath ?? entry.path, entry.name))
      .filter((path) => readFileSync(path).includes(text))

  /**
   * axe-core finds nothing wrong, and nothing is wider than the screen. withDocs: of the
   * documentation as well; long to check.
   */
  const looksRight = (colorScheme: 'light' | 'dark', width: number, withDocs: boolean) =>
    withPage(
      async (page) => {
        const see = async (name: string) => {
          expect(await violationsOf(page)).toEqual([])
          expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(width)
          if (!SHOTS) return
          mkdirSync(SHOTS, { recursive: true })
          const path = join(SHOTS, `${name}-${colorScheme}-${width}.png`)
          await page.screenshot({ path, fullPage: name === 'page' })
        }
        await page.goto(`${url}/`)
        await page.locator('#door').waitFor()
        await see('door')
        await enter(page)
        const details = page.locator('#decisions summary', { hasText: 'Why' }).first()
        await details.click()
        await page
          .locator('#decisions')
          .getByText('What was said, as far as it is kept')
          .first()
          .waitFor()
        await page.evaluate('scrollTo(0, 0)')
        await see('page')
        await page.getByRole('button', { name: 'Forget this conversation' }).first().click()
        await see('dialog')
        await page.keyboard.press('Escape')
        if (!withDocs) return
        await page.goto(`${url}/docs`)
        await page.getByLabel('Find a route or a schema').fill('forget')
        await page.locator('#found', { hasText: 'found' }).waitFor()
        expect(await page.locator('#routes li:visible').count()).toBeLessThan(8)
        await see('docs')
      },
      { colorScheme, viewport: { width, height: 900 } },
    )
  return {
    url,
    token,
    api,
    ask,
    lastAnswer,
    state,
    codeAddress,
    withPage,
    enter,
    said,
    filesWith,
    looksRight,
    close: async () => {
      await browser.close()
      program.kill('SIGTERM')
      await exit(program)
      mock?.close()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
export type OpenDevice = Awaited<ReturnType<typeof openDevice>>

const exit = (child: ChildProcess) => new Promise((resolve) => child.once('exit', resolve))

const listening = (child: ChildProcess): Promise<string> =>
  new Promise((resolve, reject) => {
    let text = ''
    child.stdout?.on('data', (data) => {
      text += data
      const line = text.split('\n').find((l) => l.includes('listening'))
      if (line) resolve(JSON.parse(line).url)
    })
    child.once('exit', () => reject(new Error('serve ended early')))
  })
