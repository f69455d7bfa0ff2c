/** Devices of one server in a masked round; one may stop at something that it says. */
import { expect } from 'vitest'
import type { LocalModel } from '../../../device/engine/model/open.ts'
import { enrolledDevice, fakeDevice, shortChoices } from '../device-fixture.ts'

const maskedJob = (size: number) => ({
  cohort: { size, goal: size, minimum: size, choices: '0' as const },
  masks: {},
})

/** Devices of one server, which poll by turns. */
export const maskedScene = async (model: LocalModel, size: number, leastSurvivors?: number) => {
  const first = await enrolledDevice(model, maskedJob(size), { leastSurvivors })
  const others = []
  for (let i = 1; i < size; i++) {
    const made = fakeDevice(model, {
      serverUrl: 'http://server.test',
      transport: first.transport,
      clock: first.server.now,
      sleep: (ms) => first.server.pass(ms),
      leastSurvivors,
    })
    await made.device.enroll(await first.server.operator.token())
    await made.device.grantConsent(['adapter', 'prior', 'statistics'], null, 1)
    await made.device.importChoices(shortChoices(6))
    others.push(made)
  }
  return { ...first, others }
}

export type Message = 'keys' | 'shares' | 'update' | 'survivors' | 'unmask'

/** What a request says in a masked round, if anything. */
const saidIn = async (request: Request): Promise<Message | undefined> => {
  if (request.method === 'PUT') return 'update'
  if (request.method !== 'POST' || !request.url.endsWith('/masks')) return undefined
  return (JSON.parse(await request.clone().text()) as { kind: Message }).kind
}

/** Two devices; the first stops where it is told to, before the server hears it or before it hears the server. */
export const stoppedScene = async (model: LocalModel, at: Message, isHeard: boolean) => {
  const scene = await maskedScene(model, 2, 2)
  const end = new AbortController()
  const stop = new AbortController()
  const said: { what: Message; bytes: string }[] = []
  const transport = async (request: Request): Promise<Response> => {
    const what = await saidIn(request)
    const bytes = Buffer.from(await request.clone().arrayBuffer()).toString('latin1')
    if (what) said.push({ what, bytes })
    const isHere = what === at && !stop.signal.aborted
    const response = isHere && !isHeard ? null : await scene.transport(request)
    if (isHere) {
      stop.abort()
      throw new DOMException('killed', 'AbortError')
    }
    return response!
  }
  const { store, key } = scene
  const started = () =>
    fakeDevice(model, {
      store,
      key,
      serverUrl: 'http://server.test',
      transport,
      clock: scene.server.now,
      sleep: (ms) => scene.server.pass(ms),
      leastSurvivors: 2,
    })
  const first = started()
  const other = scene.others[0]!.device.participate({ signal: end.signal }).catch(() => null)
  const stopped = first.device.participate({ signal: stop.signal })
  await expect(stopped).rejects.toMatchObject({ code: 'E_CANCELLED' })
  const endOther = () => {
    end.abort()
    return other
  }
  return { ...scene, started, said, other, endOther }
}

export const MESSAGES: readonly Message[] = ['keys', 'shares', 'update', 'survivors', 'unmask']
