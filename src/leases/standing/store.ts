/**
 * SQL that locks the leases which `asked` names and leaves those that stand as it says, so that many are looked at in the
 * statement that writes under them (OPEN-9). One that another transaction has is not waited for, and is left out.
 * @param asked a relation with `root`, `lease_name`, `fencing_token` and `auth_code`
 * @returns a SELECT of the roots whose fence stands
 */
export const standingLeases = (asked: string): string =>
  `SELECT ${asked}.root FROM ${asked} JOIN dot_iu_runtime_lease AS lease USING (lease_name)
    WHERE lease.released_at IS NULL AND lease.fencing_token = ${asked}.fencing_token AND lease.auth_code = ${asked}.auth_code
      FOR UPDATE OF lease SKIP LOCKED`;
