export { type EvidenceSubject, gatherEvidence } from "./gather.ts";
export { BundleProblem } from "./errors.ts";
export { evidencePage } from "./page.ts";
export { EvidenceEnvelope, type EvidenceStatement } from "./schemas.ts";
