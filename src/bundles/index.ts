export { type EvidenceSubject, gatherEvidence } from "./gather.ts";
export { BundleProblem } from "./errors.ts";
export { evidencePage, evidencePageHeaders } from "./page.ts";
export {
  EvidenceEnvelope,
  EvidencePredicate,
  type EvidenceStatement,
  predicateSchema,
  predicateType,
} from "./schemas.ts";
