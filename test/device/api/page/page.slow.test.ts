import { afterAll, beforeAll, describe, test } from 'vitest'
import { chromiumPath } from '../../../support/browser.ts'
import { type OpenDevice, openDevice } from './open-device.ts'

const executable = chromiumPath()

describe.skipIf(!executable)('the page', () => {
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
