import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import type { OverviewResponse } from '../../../adapters/wire/governance.ts'
import { chromiumPath } from '../../support/browser.ts'
import { type TestDevice, tinyJob, updateFor } from '../../support/federation-fixture.ts'
import { type OpenOperator, openOperator } from './open-operator.ts'

const executable = chromiumPath()

const job = tinyJob({
  name: 'style of answers',
  rounds: 6,
  cohort: { size: 3, goal: 2, minimum: 1 },
})

describe.skipIf(!executable)('the operator page', () => {
  let federation: OpenOperator
  let devices: TestDevice[]
  let operator: string
  let viewer: string
  const newest = async () => {
    const answer = await federation.operator.call('GET', '/v1/operator/lineages')
    const { lineages } = (await answer.json()) as {
      lineages: { id: string; head: string; version: number }[]
    }
    return lineages[0]!
  }
  const round = async (seed: string) => {
    const [one, two] = devices
    const before = (await newest()).version
    await federation.contribute(one!, job, `${seed} of one`)
    await federation.contribute(two!, job, `${seed} of two`)
    const isReleased = async () => expect((await newest()).version).toBe(before + 1)
    await vi.waitFor(isReleased, { timeout: 60_000, interval: 50 })
  }
  beforeAll(async () => {
    federation = await openOperator(executable!)
    ;[operator, viewer] = [
      await federation.newToken('operator'),
      await federation.newToken('viewer'),
    ]
    devices = [await federation.newDevice('one'), await federation.newDevice('two')]
    const old = await federation.operator.createJob(tinyJob({ name: 'a first try', seed: 1 }))
    await federation.operator.call('POST', `/v1/operator/jobs/${old.id}/cancel`)
    await federation.operator.createJob(job)
    for (const seed of ['first', 'second', 'third']) await round(seed)
  }, 120_000)
  afterAll(() => federation?.close())

  test('opens with a token alone, which stays in its tab and in no address', () =>
    federation.withPage(
      async (page) => {
        await page.goto(`${federation.url}/`)
        await page.getByLabel('Token').fill('moon-tide-token-of-nobody')
        await page.keyboard.press('Enter')
        await federation.said(page, 'bearer credential')
        expect(await page.locator('#room').isVisible()).toBe(false)
        expect(await page.evaluate('sessionStorage.length')).toBe(0)
        await federation.signIn(page, operator)
        await page.reload()
        await page.locator('#room').waitFor()
        expect(page.url()).toBe(`${federation.url}/`)
        expect(await page.evaluate('localStorage.length + document.cookie.length')).toBe(0)
        await page.getByRole('button', { name: 'Sign out' }).click()
        await page.locator('#door').waitFor()
        expect(await page.evaluate('sessionStorage.length')).toBe(0)
      },
      {},
      [/401/],
    ))

  test('shows a round as its updates come, and its release', () =>
    federation.withPage(async (page) => {
      await federation.signIn(page, viewer)
      const card = page.locator('#jobs .card', { hasText: job.name })
      await card.getByText('3 of 6 rounds released').waitFor()
      await page.getByText('· live').waitFor()
      const [one, two] = devices
      const assignment = await federation.joins(one!, job)
      await card.getByText('0 of 2 updates (at least 1), 1 device assigned').waitFor()
      await one!.upload(assignment, updateFor(assignment, 'live'))
      const bar = card.getByRole('progressbar', { name: 'updates of round 3' })
      await card.getByText('1 of 2 updates').waitFor()
      expect(await bar.getAttribute('value')).toBe('1')
      await federation.contribute(two!, job, 'live too')
      await card.getByText('4 of 6 rounds released').waitFor()
      await page.locator('#releases tbody strong', { hasText: /^4$/ }).waitFor()
    }))

  test('names the key of the server and its log as devices do', () =>
    federation.withPage(async (page) => {
      await federation.signIn(page, viewer)
      const answer = await federation.operator.call('GET', '/v1/operator/overview')
      const { identity } = (await answer.json()) as OverviewResponse
      const devicesPart = page.locator('#devices')
      await devicesPart.getByText(identity!.key).waitFor()
      await devicesPart.getByText(identity!.log!.words).waitFor()
    }))

  test('shows what is spent of a privacy budget and what is left, in words and as a plot', () =>
    federation.withPage(async (page) => {
      const account = {
        ...{ population: 'all', purpose: 'personalization', epsilon: 4, delta: 1e-6 },
        ...{ spent: 0.81, rounds: 2, history: [0.5, 0.81].map((spent) => ({ at: 1, spent })) },
      }
      await page.route('**/v1/operator/privacy', (route) =>
        route.fulfill({ json: { protocol: 1, accounts: [account] } }),
      )
      await federation.signIn(page, viewer)
      const part = page.locator('#privacy')
      await part.getByText('ε = 0.81 of 4 is spent').waitFor()
      await part.getByText('3.19 is left').waitFor()
      await part.getByText('by a factor of at most 2.2').waitFor()
      const name = 'ε after each round, rounds 1 to 2: spent 0.5, 0.81; left 3.5, 3.19'
      await part.getByRole('img', { name }).waitFor()
    }))

  test('a viewer sees no button that it may not use', () =>
    federation.withPage(async (page) => {
      await federation.signIn(page, viewer)
      await page.locator('#releases table').waitFor()
      expect(await page.locator('#room main').getByRole('button').allTextContents()).toEqual([])
    }))

  test('a release is rolled back after a question, and devices follow', () =>
    federation.withPage(async (page) => {
      await federation.signIn(page, operator)
      const { version } = await newest()
      const back = page.getByRole('button', { name: 'Roll back to version 1 of tiny' })
      await back.press('Enter')
      const dialog = page.getByRole('dialog', { name: 'Roll back to version 1 of tiny?' })
      await dialog.getByText('All devices follow it from their next check-in on').waitFor()
      expect(await page.evaluate('document.activeElement.textContent')).toBe('Leave it')
      await page.keyboard.press('Escape')
      expect(await newest()).toMatchObject({ version })
      await back.press('Enter')
      await dialog.getByRole('button', { name: 'Roll back to version 1' }).click()
      await federation.said(page, `Version ${version + 1} of tiny restores version 1`)
      await page.locator('#releases').getByText('restores 1').waitFor()
      const { head, version: now } = await newest()
      expect(now).toBe(version + 1)
      expect(await federation.followedBy(devices[0]!, job)).toBe(head)
    }))

  test('a staged release is promoted in place', () =>
    federation.withPage(async (page) => {
      const { id, version } = await newest()
      const stage = `/v1/operator/lineages/${id}/stage`
      await federation.operator.call('POST', stage, { protocol: 1, share: 0.1 })
      await round('staged')
      await federation.signIn(page, operator)
      await page.locator('#releases').getByText('10 %').waitFor()
      await page.getByRole('button', { name: `Promote version ${version + 1}` }).click()
      await page
        .getByRole('dialog')
        .getByRole('button', { name: `Promote version ${version + 1}` })
        .click()
      await federation.said(page, `All devices follow version ${version + 1}`)
    }))

  test.each([
    ['light', 360],
    ['light', 1280],
    ['dark', 360],
    ['dark', 1280],
  ] as const)('axe-core finds nothing wrong in %s at %i pixels', (colours, width) =>
    federation.looksRight(operator, colours, width),
  )

  test('a job is paused, resumed, and cancelled after a question', () =>
    federation.withPage(async (page) => {
      await federation.signIn(page, operator)
      const card = page.locator('#jobs .card', { hasText: job.name })
      await card.getByRole('button', { name: 'Pause' }).click()
      await federation.said(page, 'It is paused')
      await card.getByRole('button', { name: 'Resume' }).click()
      await federation.said(page, 'It goes on')
      await card.getByRole('button', { name: 'Cancel' }).click()
      const dialog = page.getByRole('dialog', { name: `Cancel ${job.name}?` })
      await dialog.getByText('ends for good').waitFor()
      await dialog.getByRole('button', { name: 'Cancel the job' }).click()
      await card.getByText('cancelled', { exact: true }).waitFor()
      expect(await card.getByRole('button').count()).toBe(0)
    }))
})
