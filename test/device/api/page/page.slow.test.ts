import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { chromiumPath } from '../../../support/browser.ts'
import { type OpenDevice, openDevice } from './open-device.ts'

const executable = chromiumPath()

describe.skipIf(!executable)('the page', () => {
  let device: OpenDevice
  beforeAll(async () => {
    device = await openDevice(executable!)
  }, 120_000)
  afterAll(() => device?.close())

  test('is locked without a session, and says how to get in', () =>
    device.withPage(
      async (page) => {
        await page.goto(`${device.url}/`)
        await page.getByText('loreweave page').waitFor()
        expect(await page.locator('#room').isVisible()).toBe(false)
        await page.getByLabel('Or paste the device token').fill('lw-wrong')
        await page.keyboard.press('Enter')
        await device.said(page, 'the code is wrong')
        await page.getByLabel('Type the code').fill('x1')
        await page.keyboard.press('Enter')
        await device.said(page, 'the code is wrong')
        await page.getByLabel('Or paste the device token').fill(device.token)
        await page.keyboard.press('Enter')
        await page.locator('#room').waitFor()
        expect(await page.evaluate('JSON.stringify(sessionStorage)')).not.toContain(device.token)
      },
      {},
      [/401/],
    ))

  test('opens with the code of `loreweave page`, which leaves the address and works once', () =>
    device.withPage(
      async (page, context) => {
        const address = await device.codeAddress()
        await page.goto(address)
        await page.locator('#room').waitFor()
        expect(page.url()).toBe(`${device.url}/`)
        await page.reload()
        await page.locator('#room').waitFor()
        const other = await context.newPage()
        await other.goto(address)
        await device.said(other, 'the code is wrong')
        expect(await other.locator('#room').isVisible()).toBe(false)
        await page.getByRole('button', { name: 'Lock this page' }).click()
        await page.locator('#door').waitFor()
        expect(await page.evaluate('sessionStorage.length')).toBe(0)
      },
      {},
      [/401/],
    ))

  test('opens with the code typed by hand', () =>
    device.withPage(async (page) => {
      const address = await device.codeAddress()
      await page.goto(`${device.url}/`)
      await page.getByLabel('Type the code').fill(address.split('=')[1]!.toUpperCase())
      await page.keyboard.press('Enter')
      await page.locator('#room').waitFor()
    }))

  test('a preference that is moved with the keyboard changes the block of the next request', async () => {
    await device.state('emoji', -1)
    expect(await device.ask('Wie entsteht Regen, und warum fällt er?')).toContain('Use no emoji.')
    await device.withPage(async (page) => {
      await device.enter(page)
      const slider = page.getByRole('slider', { name: 'Emoji' })
      expect(await slider.getAttribute('aria-valuetext')).toBe('less, 100 percent: Use no emoji.')
      await slider.focus()
      await page.keyboard.press('End')
      expect(await slider.getAttribute('aria-valuetext')).toBe('more, 100 percent: Use emoji.')
      await device.said(page, 'Emoji: Use emoji.')
      const more = await device.ask('Wie entsteht Schnee, und warum fällt er?')
      expect(more).toContain('- Use emoji.')
      expect(more).not.toContain('no emoji')
      await page.getByRole('checkbox', { name: 'In use' }).focus()
      await page.keyboard.press('Space')
      await device.said(page, 'Emoji: not used.')
      expect(await device.ask('Wie entsteht Hagel, und warum fällt er?')).not.toContain('emoji')
      await page.getByRole('button', { name: 'Remove Emoji' }).press('Enter')
      await device.said(page, 'Emoji: removed')
      await page.getByText('Nothing yet.').waitFor()
    })
  })

  test('a preference that is added there is in the next block', () =>
    device.withPage(async (page) => {
      await device.enter(page)
      await page.getByLabel('About', { exact: true }).selectOption('lists')
      await page.getByLabel('What Claude is told').selectOption({ label: 'Avoid bullet lists.' })
      await page.getByRole('button', { name: 'Add', exact: true }).click()
      await device.said(page, 'Lists: Avoid bullet lists.')
      expect(await device.ask('Wie entsteht Nebel, und warum bleibt er?')).toContain(
        'Avoid bullet lists.',
      )
      await device.api('PATCH', '/v1/profile', { changes: [{ op: 'forget', dimension: 'lists' }] })
      // Changes from elsewhere arrive by themselves.
      await page.getByText('Nothing yet.').waitFor()
    }))

  test('a decision that is undone teaches, and its conversation keeps the block', async () => {
    await device.state('emoji', -1)
    const question = 'Wie entsteht Wind, und woher kommt er?'
    expect(await device.ask(question)).toContain('Use no emoji.')
    const turns = [question, device.lastAnswer(), 'Und weiter?']
    expect(await device.ask(...turns)).toContain('Use no emoji.')
    const third = [...turns, device.lastAnswer(), 'Und dann?']
    await device.withPage(async (page) => {
      await device.enter(page)
      const card = page.locator('#decisions .card').first()
      await card.getByText('Why, and what was said').click()
      await card.getByText('keeps its first system prompt').waitFor()
      await card.getByText(question, { exact: true }).waitFor()
      await card.getByRole('button', { name: 'Undo the note' }).press('Enter')
      await device.said(page, 'Taken back')
      await card.getByText('1 taken back').waitFor()
      expect(await device.ask(...third)).toContain('Use no emoji.')
    })
  })

  test('a suggestion counts once it is confirmed', async () => {
    await device.ask('Please remember that I never want tables in your answers.')
    await device.withPage(async (page) => {
      await device.enter(page)
      const suggestion = page.locator('#suggestions .card', { hasText: 'Avoid tables.' })
      await suggestion.waitFor()
      expect((await device.api('GET', '/v1/profile')).json).not.toMatchObject({
        profile: { preferences: expect.arrayContaining([{ dimension: 'tables' }]) },
      })
      await suggestion.getByRole('button', { name: 'Yes, keep it' }).click()
      await device.said(page, 'Kept')
      await page.getByRole('slider', { name: 'Tables' }).waitFor()
      expect(await device.ask('Wie entsteht Tau, und wann genau?')).toContain('Avoid tables.')
    })
  })

  test('a conversation that is forgotten is in no file of the home', async () => {
    const secret = 'Zwiebelkuchengeheimnis'
    await device.ask(`Wie entsteht ein ${secret}, und warum?`)
    await device.ask(`Wie entsteht ein ${secret}, und warum?`, 'So.', `Und das ${secret} danach?`)
    expect(device.filesWith(secret)).not.toEqual([])
    await device.withPage(async (page) => {
      await device.enter(page)
      const card = page.locator('#decisions .card', { hasText: secret }).first()
      await card.getByRole('button', { name: 'Forget this conversation' }).click()
      const dialog = page.getByRole('dialog', { name: 'Forget this conversation?' })
      await dialog.getByText('This cannot be undone.').waitFor()
      expect(await page.evaluate('document.activeElement.textContent')).toBe('Keep it')
      await page.keyboard.press('Escape')
      expect(device.filesWith(secret)).not.toEqual([])
      await card.getByRole('button', { name: 'Forget this conversation' }).click()
      await dialog.getByRole('button', { name: 'Forget it for good' }).click()
      await device.said(page, 'Forgotten: 2 decisions')
      expect(device.filesWith(secret)).toEqual([])
      // Nor, once the page has looked again, in what it holds.
      await expect.poll(() => page.content()).not.toContain(secret)
    })
  })

  test('consent is given and withdrawn', () =>
    device.withPage(async (page) => {
      await device.enter(page)
      await page.getByRole('checkbox', { name: 'Prior' }).check()
      await page.getByRole('button', { name: 'Give consent' }).click()
      await device.said(page, 'Consent given: prior.')
      expect((await device.api('GET', '/v1/consent')).json).toMatchObject({
        consent: { contributions: ['prior'], expiresAt: null },
      })
      await page.getByRole('button', { name: 'Withdraw consent' }).click()
      await device.said(page, 'Withdrawn')
      expect((await device.api('GET', '/v1/consent')).json).toMatchObject({ consent: null })
      await page.getByText('this device contributes nothing').waitFor()
    }))

  test('several people behind one device are told what helps', () =>
    device.withPage(async (page) => {
      await device.enter(page)
      await page.getByText('Choices so far').waitFor()
      const ask = (user_id: string) =>
        device.api('POST', '/v1/messages', {
          model: 'claude',
          max_tokens: 10,
          messages: [{ role: 'user', content: 'Wie entsteht Reif?' }],
          metadata: { user_id },
        })
      await ask('ada-quobble')
      expect(await page.getByText('are mixed').count()).toBe(0)
      await ask('bob-quobble')
      await page.getByText('the preferences of 2 people are mixed').waitFor()
      expect(device.filesWith('quobble')).toEqual([])
    }))

  test('training is paused and resumed', () =>
    device.withPage(async (page) => {
      await device.enter(page)
      await page.getByRole('button', { name: 'Pause training' }).click()
      await device.said(page, 'Training is paused.')
      await page.getByRole('button', { name: 'Resume training' }).click()
      await device.said(page, 'Training goes on')
    }))

  test('axe-core finds nothing wrong on a small screen', () =>
    device.looksRight('dark', 360, false))

  test('targets are at least 44 pixels high, and none leaves the order of the document', () =>
    device.withPage(
      async (page) => {
        await device.enter(page)
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
})

describe.skipIf(!executable)('every look of the page', () => {
  let device: OpenDevice
  beforeAll(async () => {
    device = await openDevice(executable!)
    await device.state('emoji', -1)
    await device.ask('Wie entsteht Regen, und warum fällt er?')
  }, 120_000)
  afterAll(() => device?.close())

  test.each([
    ['light', 360, true],
    ['light', 1280, false],
    ['dark', 360, false],
    ['dark', 1280, true],
  ] as const)('axe-core finds nothing wrong in %s at %i pixels', (colours, width, withDocs) =>
    device.looksRight(colours, width, withDocs),
  )
})
