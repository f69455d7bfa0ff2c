/**
 * The local API in front of a real device (engine of a few lines) and a Claude of a few lines, under
 * requests that are nearly right: its own routes, and Claude's.
 */

import { z } from 'zod'
import { json, type Route } from '../../adapters/api-reference/route.ts'
import { OWN_ROUTES } from '../../device/api/routes/own.ts'
import type { LocalModel } from '../../device/engine/model/open.ts'
import {
  buildApi,
  DEVICE_TOKEN,
  fakeClaude,
  fakeDevice,
  fakeInspection,
} from '../device/api/fakes.ts'
import { fakeDevice as openDevice, shortChoices } from '../device/device-fixture.ts'
import { type Drawn, fuzzEndpoint, orUndefined, requests } from './endpoints.ts'

const claude = (path: string, example: object): Route => ({
  ...{ method: 'post', path, tag: 'Claude', who: 'claude', summary: '', description: '' },
  ...{ request: { body: json(z.unknown(), example) }, responses: {}, errors: [] },
})

const MESSAGES = {
  model: 'claude',
  max_tokens: 10,
  system: [{ type: 'text', text: 'Be brief.', cache_control: { type: 'ephemeral' } }],
  messages: [
    { role: 'user', content: 'Why is the sky blue?' },
    { role: 'assistant', content: [{ type: 'text', text: 'Scattering.' }] },
    { role: 'user', content: [{ type: 'text', text: 'Shorter, please.' }] },
  ],
  tools: [{ name: 'look', input_schema: { type: 'object' } }],
  stream: false,
}

/** By name: the device's own, and Claude's. */
export const DEVICE_ROUTES: Readonly<Record<string, Route>> = {
  ...(OWN_ROUTES as Readonly<Record<string, Route>>),
  messages: claude('/v1/messages', MESSAGES),
  streamedMessages: claude('/v1/messages', { ...MESSAGES, stream: true }),
  countTokens: claude('/v1/messages/count_tokens', MESSAGES),
}

/** Of one device; then another begins, without what the first came to. */
const REQUESTS_PER_DEVICE = 300

export const fuzzDeviceRoute = async (
  model: LocalModel,
  id: string,
  seed: number,
  numRuns: number,
): Promise<void> => {
  const route = DEVICE_ROUTES[id]!
  for (let done = 0; done < numRuns; done += REQUESTS_PER_DEVICE) {
    const { device, store } = openDevice(model)
    const unforeseen: unknown[] = []
    const { app, post } = buildApi(
      {
        inspection: fakeInspection(store),
        failed: (error) => void unforeseen.push(error),
        transport: carefulClaude(),
      },
      { ...fakeDevice(), device },
    )
    await device.importChoices(shortChoices(12))
    const first = await post('/v1/messages', {
      ...MESSAGES,
      messages: MESSAGES.messages.slice(0, 1),
    })
    const decision = first.headers.get('loreweave-decision') ?? 'none'
    const send = async ({ place, query, headers, body }: Drawn) => {
      const path = route.path.replace(/\{\w+\}/g, place ?? decision) + query
      const request = orUndefined(
        () =>
          new Request(`http://127.0.0.1:4141${path}`, {
            method: route.method.toUpperCase(),
            headers: {
              authorization: `Bearer ${DEVICE_TOKEN}`,
              'content-type': 'application/json',
              ...headers,
            },
            ...(body && route.method !== 'get' && { body: body as Uint8Array<ArrayBuffer> }),
          }),
      )
      const response = request && (await app.request(request))
      if (unforeseen.length > 0) throw unforeseen[0]
      return response
    }
    const runs = Math.min(REQUESTS_PER_DEVICE, numRuns - done)
    await fuzzEndpoint(requests(route, [new Uint8Array()]), send, seed + done, runs)
    await device.close()
  }
}

/** It refuses what is no object of JSON, as Claude does. */
const carefulClaude = () => {
  const { app } = fakeClaude()
  return async (request: Request): Promise<Response> => {
    const { pathname } = new URL(request.url)
    if (!isObject(await request.clone().text())) return Response.json(REFUSAL, { status: 400 })
    return app.request(new Request(`https://claude.test${pathname.replace('/base', '')}`, request))
  }
}

const REFUSAL = { type: 'error', error: { code: 'E_BODY', message: 'no object' } }

const isObject = (text: string): boolean => {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null
  } catch {
    return false
  }
}
