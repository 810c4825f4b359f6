/** The limits of a connection: every queue, frame and wait of IPC has one, and here they are. */

const kibi = 1024;
const mebi = 1024 * kibi;

/** Limits of a server and its connections. Times in milliseconds, sizes in bytes. */
export interface IpcLimits {
  /** HELLO must be there this long after a connection was made, and the proof as long after the challenge. */
  readonly helloMs: number;
  /** A frame that has begun must be complete within this time. */
  readonly frameMs: number;
  /** What is still to be sent when a connection closes gets this long. */
  readonly closeMs: number;
  /** The largest body before both sides have proved themselves. */
  readonly handshakeBytesMax: number;
  /** The largest body of a request, or of messages from a client. */
  readonly requestBytesMax: number;
  /** Requests of a connection that are under way, streams and links included. One more is refused. */
  readonly inFlightMax: number;
  /** The most credit a stream may have. */
  readonly windowMax: number;
  /** With more bytes than this to be sent, a server reads no more requests and takes no more items of streams. */
  readonly queuedBytesSoft: number;
  /** With more bytes than this to be sent, the connection is closed with `KRON_IPC_OVERLOADED`. */
  readonly queuedBytesMax: number;
  /** Messages that a link keeps until somebody listens, in bytes of bodies. */
  readonly keptBytesMax: number;
  /** Connections of a server in all. */
  readonly connectionsMax: number;
  /** Connections of a server that have not proved themselves. */
  readonly unauthenticatedMax: number;
}

/** The limits that hold unless others are given. */
export const defaultLimits: IpcLimits = {
  helloMs: 2_000,
  frameMs: 10_000,
  closeMs: 1_000,
  handshakeBytesMax: 4 * kibi,
  requestBytesMax: mebi,
  inFlightMax: 4_096,
  windowMax: 65_536,
  queuedBytesSoft: mebi,
  queuedBytesMax: 32 * mebi,
  keptBytesMax: 4 * mebi,
  connectionsMax: 256,
  unauthenticatedMax: 64,
};

/** The largest body of a reply or of items. */
export const replyBytesMax = 16 * mebi;
/** A frame that gathers messages or items takes no more of them once its body has this many bytes. */
export const batchBytesMax = 256 * kibi;
/** Calls of a client that wait for others to be answered first. One more is refused. */
export const waitingCallsMax = 100_000;
