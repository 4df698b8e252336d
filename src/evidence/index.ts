export { type AuditRecord, appendEvent, appendEvents, appendEventsOf } from "./append.ts";
export { listEvents } from "./list.ts";
export { AuditEvent } from "./schemas.ts";
export { appendingEvents } from "./within/store.ts";
export { readCheckpoint, readConsistency, readInclusion, readLeaves } from "./log/answers.ts";
export { LogFault, type LogFaultCode, logFaults } from "./log/faults.ts";
export { type Cosigners, cosignedSize, cosignersOf } from "./log/cosigned.ts";
export { readLogFile } from "./log/files.ts";
export { type LogKeeper, makeLogKeeper } from "./log/keep.ts";
export { parseVerifierKey, verifierKey } from "./log/note.ts";
export { openLog } from "./log/open.ts";
export { followKeys, followLog, type KeyLink } from "./log/links/follow.ts";
export { writeLink } from "./log/links/written.ts";
export { LogKeyMismatch } from "./log/rotation.ts";
export {
  ConsistencyProof,
  InclusionProof,
  LogCheckpoint,
  LogEvent,
  LogLeaves,
  LogLink,
  LogSize,
} from "./log/schemas.ts";
export { ensurePartitions, isFinal, isForeign, lastNumber } from "./log/store.ts";
export { signerOf } from "./log/generation.ts";
export { type LogSigner, logSigner } from "./log/signer.ts";
export { fileWitness, httpWitness, type Witness } from "./log/witness.ts";
export { fileWitnessOf } from "./log/witness-memory.ts";
export {
  type HeadElsewhere,
  headsElsewhere,
  isLogged,
  type Renamed,
  renameLog,
  tellWitnessFile,
} from "./log/restored.ts";
export { type ExportVerdict, verifyExport } from "./log/verify-export.ts";
export { verifyLog } from "./log/verify-log.ts";
export { type ProvedHistory, proveHistory } from "./log/about.ts";
export { type DsseEnvelope, signStatement, statementType } from "./log/envelope.ts";
export type { SealedEvent as SealedEventView } from "./log/entry.ts";
export { retainMonths, type Retained, type RetainOptions } from "./log/retained/retain.ts";
export { RetentionProblem } from "./log/retained/errors.ts";
export { holdPartitions, type RetainedRow, retainedParts } from "./log/retained/store.ts";
