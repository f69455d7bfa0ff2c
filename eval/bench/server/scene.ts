/** A server with enrolled devices, and what one of its rounds is filled with. */
import type { Assignment, CheckInResponse } from '../../../adapters/wire/federation.ts'
import type { JobSpecInput, JobView } from '../../../adapters/wire/jobs.ts'
import { inTurn } from '../../population/fleet.ts'
import { checkInBytes, enroll, type SimDevice, simDevice, updateBytes, upload } from './device.ts'
import { type Answer, type Outgoing, openSender, type Sender } from './http.ts'
import { benchJob, benchOperator, type Operator } from './job.ts'
import { type BenchServer, type StartOptions, startBenchServer } from './program.ts'

export type Scene = {
  readonly server: BenchServer
  readonly sender: Sender
  readonly operator: Operator
  readonly devices: readonly SimDevice[]
  close(): Promise<void>
}

/** Requests of a client that are under way at a time. */
export const CONNECTIONS = 32

/** connections: of the client; more requests wait their turn. */
export const openScene = async (
  start: StartOptions,
  count: number,
  connections = CONNECTIONS,
): Promise<Scene> => {
  const server = await startBenchServer(start)
  const sender = openSender(connections)
  const operator = benchOperator(sender, () => server)
  const devices = Array.from({ length: count }, (_, i) => simDevice('bench', i))
  const tokens = await operator.tokens(count)
  await inTurn(devices, CONNECTIONS, async (device) => {
    expectStatus(
      await sender.send(server.port, enroll(device, server.port, tokens[device.number]!)),
      201,
    )
  })
  return {
    server,
    sender,
    operator,
    devices,
    async close() {
      sender.close()
      await server.kill()
    },
  }
}

/** Each is sent once, so many at a time; gives the time from sending to the answer, in ms. */
export const sendAll = async (
  { sender, server }: Pick<Scene, 'sender' | 'server'>,
  requests: readonly Outgoing[],
  atOnce: number,
  expected: number,
): Promise<number[]> => {
  const latencies: number[] = []
  await inTurn(requests, atOnce, async (request) => {
    const began = performance.now()
    expectStatus(await sender.send(server.port, request), expected)
    latencies.push(performance.now() - began)
  })
  return latencies
}

export type OpenRound = { readonly job: JobView; readonly uploads: readonly Outgoing[] }

/** A job for these devices, all assigned, and their updates, signed and ready to be sent. */
export const openRound = async (
  scene: Scene,
  count: number,
  name: string,
  updateKb: number,
): Promise<OpenRound> => {
  const { operator, server, devices } = scene
  const spec = benchJob(name, updateKb, { size: count, goal: count })
  const job = await operator.createJob(spec)
  const uploads: Outgoing[] = []
  await inTurn(devices.slice(0, count), CONNECTIONS, async (device) => {
    const assignment = await join(scene, device, spec)
    const bytes = updateBytes(assignment, device.number)
    uploads.push(upload(device, server.port, assignment, bytes))
  })
  return { job, uploads }
}

const join = async (
  { sender, server }: Scene,
  device: SimDevice,
  spec: JobSpecInput,
): Promise<Assignment> => {
  const request = device.sign(server.port, 'POST', '/v1/checkin', checkInBytes(spec))
  const answer = expectStatus(await sender.send(server.port, request), 200)
  const said = JSON.parse(answer.bytes.toString()) as CheckInResponse
  if (said.kind !== 'assignment') throw new Error(`no assignment but ${said.reason}`)
  return said.assignment
}

const expectStatus = (answer: Answer, status: number): Answer => {
  if (answer.status === status) return answer
  throw new Error(`expected ${status}, got ${answer.status}: ${answer.bytes}`.slice(0, 400))
}
