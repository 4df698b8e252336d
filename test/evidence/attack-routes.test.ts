import { randomBytes } from "node:crypto";
import t from "tap";
import { logSigner, openLog } from "../../src/evidence/index.ts";
import { evidence } from "../support/evidence.ts";
import { mintGrant } from "../support/flow.ts";
import { setStage, startService } from "../support/service.ts";

t.setTimeout(120_000);

t.test("AUDIT-2 no parameter of the log's routes is answered with 500", async (t) => {
  const stage = await setStage(t);
  const signer = logSigner("log.example/test", randomBytes(32));
  await stage.database.transact((tx) => openLog(tx, signer));
  const service = await startService(t, { stage, logSigner: signer, config: { sealIntervalMs: 20 } });
  const code = await mintGrant(service);
  await evidence(service, `grants/${code}`);
  const odd = [
    "0",
    "1",
    "-0",
    "-1",
    "1e0",
    "1e21",
    "1e300",
    "9007199254740991",
    "9007199254740992",
    "9223372036854775807",
    "9223372036854775808",
    "18446744073709551616",
    "NaN",
    "",
    "%00",
    "0x10",
    "1.0",
    "1.5",
    "true",
    "null",
    "１",
  ];
  const paths = odd.flatMap((one) => [
    `/v1/audit/proofs/inclusion?seq=${one}`,
    `/v1/audit/proofs/inclusion?seq=1&size=${one}`,
    `/v1/audit/proofs/consistency?first=${one}`,
    `/v1/audit/proofs/consistency?first=1&second=${one}`,
    `/v1/audit/leaves?start=${one}`,
    `/v1/audit/leaves?limit=${one}`,
    `/v1/audit/checkpoint?size=${one}`,
  ]);
  for (const path of [
    "tile/0/000",
    "tile/0/000.p/1",
    "tile/63/000",
    "tile/63/000.p/1",
    "tile/8/000",
    "tile/7/000.p/1",
    "tile/entries/000",
    "tile/entries/000.p/1",
    "tile/entries/000.p/255",
    "tile/0/x999/x999/x999/x999/x999/999",
    "tile/0/x009/x007/x199/x254/x740/991",
    "tile/0/x009/x007/x199/x254/x740/991.p/255",
    "tile/entries/x009/x007/x199/x254/x740/991",
    "tile/entries/x035/x184/x372/x088/832",
    "tile/1/000",
    "tile/-1/000",
    "tile/0/000.p/0",
    "tile/0/000.p/256",
    "tile/0/..%2f..%2fcheckpoint",
    "tile/0/%00",
    "tile/",
    "tile/0",
    "tile/0/000/",
    "tile/%2e%2e/checkpoint",
    "checkpoint",
    "tile/0/000?x=1",
    `tile/${"x".repeat(5000)}`,
  ]) {
    paths.push(`/v1/audit/log/${path}`);
  }
  const strange: string[] = [];
  for (const path of paths) {
    const { status, text } = await service
      .call("GET", path, { as: "auditor" })
      .catch((error: unknown) => ({ status: -1, text: String(error) }));
    if (status >= 500 || status < 0) strange.push(`${status} ${path} ${text.slice(0, 120)}`);
  }
  t.same(strange, []);
});
