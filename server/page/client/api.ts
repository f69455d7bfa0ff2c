/** The operator's API, as the page calls it. */
import { openApi } from '../../../adapters/page/api.ts'
import { act, ask } from '../../../adapters/page/deeds.ts'
import { byId, fill } from '../../../adapters/page/dom.ts'
import type { OperatorView } from '../../../adapters/wire/governance.ts'
import type { JobChange } from '../../../adapters/wire/jobs.ts'

export const api = openApi('loreweave-operator', 'the server does not answer')

/** Addresses are relative: a proxy may serve the page below a path. */
export const get = <T>(path: string): Promise<T> => api.call<T>('GET', `v1/operator/${path}`)

/** What a deed is sent with. */
export const post = <T>(path: string, body: object = {}): Promise<T> =>
  api.call<T>('POST', `v1/operator/${path}`, { protocol: 1, ...body })

type Role = OperatorView['role']
let role: Role = 'viewer'
export const setRole = (own: Role): void => {
  role = own
}
/** A viewer sees no button that it may not use. */
export const mayAct = (): boolean => role !== 'viewer'

/** What a deed does, in sentences; the button that does it; and the work. */
export type Deed = {
  readonly title: string
  readonly effects: readonly string[]
  readonly button: string
  readonly work: () => Promise<string>
}

/** Asks first, in a dialog that says what will happen. */
export const confirmed = async ({ title, effects, button, work }: Deed): Promise<void> => {
  fill(byId('confirm-title'), title)
  byId('confirm-text').replaceChildren(
    ...effects.map((text) => {
      const line = document.createElement('p')
      line.textContent = text
      return line
    }),
  )
  fill(byId('confirm-yes'), button)
  if ((await ask('confirm')) === 'yes') act(work)
}

/** Calls `onChange` for each change of a job, until the stream ends. Fails with Refused. */
export const listen = async (
  onOpen: () => void,
  onChange: (change: JobChange) => void,
): Promise<void> => {
  const response = await api.send('GET', 'v1/operator/events')
  if (!response.ok || !response.body) return
  onOpen()
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader()
  let text = ''
  for (let read = await reader.read(); !read.done; read = await reader.read()) {
    const events = (text + read.value).split('\n\n')
    text = events.pop() ?? ''
    for (const event of events) {
      const data = /^data: (.*)$/m.exec(event)?.[1]
      if (data !== undefined) onChange(JSON.parse(data) as JobChange)
    }
  }
}
