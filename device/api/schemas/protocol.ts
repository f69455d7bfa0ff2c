/** The protocol version of a request, which local apps may leave out. */
import { PROTOCOL_VERSION, Protocol } from '../../../adapters/wire/primitives.ts'

export const AskedProtocol = Protocol.default(PROTOCOL_VERSION)
