/** The page: the door, then the sections, which look again every few seconds while they are visible. */

import { messageOf, say } from '../../../../adapters/page/deeds.ts'
import { byId } from '../../../../adapters/page/dom.ts'
import { openRoom } from '../../../../adapters/page/room.ts'
import type { DimensionsResponse } from '../../schemas/personalization.ts'
import { mountAdapters } from './adapters.ts'
import { api, call, openSession, type Secret } from './api.ts'
import { mountChoices } from './choices.ts'
import { mountConsent } from './consent.ts'
import { mountDecisions } from './decisions.ts'
import { mountProfile } from './profile.ts'
import { mountQuestions } from './questions.ts'
import { mountSent } from './sent.ts'
import { mountSuggestions } from './suggestions.ts'
import { mountTraining } from './training.ts'

const EVERY_MS = 4000

/** Gets what a section shows from these paths; resolves to what shows it. */
const view =
  <T extends unknown[]>(show: (...data: T) => void, ...paths: (string | (() => string))[]) =>
  async (): Promise<() => void> => {
    const get = (path: string | (() => string)) =>
      call('GET', typeof path === 'string' ? path : path())
    const data = (await Promise.all(paths.map(get))) as T
    return () => show(...data)
  }

const mount = async () => {
  const choices = mountChoices()
  return [
    view(mountProfile(await call<DimensionsResponse>('GET', '/v1/dimensions')), '/v1/profile'),
    view(mountSuggestions(), '/v1/proposals'),
    view(mountQuestions(), '/v1/questions'),
    view(mountDecisions(), '/v1/decisions'),
    view(choices.show, choices.path),
    view(mountSent(), '/v1/log'),
    view(mountAdapters(), '/v1/adapters'),
    view(mountConsent(), '/v1/consent', '/v1/status'),
    view(mountTraining(), '/v1/status', '/v1/conditions', '/v1/energy'),
  ]
}

let views: Awaited<ReturnType<typeof mount>> | undefined

const { look, lock } = openRoom(api, EVERY_MS, async () => {
  views ??= await mount()
  for (const show of await Promise.all(views.map((get) => get()))) show()
})

const enter = async (by: Secret): Promise<void> => {
  try {
    await openSession(by)
    say('')
    await look()
  } catch (error) {
    await look()
    say(messageOf(error, 'it did not open'))
  }
}

const begin = async (): Promise<void> => {
  const code = /^#code=([\w-]+)$/.exec(location.hash)?.[1]
  if (code !== undefined) {
    // The code leaves the address at once: it must not stay in the history.
    history.replaceState(null, '', location.pathname)
    await enter({ code })
  } else await look()
}

byId('door-form').addEventListener('submit', (event) => {
  event.preventDefault()
  const input = byId('token') as HTMLInputElement
  const secret = input.value.trim()
  input.value = ''
  void enter(secret.startsWith('lw-') ? { token: secret } : { code: secret })
})
byId('lock').addEventListener('click', async () => {
  await call('DELETE', '/v1/session').catch(() => undefined)
  lock()
})
addEventListener('hashchange', () => {
  if (location.hash.startsWith('#code=')) void begin()
})
void begin()
