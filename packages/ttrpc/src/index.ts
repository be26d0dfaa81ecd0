// ttrpc, the RPC of containerd's shims.

export { TtrpcClient, type CallOptions } from './client.js'
export { TtrpcServer, type CallContext, type Implementation, type ServerOptions } from './server.js'
export { StatusCode, statusName, TtrpcError, type StatusName } from './status.js'
export { encodeFrame, FrameDecoder, FrameFlag, FrameType, HEADER_BYTES, MAX_DATA_BYTES, type Frame } from './frame.js'
