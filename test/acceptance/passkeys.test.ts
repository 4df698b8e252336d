import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import t, { type Test } from "tap";
import Value from "typebox/value";
import { check } from "../../docs/verify/verify.mjs";
import { EvidencePredicate } from "../../src/bundles/index.ts";
import {
  assertionOf,
  type Deviations,
  esignByPasskey,
  flag,
  makePasskey,
  originOf,
  type TestPasskey,
  usablePasskey,
} from "../support/authenticator.ts";
import { commitBindings, mintActive, mintDraft, payloadOf } from "../support/commit.ts";
import {
  evidence,
  type EvidencePlace,
  evidencePlace,
  forged,
  notProved,
  type Statement,
  statementOf,
  statusOf,
} from "../support/evidence.ts";
import { consume, expectStatus } from "../support/flow.ts";
import { guardedPlan } from "../support/guarded-plan.ts";
import { act, approve, register, rehearse } from "../support/plans.ts";
import { ask } from "../support/runs.ts";
import { flips, forgeriesOf, type Forgery } from "./passkey-forgeries.ts";

t.setTimeout(280_000);

type Predicate = Statement["predicate"];

const verifier = fileURLToPath(new URL("../../docs/verify/verify.mjs", import.meta.url));

const names = (file: string, trusted: Parameters<typeof check>[1]): string[] => [
  ...new Set(notProved(check(file, trusted)).map(({ claim }) => claim)),
];

/** A grant that the passkey has signed and somebody used. @returns its code and its evidence */
async function usedGrant(place: EvidencePlace, passkey: TestPasskey, deviations: Deviations = {}) {
  const { service } = place;
  const authCode = await mintDraft(service);
  const payload = await payloadOf(service, authCode);
  const signature = assertionOf(passkey, payload, originOf(service), deviations);
  await expectStatus(esignByPasskey(service, authCode, { kid: passkey.kid, ...signature }), 200);
  await expectStatus(consume(service, authCode, `root of ${authCode}`, commitBindings()), 200);
  return { authCode, payload, file: await evidence(service, `grants/${authCode}`) };
}

t.test("ESIGN-3 a passkey signs, the grant is used, and the evidence is proved by the verifier alone", async (t) => {
  const place = await evidencePlace(t);
  const { service, key, trusted } = place;
  for (const alg of ["ES256", "EdDSA"] as const) {
    const passkey = await usablePasskey(service, { passkey: makePasskey(alg) });
    const { authCode, file } = await usedGrant(place, passkey);
    const claims = check(file, { ...trusted, signers: [passkey.jwk] });
    t.same(notProved(claims), [], alg);
    for (const claim of ["signature", "key", "signer", "use", "grant"])
      t.equal(statusOf(claims)[claim], "proved", claim);
    const said = claims.find(({ claim }) => claim === "signature")?.detail;
    t.match(said, `signed exactly this with the passkey ${passkey.kid} at ${originOf(service)}`);
    t.same([...Value.Errors(EvidencePredicate, statementOf(file).predicate)], []);

    const kept = path.join(t.testdir(), `${alg}.json`);
    writeFileSync(kept, file);
    const args = [verifier, kept, "--log-key", key, "--about", authCode, "--signer", JSON.stringify(passkey.jwk)];
    const told = execFileSync(process.execPath, args, { encoding: "utf8" });
    t.notMatch(told, /NOT PROVED/);
    t.match(told, /^proved +signature/m);
    const page = await service.call("GET", `/v1/grants/${authCode}/evidence`, {
      as: "auditor",
      headers: { accept: "text/html" },
    });
    t.match(page.text, /webauthn\.get/, "and a person reads what the browser said");
  }
});

t.test("OPEN-5 every byte of the evidence of a passkey's grant that is flipped is noticed", async (t) => {
  const place = await evidencePlace(t);
  const passkey = await usablePasskey(place.service);
  const { file } = await usedGrant(place, passkey);
  t.same(names(file, place.trusted), []);
  const bytes = Buffer.from(file);
  const missed: number[] = [];
  for (let at = 0; at < bytes.length; at += 1) {
    const altered = Buffer.from(bytes);
    altered[at] = (altered[at] ?? 0) ^ (1 << (at % 8));
    try {
      if (names(altered.toString("utf8"), place.trusted).length === 0) missed.push(at);
    } catch {
      // It cannot be read any more: noticed as well.
    }
  }
  t.same(missed, [], `of ${bytes.length} bytes`);
});

