export { type AuditRecord, appendEvent } from "./append.ts";
export { listEvents } from "./list.ts";
export { AuditEvent } from "./schemas.ts";
