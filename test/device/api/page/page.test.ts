/** The page in a browser, in front of the real program with the tiny model and a Claude that records what it was sent. */
import type { ChildProcess } from 'node:child_process'
import { mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { serve } from '@hono/node-server'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { chromiumPath, openBrowser, violationsOf } from '../../../support/browser.ts'
import { temporaryFolder } from '../../agent/fixture.ts'
import { call } from '../../cli-call.ts'
import { start } from '../../cli-process.ts'
import { fakeClaude } from '../fakes.ts'

const executable = chromiumPath()
/** Where somebody wants to look at them. */
const SHOTS = process.env['LOREWEAVE_SCREENSHOTS']

const claude = fakeClaude()
const folder = temporaryFolder()
const home = join(folder, 'home')
let mock: ReturnType<typeof serve>
let program: ChildProcess
let browser: Browser
let url = ''
let token = ''

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

describe.skipIf(!executable)('the page', () => {
  beforeAll(async () => {
    const port = await new Promise<number>((resolve) => {
      mock = serve(
        { fetch: claude.app.fetch, port: 0, hostname: '127.0.0.1' },
        (info: AddressInfo) => resolve(info.port),
      )
    })
    const made = await call(folder, ['init', '--model', 'tiny', '--json'])
    if (made.code !== 0) throw new Error(made.stderr)
    token = readFileSync(join(home, 'device-token'), 'utf8').trim()
    program = start(folder, ['serve', '--port', '0', '--claude-url', `http://127.0.0.1:${port}`], {
      ANTHROPIC_API_KEY: 'sk-own',
    })
    url = await listening(program)
    browser = await openBrowser(executable!)
  }, 120_000)
  afterAll(async () => {
    await browser?.close()
    if (program) {
      program.kill('SIGTERM')
      await exit(program)
    }
    mock?.close()
    rmSync(folder, { recursive: true, force: true })
  })

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

  /** A context of its own; fails the test afterwards on any console error and any request to another host. */
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

  test('is locked without a session, and says how to get in', () =>
    withPage(
      async (page) => {
        await page.goto(`${url}/`)
        await page.getByText('loreweave page').waitFor()
        expect(await page.locator('#room').isVisible()).toBe(false)
        await page.getByLabel('Or paste the device token').fill('lw-wrong')
        await page.keyboard.press('Enter')
        await said(page, 'the code is wrong')
        await page.getByLabel('Or paste the device token').fill(token)
        await page.keyboard.press('Enter')
        await page.locator('#room').waitFor()
        expect(await page.evaluate('JSON.stringify(sessionStorage)')).not.toContain(token)
      },
      {},
      [/401/],
    ))

  test('opens with the code of `loreweave page`, which leaves the address and works once', () =>
    withPage(
      async (page, context) => {
        const address = await codeAddress()
        await page.goto(address)
        await page.locator('#room').waitFor()
        expect(page.url()).toBe(`${url}/`)
        await page.reload()
        await page.locator('#room').waitFor()
        const other = await context.newPage()
        await other.goto(address)
        await said(other, 'the code is wrong')
        expect(await other.locator('#room').isVisible()).toBe(false)
        await page.getByRole('button', { name: 'Lock this page' }).click()
        await page.locator('#door').waitFor()
        expect(await page.evaluate('sessionStorage.length')).toBe(0)
      },
      {},
      [/401/],
    ))

  test('a preference that is moved with the keyboard changes the block of the next request', async () => {
    await state('emoji', -1)
    expect(await ask('Wie entsteht Regen, und warum fällt er?')).toContain('Use no emoji.')
    await withPage(async (page) => {
      await enter(page)
      const slider = page.getByRole('slider', { name: 'Emoji' })
      expect(await slider.getAttribute('aria-valuetext')).toBe('less, 100 percent: Use no emoji.')
      await slider.focus()
      await page.keyboard.press('End')
      expect(await slider.getAttribute('aria-valuetext')).toBe('more, 100 percent: Use emoji.')
      await said(page, 'Emoji: Use emoji.')
      const more = await ask('Wie entsteht Schnee, und warum fällt er?')
      expect(more).toContain('- Use emoji.')
      expect(more).not.toContain('no emoji')
      await page.getByRole('checkbox', { name: 'In use' }).focus()
      await page.keyboard.press('Space')
      await said(page, 'Emoji: not used.')
      expect(await ask('Wie entsteht Hagel, und warum fällt er?')).not.toContain('emoji')
      await page.getByRole('button', { name: 'Remove Emoji' }).press('Enter')
      await said(page, 'Emoji: removed')
      await page.getByText('Nothing yet.').waitFor()
    })
  })

  test('a preference that is added there is in the next block', () =>
    withPage(async (page) => {
      await enter(page)
      await page.getByLabel('About', { exact: true }).selectOption('lists')
      await page.getByLabel('What Claude is told').selectOption({ label: 'Avoid bullet lists.' })
      await page.getByRole('button', { name: 'Add', exact: true }).click()
      await said(page, 'Lists: Avoid bullet lists.')
      expect(await ask('Wie entsteht Nebel, und warum bleibt er?')).toContain('Avoid bullet lists.')
      await api('PATCH', '/v1/profile', { changes: [{ op: 'forget', dimension: 'lists' }] })
      // Changes from elsewhere arrive by themselves.
      await page.getByText('Nothing yet.').waitFor()
    }))

  test('a decision that is undone teaches, and its conversation keeps the block', async () => {
    await state('emoji', -1)
    const question = 'Wie entsteht Wind, und woher kommt er?'
    expect(await ask(question)).toContain('Use no emoji.')
    const turns = [question, lastAnswer(), 'Und weiter?']
    expect(await ask(...turns)).toContain('Use no emoji.')
    const third = [...turns, lastAnswer(), 'Und dann?']
    await withPage(async (page) => {
      await enter(page)
      const card = page.locator('#decisions .card').first()
      await card.getByText('Why, and the whole text').click()
      await card.getByText('keeps what it began with').waitFor()
      await card.getByText(question, { exact: true }).waitFor()
      await card.getByRole('button', { name: 'Undo the note' }).press('Enter')
      await said(page, 'Taken back')
      await card.getByText('1 taken back').waitFor()
      expect(await ask(...third)).toContain('Use no emoji.')
    })
  })

  test('a suggestion counts once it is confirmed', async () => {
    await ask('Please remember that I never want tables in your answers.')
    await withPage(async (page) => {
      await enter(page)
      const suggestion = page.locator('#suggestions .card', { hasText: 'Avoid tables.' })
      await suggestion.waitFor()
      expect((await api('GET', '/v1/profile')).json).not.toMatchObject({
        profile: { preferences: expect.arrayContaining([{ dimension: 'tables' }]) },
      })
      await suggestion.getByRole('button', { name: 'Yes, keep it' }).click()
      await said(page, 'Kept')
      await page.getByRole('slider', { name: 'Tables' }).waitFor()
      expect(await ask('Wie entsteht Tau, und wann genau?')).toContain('Avoid tables.')
    })
  })

  test('a conversation that is forgotten is in no file of the home', async () => {
    const secret = 'Zwiebelkuchengeheimnis'
    await ask(`Wie entsteht ein ${secret}, und warum?`)
    await ask(`Wie entsteht ein ${secret}, und warum?`, 'So.', `Und das ${secret} danach?`)
    expect(filesWith(secret)).not.toEqual([])
    await withPage(async (page) => {
      await enter(page)
      const card = page.locator('#decisions .card', { hasText: secret }).first()
      await card.getByRole('button', { name: 'Forget this conversation' }).click()
      const dialog = page.getByRole('dialog', { name: 'Forget this conversation?' })
      await dialog.getByText('This cannot be undone.').waitFor()
      expect(await page.evaluate('document.activeElement.textContent')).toBe('Keep it')
      await page.keyboard.press('Escape')
      expect(filesWith(secret)).not.toEqual([])
      await card.getByRole('button', { name: 'Forget this conversation' }).click()
      await dialog.getByRole('button', { name: 'Forget it for good' }).click()
      await said(page, 'Forgotten: 2 decisions')
      expect(filesWith(secret)).toEqual([])
      // Nor, once the page has looked again, in what it holds.
      await expect.poll(() => page.content()).not.toContain(secret)
    })
  })

  test('consent is given and withdrawn', () =>
    withPage(async (page) => {
      await enter(page)
      await page.getByRole('checkbox', { name: 'Prior' }).check()
      await page.getByRole('button', { name: 'Give consent' }).click()
      await said(page, 'Consent given: prior.')
      expect((await api('GET', '/v1/consent')).json).toMatchObject({
        consent: { contributions: ['prior'], expiresAt: null },
      })
      await page.getByRole('button', { name: 'Withdraw consent' }).click()
      await said(page, 'Withdrawn')
      expect((await api('GET', '/v1/consent')).json).toMatchObject({ consent: null })
      await page.getByText('this device contributes nothing').waitFor()
    }))

  test('training is paused and resumed', () =>
    withPage(async (page) => {
      await enter(page)
      await page.getByRole('button', { name: 'Pause training' }).click()
      await said(page, 'Training is paused.')
      await page.getByRole('button', { name: 'Resume training' }).click()
      await said(page, 'Training goes on')
    }))

  const looks = (['light', 'dark'] as const).flatMap((scheme) =>
    [360, 1280].map((width) => [scheme, width] as const),
  )
  test.each(looks)('axe-core finds nothing wrong in %s at %i pixels', (colorScheme, width) =>
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
        await page.locator('#decisions').getByText('The whole text').first().waitFor()
        await page.evaluate('scrollTo(0, 0)')
        await see('page')
        await page.getByRole('button', { name: 'Forget this conversation' }).first().click()
        await see('dialog')
        await page.keyboard.press('Escape')
        // Long, hence slow to check: each colour and each width once.
        if ((colorScheme === 'light') !== (width === 360)) return
        await page.goto(`${url}/docs`)
        await page.getByLabel('Find a route or a schema').fill('forget')
        await page.locator('#found', { hasText: 'found' }).waitFor()
        expect(await page.locator('#routes li:visible').count()).toBeLessThan(8)
        await see('docs')
      },
      { colorScheme, viewport: { width, height: 900 } },
    ),
  )

  test('targets are at least 44 pixels high, and none leaves the order of the document', () =>
    withPage(
      async (page) => {
        await enter(page)
        const small = await page.evaluate<string[]>(
          `[...document.querySelectorAll('button, select, summary, input, .check, nav a')]
            .filter((e) => e.type !== 'checkbox' && e.checkVisibility() && e.getBoundingClientRect().height < 44)
            .map((e) => e.outerHTML)`,
        )
        expect(small).toEqual([])
        expect(
          await page.evaluate(
            'document.querySelectorAll("[tabindex]:not([tabindex=\\"0\\"]):not([tabindex=\\"-1\\"])").length',
          ),
        ).toBe(0)
      },
      { viewport: { width: 360, height: 800 } },
    ))

  const filesWith = (text: string): string[] =>
    readdirSync(home, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath ?? entry.path, entry.name))
      .filter((path) => readFileSync(path).includes(text))
})
