/**
 * `fetch` over the device's own transport, as far as the device needs it. Bodies are not decoded.
 */
import type { HttpTransport } from './transport.ts'

export type Fetch = (address: string, init?: RequestInit) => Promise<Response>

const MAX_REDIRECTS = 10

/**
 * Unlike the global one it sends a user agent, which some servers require, and follows redirects
 * only on request.
 */
export const fetchOver =
  (transport: HttpTransport): Fetch =>
  async (address, init = {}) => {
    let url = address
    for (let hops = 0; ; hops++) {
      const request = new Request(url, { ...init, redirect: 'manual' })
      if (!request.headers.has('user-agent')) request.headers.set('user-agent', 'loreweave')
      const response = await transport(request)
      const location = response.headers.get('location')
      const isMoved = response.status >= 300 && response.status < 400 && location !== null
      if (!isMoved || init.redirect !== 'follow') return response
      await response.body?.cancel().catch(() => {})
      if (hops === MAX_REDIRECTS) throw new Error(`more than ${MAX_REDIRECTS} redirects`)
      const next = URL.canParse(location, url) ? new URL(location, url) : null
      if (!next || !/^https?:$/.test(next.protocol))
        throw new Error('a redirect without a valid address')
      url = next.href
    }
  }
