/**
 * SQL that appends the events of transitions in the very statement that makes them (AUDIT-1).
 * @param made a relation with `actor`, `request_id`, `action`, `resource_type`, `resource_id`, `after`, and `position` for
 *   their order
 * @returns an INSERT for a WITH clause
 */
export const appendingEvents = (made: string): string =>
  `INSERT INTO audit_events (actor, request_id, action, resource_type, resource_id, before, after)
   SELECT actor, request_id, action, resource_type, resource_id, 'null', after FROM ${made} ORDER BY position`;
