/** The operator page in a browser, in front of the real program. */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Browser, Page } from 'playwright-core'
import { expect } from 'vitest'
import type { Assignment } from '../../../adapters/wire/federation.ts'
import type { JobSpecInput } from '../../../adapters/wire/jobs.ts'
import { openBrowser, violationsOf } from '../../support/browser.ts'
import { type TestDevice, updateFor } from '../../support/federation-fixture.ts'
import { startServer } from '../../support/server-process.ts'

/** Where somebody wants to look at them. */
const SHOTS = process.env['LOREWEAVE_SCREENSHOTS']

/** executable: of the browser. */
export const openOperator = async (executable: string) => {
  const folder = mkdtempSync(join(tmpdir(), 'loreweave-operator-page-'))
  const server = await startServer(join(folder, 'data'), ['--retry-soon-ms', '50'])
  const browser = await openBrowser(executable)
  const { url, operator } = server

  const newToken = async (role: string): Promise<string> => {
    const body = { protocol: 1, name: `a ${role}`, role }
    const answer = await operator.call('POST', '/v1/operator/operators', body)
    return ((await answer.json()) as { token: string }).token
  }
  const newDevice = async (name: string): Promise<TestDevice> => {
    const device = server.device(name)
    await device.enroll(await operator.token())
    return device
  }
  /** Asks until the device has a place in a round. */
  const joins = async (device: TestDevice, job: JobSpecInput): Promise<Assignment> => {
    for (;;) {
      const answer = await device.checkIn(job)
      if (answer.kind === 'assignment') return answer.assignment
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
  }
  /** One more release of the lineage of a job. */
  const contribute = async (device: TestDevice, job: JobSpecInput, seed: string): Promise<void> => {
    const assignment = await joins(device, job)
    const answer = await device.upload(assignment, updateFor(assignment, seed))
    expect(answer.status).toBe(202)
  }
  /** What the device is told to follow. */
  const followedBy = async (device: TestDevice, job: JobSpecInput): Promise<string | null> => {
    const answer = await device.checkIn(job)
    return answer.kind === 'retry' ? answer.head : answer.assignment.release
  }

  /**
   * A context of its own; fails the test afterwards on any console error and any request to another
   * host, or with a token in its address.
   */
  const withPage = async (
    work: (page: Page) => Promise<void>,
    options: Parameters<Browser['newContext']>[0] = {},
    expected: readonly RegExp[] = [],
  ): Promise<void> => {
    const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...options })
    const page = await context.newPage()
    const wrong: string[] = []
    page.on('console', (m) => {
      if (m.type() === 'error' && !expected.some((e) => e.test(m.text()))) wrong.push(m.text())
    })
    page.on('pageerror', (error) => wrong.push(error.message))
    page.on('request', (request) => {
      const address = request.url()
      if (!address.startsWith(`${url}/`) && !address.startsWith('data:')) wrong.push(address)
    })
    try {
      await work(page)
      expect(wrong).toEqual([])
    } finally {
      await context.close()
    }
  }
  const signIn = async (page: Page, token: string): Promise<void> => {
    await page.goto(`${url}/`)
    await page.getByLabel('Token').fill(token)
    await page.keyboard.press('Enter')
    await page.locator('#room').waitFor()
  }
  const said = (page: Page, text: string | RegExp) =>
    page.getByRole('status').filter({ hasText: text }).waitFor()

  /** axe-core finds nothing wrong, and nothing is wider than the screen. */
  const looksRight = (token: string, colorScheme: 'light' | 'dark', width: number) =>
    withPage(
      async (page) => {
        const see = async (name: string) => {
          expect(await violationsOf(page)).toEqual([])
          expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(width)
          if (!SHOTS) return
          mkdirSync(SHOTS, { recursive: true })
          const path = join(SHOTS, `operator-${name}-${colorScheme}-${width}.png`)
          await page.screenshot({ path, fullPage: name === 'page' })
        }
        await page.goto(`${url}/`)
        await page.locator('#door').waitFor()
        await see('door')
        await signIn(page, token)
        await page.getByText('The same as a table').first().click()
        await page.evaluate('scrollTo(0, 0)')
        await see('page')
        await page
          .getByRole('button', { name: /^Roll back/ })
          .first()
          .click()
        await see('dialog')
        await page.keyboard.press('Escape')
      },
      { colorScheme, viewport: { width, height: 900 } },
    )
  return {
    folder,
    url,
    operator,
    newToken,
    newDevice,
    joins,
    contribute,
    followedBy,
    withPage,
    signIn,
    said,
    looksRight,
    close: async () => {
      await browser.close()
      await server.stop()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
export type OpenOperator = Awaited<ReturnType<typeof openOperator>>
