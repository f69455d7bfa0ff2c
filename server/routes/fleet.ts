/** What the operator does with enrolled devices. */
import { json } from '../../adapters/api-reference/route.ts'
import { FedError } from '../../adapters/errors.ts'
import { DoneResponse } from '../../adapters/wire/federation.ts'
import { DeviceListResponse } from '../../adapters/wire/operator.ts'
import { PROTOCOL_VERSION } from '../../adapters/wire/primitives.ts'
import { eraseDevice } from '../rounds/departure.ts'
import { AT, DEVICE_ID } from './examples.ts'
import { served } from './route.ts'

const protocol = PROTOCOL_VERSION
const tag = 'Operator' as const
const who = 'operator' as const
const done = { protocol, done: true as const }

/** A route that blocks or unblocks one device. */
const blockRoute = (name: 'block' | 'unblock', summary: string, description: string) =>
  served(
    {
      method: 'post',
      path: `/v1/operator/devices/{id}/${name}`,
      tag,
      who,
      summary,
      description,
      responses: { 200: json(DoneResponse, done) },
      errors: ['E_NOT_FOUND'],
    },
    async (c) => {
      const { deps } = c.var
      const device = c.req.param('id')
      const isFound = await deps.store.blockDevice(device, name === 'block' ? deps.clock() : null)
      if (!isFound) throw noDevice()
      deps.log('info', `device_${name}ed`, { device })
      return c.json(done, 200)
    },
  )

export const FLEET_ROUTES = {
  listDevices: served(
    {
      method: 'get',
      path: '/v1/operator/devices',
      tag,
      who,
      summary: 'All enrolled devices',
      description: 'Pseudonyms and times. Nothing here says anything about a person.',
      responses: {
        200: json(DeviceListResponse, {
          protocol,
          devices: [{ id: DEVICE_ID, enrolledAt: AT, lastSeenAt: AT }],
        }),
      },
      errors: [],
    },
    async (c) => {
      const devices = (await c.var.deps.store.devices()).map(
        ({ publicKey: _, ...device }) => device,
      )
      return c.json({ protocol, devices }, 200)
    },
  ),

  blockDevice: blockRoute(
    'block',
    'Blocks a device',
    'Its key is refused from now on, and enrols nothing. Its updates stay where they are; erasing takes them along.',
  ),
  unblockDevice: blockRoute(
    'unblock',
    'Lets a blocked device in again',
    'With the key that it had.',
  ),

  eraseDevice: served(
    {
      method: 'delete',
      path: '/v1/operator/devices/{id}',
      tag,
      who,
      summary: 'Erases a device',
      description:
        'Its key, times and memberships, and its updates in rounds that still collect. What it changed ' +
        'in a release stays. With a new token it may enrol again.',
      responses: { 200: json(DoneResponse, done) },
      errors: ['E_NOT_FOUND'],
    },
    async (c) => {
      const { deps } = c.var
      if (!(await eraseDevice(deps, c.req.param('id')))) throw noDevice()
      return c.json(done, 200)
    },
  ),
}

const noDevice = () => new FedError('E_NOT_FOUND', 'no enrolled device has this id')
