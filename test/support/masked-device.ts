/** A device of a masked round that does as it should, one request of the server at a time. */
import {
  encodeMaskedUpdate,
  type MaskedPlan,
  maskPlanDigest,
  ringOf,
} from '../../adapters/contributions/masked.ts'
import { decodeUpdate } from '../../adapters/contributions/messages.ts'
import { nativeCiphers } from '../../adapters/node/ciphers.ts'
import { cryptoRng, randomBytes } from '../../adapters/random.ts'
import { answer, join, mask, saidBy } from '../../adapters/secagg/device.ts'
import type { DeviceState } from '../../adapters/secagg/device-state.ts'
import type { Assignment } from '../../adapters/wire/federation.ts'
import { MaskStatus } from '../../adapters/wire/masks.ts'
import { PROTOCOL_VERSION } from '../../adapters/wire/primitives.ts'
import { type TestDevice, updateFor } from './federation-fixture.ts'

export const maskedDevice = (device: TestDevice, assignment: Assignment, seed: string) => {
  const masking = assignment.masking!
  const { roundId } = assignment
  const plan: MaskedPlan = { ...assignment, masking, planDigest: maskPlanDigest(assignment) }
  const tools = { ciphers: nativeCiphers, random: randomBytes, identity: device.keys }
  const ring = ringOf(decodeUpdate(updateFor(assignment, seed)), plan, {
    ciphers: nativeCiphers,
    rng: cryptoRng(),
  })
  let state: DeviceState = join({ roundId, planDigest: plan.planDigest, ...masking }, tools)
  let masked: Uint8Array | undefined
  const path = `/v1/rounds/${roundId}/masks`
  const send = async (): Promise<Response> => {
    const said = saidBy(state)
    if (said) {
      const body = { kind: said.to, protocol: PROTOCOL_VERSION, ...said.body }
      return device.sendJson('POST', path, body)
    }
    if (state.step !== 'ready') throw new Error('expected a device that is ready')
    masked ??= encodeMaskedUpdate(
      { roundId, planDigest: plan.planDigest },
      mask(state, ring, tools),
    )
    return device.upload(assignment, masked)
  }
  const ask = async () => {
    const response = await device.get(path)
    return MaskStatus.parse(await response.json())
  }
  return {
    device,
    ring,
    plan,
    masked: () => masked,
    state: () => state,
    send,
    ask,
    /** True: it has answered something. */
    async step(): Promise<boolean> {
      const { request } = await ask()
      if (!request) return false
      state = JSON.parse(JSON.stringify(answer(state, request, tools)))
      const response = await send()
      if (!response.ok) throw new Error(await response.text())
      return true
    },
  }
}
export type MaskedDevice = ReturnType<typeof maskedDevice>
