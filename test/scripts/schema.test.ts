import t from "tap";
import { dump } from "../../scripts/generators/schema.ts";
import { openDatabase } from "../../src/database/index.ts";
import { useDatabase } from "../support/cluster.ts";

t.test(
  "operations: the schema dump is the same in every month, and says what a month's partition is like",
  async (t) => {
    const { ownerUrl } = await useDatabase(t);
    const database = openDatabase({ url: ownerUrl, poolSize: 1 });
    t.teardown(() => database.close());
    const now = await database.transact(dump, { rollback: true });
    const later = await database.transact(
      async (tx) => {
        const { rows } = await tx.query<{ made: number }>("SELECT ensure_audit_partitions(14) AS made");
        t.ok((rows[0]?.made ?? 0) >= 10, "as if a year had gone by");
        return dump(tx);
      },
      { rollback: true },
    );
    t.equal(later, now);
    t.notMatch(now, /audit_events_\d/, "no month is named");
    t.notMatch(now, /MINVALUE|TO \('\d{4}/, "and no bound");
    t.match(now, /^audit_events_YYYY_MM: partition of audit_events$/m);
    t.match(now, /^CREATE TRIGGER never_truncated .* ON public\.audit_events_YYYY_MM .* \[A\]$/m);
    t.match(now, /^audit_events: RANGE \(occurred_at\)$/m);
  },
);
