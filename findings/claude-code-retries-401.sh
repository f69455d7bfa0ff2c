#!/usr/bin/env bash
# @anthropic-ai/claude-code 2.1.328 asks again after a 401 that says "invalid x-api-key": CLAUDE_CODE_MAX_RETRIES times, ten by
# default, with growing waits. Seen without that variable: 11 requests in 182 seconds, nothing printed until then; then
# "Invalid API key · Fix external API key", exit code 1. Expected: one request, as @anthropic-ai/sdk 1.14.0 makes; no retry helps
# a key that is wrong. Here, with two retries: 3 requests by Claude Code, 1 by the SDK. Fails when that changes.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
echo '{"private":true}' > package.json
npm install --silent --no-audit --no-fund @anthropic-ai/claude-code@2.1.328 @anthropic-ai/sdk@1.14.0
cat > run.mjs <<'JS'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:http'
import Anthropic from '@anthropic-ai/sdk'

let asked = 0
const server = createServer((req, res) => {
  req.resume().on('end', () => {
    if (req.method !== 'POST') return res.writeHead(404).end()
    asked++
    const error = { type: 'authentication_error', message: 'invalid x-api-key' }
    res.writeHead(401, { 'content-type': 'application/json' })
    res.end(JSON.stringify({ type: 'error', error, request_id: 'req_1' }))
  })
}).listen(0, '127.0.0.1')
await once(server, 'listening')
const baseURL = `http://127.0.0.1:${server.address().port}`

const messages = [{ role: 'user', content: 'Hi' }]
const client = new Anthropic({ apiKey: 'sk-ant-dummy', baseURL, maxRetries: 2 })
await client.messages.create({ model: 'claude-sonnet-5-5', max_tokens: 99, messages }).catch(() => {})
const bySdk = asked
asked = 0
const claude = spawn('node_modules/.bin/claude', ['-p', 'Hi', '--model', 'claude-sonnet-5-5'], {
  stdio: ['ignore', 'inherit', 'inherit'],
  env: {
    PATH: process.env.PATH,
    HOME: process.cwd(),
    ANTHROPIC_API_KEY: 'sk-ant-dummy',
    ANTHROPIC_BASE_URL: baseURL,
    CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1',
    CLAUDE_CODE_MAX_RETRIES: '2',
  },
})
const [code] = await once(claude, 'close')
server.close()
server.closeAllConnections()
console.log(`401: ${bySdk} request by the SDK, ${asked} by Claude Code, which ended with ${code}`)
process.exit(bySdk === 1 && asked === 3 && code === 1 ? 0 : 1)
JS
node run.mjs
