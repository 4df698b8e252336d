export { type AuditRecord, appendEvent, appendEvents, appendEventsOf } from "./append.ts";
export { listEvents } from "./list.ts";
export { AuditEvent } from "./schemas.ts";
export { appendingEvents } from "./within/store.ts";
