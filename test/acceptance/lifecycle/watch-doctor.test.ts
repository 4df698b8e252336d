import t from "tap";
import { expectStatus } from "../../support/flow.ts";
import { startService } from "../../support/service.ts";
import { acceptedGateway, disabled } from "../../lifecycle/incidents-scene.ts";
import { planFile } from "../../support/plans.ts";

t.setTimeout(120_000);

t.test(
  "OPEN-6 the doctor finds gateways that nobody accepted, that differ, that cannot be seen, and detectors that see nothing",
  async (t) => {
    const at = await acceptedGateway(t);
    const service = await startService(t, { stage: at.stage, targets: { default: at.target.url } });
    const findings = async () => {
      const { body } = await expectStatus(service.call("GET", "/v1/doctor", { as: "auditor" }), 200);
      return (body["findings"] as unknown as { code: string; subject: string; severity: string }[])
        .filter(({ code }) => /GATEWAY|INCIDENT|DETECTOR|WATCH/.test(code))
        .map(({ code, subject, severity }) => `${severity} ${code} ${subject}`)
        .sort();
    };
    t.strictSame(await findings(), ["warning DETECTOR_NOT_INSTALLED default"]);

    // The server of the tests keeps no log that could be read.
    await at.target.query(await planFile("fixtures/lifecycle-detector.sql"));
    await at.accept();
    t.strictSame(await findings(), ["warning DETECTOR_BLIND default"]);

    await at.target.query(disabled.sql);
    t.strictSame(await findings(), ["error GATEWAY_DIFFERS default", "warning DETECTOR_BLIND default"]);
    await expectStatus(service.call("POST", "/v1/lifecycle/watch", { as: "operator" }), 200);
    await at.target.query(disabled.back);
    t.strictSame(await findings(), [
      `error INCIDENT_OPEN default: ${disabled.subject}`,
      "warning DETECTOR_BLIND default",
    ]);

    const lookedAt = (age: string) =>
      at.control.transact((tx) =>
        tx.query(
          `INSERT INTO detector_positions (database, file, position, read_at) VALUES ('default', 'a.json', 0, clock_timestamp() - $1::interval)
           ON CONFLICT (database) DO UPDATE SET read_at = excluded.read_at`,
          [age],
        ),
      );
    await lookedAt("61 minutes");
    t.ok((await findings()).includes("warning WATCH_SILENT default"));
    await lookedAt("50 minutes");

    const decided = (database: string) =>
      at.control.transact((tx) =>
        tx.query(
          "INSERT INTO review_decisions (decision_id, database, decision_kind, decision, subjects, reason, decided_by) VALUES (gen_random_uuid(), $1, 'enactment', 'approve', '{A/*}', 'x', 'council_1')",
          [database],
        ),
      );
    await decided("default");
    await decided("unwatched");
    await at.control.transact((tx) =>
      tx.query(
        "INSERT INTO gateway_baselines (database, gateway_digest, content, reason, taken_by) SELECT 'away', gateway_digest, content, reason, taken_by FROM gateway_baselines LIMIT 1",
      ),
    );
    t.strictSame(await findings(), [
      `error INCIDENT_OPEN default: ${disabled.subject}`,
      "warning DETECTOR_BLIND default",
      "warning GATEWAY_NOT_ACCEPTED unwatched",
      "warning GATEWAY_NOT_SEEN away",
    ]);
  },
);