t.test("ESIGN-3 who holds the log's key forges no signature of a passkey", async (t) => {
  const place = await evidencePlace(t);
  const { service, signer, trusted } = place;
  const passkey = await usablePasskey(service);
  const { file, payload } = await usedGrant(place, passkey);
  const { file: other } = await usedGrant(place, passkey);
  const [own, elsewhere] = [file, other].map((one) => statementOf(one).predicate) as [Predicate, Predicate];
  const forgeries = forgeriesOf({ passkey, payload, origin: originOf(service), own, elsewhere });
  refuse(t, file, place, forgeries);
  t.same(
    names(
      forged(file, signer, () => undefined),
      trusted,
    ),
    [],
    "the control: signed anew, and unchanged",
  );
});

function refuse(
  t: Pick<Test, "ok" | "equal">,
  file: string,
  { signer, trusted }: EvidencePlace,
  forgeries: readonly Forgery[],
): void {
  const missed = forgeries.filter(
    ([, change, claim]) =>
      !names(
        forged(file, signer, ({ predicate }) => void change(predicate)),
        trusted,
      ).includes(claim),
  );
  t.equal(missed.map(([what]) => what).join("; "), "", `of ${forgeries.length} forgeries`);
}

t.test(
  "ESIGN-3 the evidence of a grant that was signed by JWS is as it was, also from before there were passkeys",
  async (t) => {
    const { service, signer, trusted } = await evidencePlace(t);
    const { authCode } = await mintActive(service);
    await expectStatus(consume(service, authCode, "root", commitBindings()), 200);
    const file = await evidence(service, `grants/${authCode}`);
    t.same(names(file, trusted), []);
    const older = forged(file, signer, ({ predicate }) => {
      Reflect.deleteProperty(predicate.grant.signature, "webauthn");
      for (const key of predicate.keys) {
        Reflect.deleteProperty(key, "webauthn");
        Reflect.deleteProperty(key, "credential_id");
      }
    });
    t.same(names(older, trusted), []);
  },
);

t.test("PLAN-9 a passkey signs the record of a plan's step, and the evidence of its run is proved", async (t) => {
  const place = await evidencePlace(t, { runPollMs: 150, backupDir: t.testdir() });
  const { service, target, trusted, signer } = place;
  await ask(target.url, "CREATE TABLE public.t (id int)");
  const { steps, ...plan } = JSON.parse(guardedPlan()) as { steps: object[] };
  const source = JSON.stringify({ ...plan, steps: [{ ...steps[0], signed: true }, ...steps.slice(1)] });
  const registered = await register(service, source);
  const { run } = await rehearse(service, registered, 1);
  const code = await approve(service, registered, 1, run.rehearsal?.rehearsal_ref);
  const passkey = await usablePasskey(service);
  const at = `/v1/proposal-approvals/${code}`;
  const { text: payload } = await expectStatus(service.call("GET", `${at}/signing-payload`, { as: "sovereign" }), 200);
  const sign = (deviations: Deviations = {}) => {
    const body = { webauthn: { kid: passkey.kid, ...assertionOf(passkey, payload, originOf(service), deviations) } };
    return service.call("POST", `${at}/esign`, { as: "sovereign", body });
  };
  t.match((await sign({ flags: flag.UP })).body, { code: "ESIGN_INVALID", reason: "user_verification" });
  t.match((await expectStatus(sign(), 200)).body, {
    status: "active",
    signature: { jws: null, webauthn: { rp_id: "localhost" } },
  });
  const { root } = await act(service, registered, 1, "commit", code);
  const file = await evidence(service, `runs/${root}`);
  t.same(names(file, trusted), []);
  t.match(statusOf(check(file, trusted)), { signature: "proved", key: "proved", record: "proved" });
  for (const [what, part] of flips(statementOf(file).predicate.step.record.signature.webauthn)) {
    const altered = forged(
      file,
      signer,
      ({ predicate }) => void Object.assign(predicate.step.record.signature.webauthn, part),
    );
    if (!names(altered, trusted).includes("signature")) t.fail(what);
  }
});
