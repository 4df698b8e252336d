/** What the log is caught at; none of them can come about through the service. */
export const logFaults = [
  "LOG_SHRUNK",
  "LOG_REWRITTEN",
  "TILES_MISSING",
  "ROOT_CONTRADICTED",
  "HEAD_UNSIGNED",
  "WITNESS_CONTRADICTED",
  "TILE_CONTRADICTED",
  "LIST_CONTRADICTED",
  "EVENT_CONTRADICTED",
  "EVENT_MISSING",
  "EVENT_UNLISTED",
  "CHECKPOINT_CONTRADICTED",
] as const;
export type LogFaultCode = (typeof logFaults)[number];

/** The log is not what was signed: somebody has changed it behind the service. A head, tiles or a witness that contradict what is to be
 * signed next end the signing; what the walk along older leaves finds is told, and new events still get into the log. */
export class LogFault extends Error {
  readonly code: LogFaultCode;

  constructor(code: LogFaultCode, message: string, options: { cause?: unknown } = {}) {
    super(message, options);
    this.name = "LogFault";
    this.code = code;
  }
}
