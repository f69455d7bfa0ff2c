/** The operator's side of the HTTP API. */
import { existsSync, readFileSync } from 'node:fs'
import type { z } from 'zod'
import { ERROR_CODES, FedError } from '../../adapters/errors.ts'
import { textOfFile } from '../../adapters/formats/text.ts'
import { ErrorResponse } from '../../adapters/wire/federation.ts'
import { credentialFile } from './serve.ts'

export type ClientOptions = {
  readonly server: string
  /** Folder of a server on this machine. */
  readonly data?: string
  readonly credentialFile?: string | undefined
}

export type OperatorClient = {
  /** The answer, read through its schema. Fails with the server's own code, E_UNAVAILABLE or E_UPSTREAM. */
  json<Schema extends z.ZodType>(
    schema: Schema,
    method: string,
    path: string,
    body?: object,
    headers?: Record<string, string>,
  ): Promise<z.output<Schema>>
  bytes(path: string): Promise<Uint8Array>
}

/** credential: --credential-file, else LOREWEAVE_OPERATOR_TOKEN, else the data folder's file. Fails with E_AUTH. */
export const operatorClient = (
  options: ClientOptions,
  env: Readonly<Record<string, string | undefined>>,
): OperatorClient => {
  const credential = readCredential(options, env)
  const send = async (
    method: string,
    path: string,
    body?: object,
    headers: Record<string, string> = {},
  ): Promise<Response> => {
    const url = `${options.server.replace(/\/+$/, '')}${path}`
    const response = await fetch(url, {
      method,
      headers: { authorization: `Bearer ${credential}`, ...headers },
      redirect: 'error',
      ...(body && { body: JSON.stringify(body) }),
    }).catch((cause: unknown) => {
      throw new FedError(
        'E_UNAVAILABLE',
        `no server answers at ${options.server}: is it running, and is --server right?`,
        { cause },
      )
    })
    if (!response.ok) throw await refusalOf(response, options.server)
    return response
  }
  return {
    async json(schema, method, path, body, headers) {
      const response = await send(method, path, body, headers)
      const answer = schema.safeParse(await response.json().catch(() => undefined))
      if (answer.success) return answer.data
      throw new FedError(
        'E_UPSTREAM',
        `${options.server} gave an answer that is not of this protocol`,
      )
    },
    bytes: async (path) => new Uint8Array(await (await send('GET', path)).arrayBuffer()),
  }
}

const readCredential = (
  options: ClientOptions,
  env: Readonly<Record<string, string | undefined>>,
): string => {
  const fromEnv = env['LOREWEAVE_OPERATOR_TOKEN']
  if (!options.credentialFile && fromEnv) return fromEnv.trim()
  const { data } = options
  const path = options.credentialFile ?? (data === undefined ? undefined : credentialFile(data))
  if (path === undefined || !existsSync(path)) {
    const ways = `${data === undefined ? '' : '--data, '}--credential-file or LOREWEAVE_OPERATOR_TOKEN`
    const why = path === undefined ? '' : `: ${path} does not exist`
    throw new FedError('E_AUTH', `no operator credential${why}; give ${ways}`)
  }
  return textOfFile(() => readFileSync(path), path, 'E_AUTH').trim()
}

const refusalOf = async (response: Response, server: string): Promise<FedError> => {
  const body = ErrorResponse.safeParse(await response.json().catch(() => undefined))
  const code = body.success ? ERROR_CODES.find((c) => c === body.data.error.code) : undefined
  if (body.success && code) return new FedError(code, body.data.error.message)
  return new FedError('E_UPSTREAM', `${server} answered ${response.status}, not as this protocol`)
}
