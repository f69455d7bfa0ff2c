/** A PostgreSQL and a bucket of its own for each test; services.mjs starts both, or says why not. */

import { AwsClient } from 'aws4fetch'
import pg from 'pg'
import { inject } from 'vitest'
import { type Data, openData } from '../../server/store/open.ts'

declare module 'vitest' {
  interface ProvidedContext {
    postgres: string | null
    s3: string | null
  }
}

export const postgres = inject('postgres')
export const s3 = inject('s3')

/** moto takes any. */
export const S3_CREDENTIALS = { AWS_ACCESS_KEY_ID: 'tests', AWS_SECRET_ACCESS_KEY: 'tests' }

let made = 0
const freshName = () => `t${process.pid}x${made++}`

/** A schema of its own, which connections of the URL use. */
export const freshDatabase = async (): Promise<string> => {
  const name = freshName()
  const client = new pg.Client({ connectionString: postgres! })
  await client.connect()
  await client.query(`CREATE SCHEMA ${name}`)
  await client.end()
  return `${postgres}?options=${encodeURIComponent(`-c search_path=${name}`)}`
}

export const freshBucket = async (): Promise<string> => {
  const name = freshName()
  const client = new AwsClient({
    accessKeyId: S3_CREDENTIALS.AWS_ACCESS_KEY_ID,
    secretAccessKey: S3_CREDENTIALS.AWS_SECRET_ACCESS_KEY,
    service: 's3',
  })
  const answer = await client.fetch(`${s3}/${name}`, { method: 'PUT' })
  if (!answer.ok) throw new Error(`no bucket: ${answer.status}`)
  return `s3://${name}/federation?endpoint=${s3}&region=us-east-1`
}

export type SharedPlaces = { readonly database: string; readonly objects: string }

export const freshPlaces = async (): Promise<SharedPlaces> => ({
  database: await freshDatabase(),
  objects: await freshBucket(),
})

export const openShared = (places: SharedPlaces): Promise<Data> =>
  openData({ data: '/nowhere', ...places }, S3_CREDENTIALS)
