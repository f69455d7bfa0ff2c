/** The protocol version of a request, which an app of this computer may leave out. */
import { PROTOCOL_VERSION, Protocol } from '../../../adapters/wire/primitives.ts'

export const AskedProtocol = Protocol.default(PROTOCOL_VERSION)
