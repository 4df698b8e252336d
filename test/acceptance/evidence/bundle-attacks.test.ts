import { generateKeyPairSync, randomBytes } from "node:crypto";
import t from "tap";
import { check, readVerifierKey, wholeLog } from "../../../docs/verify/verify.mjs";
import { logSigner, verifierKey } from "../../../src/evidence/index.ts";
import { cosign, formatSignature, noteKey, parseNote } from "../../../src/evidence/log/note.ts";
import { usableKey } from "../../support/commit.ts";
import {
  evidence,
  evidencePlace,
  exported,
  forged,
  type Statement,
  notProved,
  statementOf,
  statusOf,
} from "../../support/evidence.ts";
import { consume, expectStatus, mintGrant } from "../../support/flow.ts";
import { ask, manifest, prepareCommit, startRun, untilRun } from "../../support/runs.ts";

t.setTimeout(240_000);

const names = (file: string, trusted: Parameters<typeof check>[1]): string[] => [
  ...new Set(notProved(check(file, trusted)).map(({ claim }) => claim)),
];

type Proved = Statement["predicate"]["events"][number];

const eventsOf = ({ predicate }: Statement, action: string): Proved[] =>
  predicate.events.filter(({ event }) => event.action === action);

/** One of a list that has it. */
function nth<Item>(list: readonly Item[], index: number): Item {
  const item = list.at(index);
  if (item === undefined) throw new Error(`there is no item ${index}`);
  return item;
}

function leaveOut({ predicate }: Statement, event: Proved): void {
  predicate.events = predicate.events.filter((one) => one !== event);
}

type Alteration = [
  what: string,
  change: (statement: Statement, elsewhere: Statement["predicate"]) => unknown,
  claims: string[],
];

/** What one does who has the log's key and signs anew, with the claims that do not hold any more. */
const approvals: Alteration[] = [
  ["votes of another request", ({ predicate }, { votes }) => Object.assign(predicate, { votes }), ["votes"]],
  [
    "a vote that nobody cast",
    ({ predicate: { votes } }) => votes.push({ ...nth(votes, 0), voter: "approver_9" }),
    ["votes"],
  ],
  [
    "a vote of the council that was none",
    ({ predicate }) => Object.assign(nth(predicate.votes, 0), { council: true }),
    ["votes"],
  ],
  [
    "a vote left out, with its event",
    (statement) => {
      const first = nth(eventsOf(statement, "approval_request.voted"), 0);
      leaveOut(statement, first);
      statement.predicate.votes = statement.predicate.votes.filter(({ voter }) => voter !== first.event.actor);
    },
    ["votes", "quorum"],
  ],
  ["the request of another grant", ({ predicate }, { request }) => Object.assign(predicate, { request }), ["request"]],
  [
    "one byte of what was approved",
    ({ predicate: { request } }) =>
      Object.assign(request, { content: request.content.replace('"staging"', '"stagin9"') }),
    ["request", "bindings"],
  ],
  [
    "the digest of something else",
    ({ subject }) => Object.assign(nth(subject, 0).digest, { sha256: "0".repeat(64) }),
    ["subject"],
  ],
];

const grants: Alteration[] = [
  [
    "a grant for another executor",
    ({ predicate }) => Object.assign(predicate.grant.bindings, { executor: "somebody" }),
    ["bindings"],
  ],
  ["a grant for more acts", ({ predicate }) => predicate.grant.bindings.action_set.push("drop"), ["bindings"]],
  [
    "a grant that lives longer",
    ({ predicate }) => Object.assign(predicate.grant, { expires_at: "2999-01-01T00:00:00.000Z" }),
    ["grant", "bindings", "signature"],
  ],
  ["the grant of another request", ({ predicate }, { grant }) => Object.assign(predicate, { grant }), ["grant"]],
  [
    "a signature over another grant",
    ({ predicate }, { grant }) => Object.assign(predicate.grant, { signature: grant.signature }),
    ["signature"],
  ],
  ["the signature left out", ({ predicate }) => Object.assign(predicate.grant, { signature: null }), ["signature"]],
  ["the receipt left out", ({ predicate }) => Object.assign(predicate, { receipt: null }), ["use", "fence"]],
  [
    "a receipt without the lease",
    ({ predicate }) => Object.assign(predicate.receipt, { lease_name: null, fencing_token: null }),
    ["fence"],
  ],
  ["the keys left out", ({ predicate }) => Object.assign(predicate, { keys: [] }), ["signature", "key"]],
  [
    "a key in place of the signer's",
    ({ predicate }) => Object.assign(nth(predicate.keys, 0).jwk, { x: randomBytes(32).toString("base64url") }),
    ["signature", "key"],
  ],
  [
    "a key that its signer has confirmed",
    (statement) => Object.assign(nth(eventsOf(statement, "signing_key.confirmed"), 0).event, { actor: "sovereign" }),
    ["inclusion", "key"],
  ],
  [
    "a revoked grant that is shown as used",
    ({ predicate }) => Object.assign(predicate.grant, { status: "revoked" }),
    ["status", "use"],
  ],
  ["a use by somebody else", ({ predicate }) => Object.assign(predicate.receipt, { consumed_by: "somebody" }), ["use"]],
  [
    "another fence",
    ({ predicate: { receipt } }) => Object.assign(receipt, { fencing_token: receipt.fencing_token + 1 }),
    ["fence"],
  ],
  [
    "the use left out",
    (statement) => leaveOut(statement, nth(eventsOf(statement, "grant.consumed"), 0)),
    ["status", "use"],
  ],
];

const runs: Alteration[] = [
  ["the run left out", ({ predicate }) => Object.assign(predicate, { run: null }), ["run"]],
  ["a run of another grant", ({ predicate }, { run }) => Object.assign(predicate, { run }), ["run", "left"]],
  ["a state left out", (statement) => leaveOut(statement, nth(eventsOf(statement, "run.state_ok"), 2)), ["states"]],
  [
    "what a state has left",
    ({ predicate }) => Object.assign(nth(predicate.run.states, 4), { detail: { admitted: 0 } }),
    ["left"],
  ],
  [
    "a run that is said to have ended otherwise",
    ({ predicate }) => Object.assign(predicate.run, { status: "stopped" }),
    ["run"],
  ],
  ["an event twice", ({ predicate: { events } }) => events.push(nth(events, -1)), ["inclusion"]],
  [
    "an event with other words",
    ({ predicate }) => Object.assign(nth(predicate.events, 0).event, { actor: "somebody" }),
    ["inclusion", "key"],
  ],
  [
    "the head of another size",
    ({ predicate: { log } }) => Object.assign(log, { size: log.size + 1 }),
    ["head", "inclusion"],
  ],
  [
    "a statement of another kind",
    (statement) => Object.assign(statement, { predicateType: "https://example.com/v1" }),
    ["form"],
  ],
];

t.test(
  "OPEN-5 whoever rewrites the evidence, with the log's own key too, is found out by the claim that it touches",
  async (t) => {
    const { service, signer, trusted } = await evidencePlace(t);
    const key = await usableKey(service);
    const made: string[] = [];
    for (const count of [2, 3]) {
      const prepared = await prepareCommit(service, { manifest: manifest(count) }, { key });
      await expectStatus(startRun(service, prepared), 202);
      t.match(await untilRun(service, prepared.root), { status: "succeeded" });
      made.push(await evidence(service, `runs/${prepared.root}`));
    }
    const [file = "", other = ""] = made;
    t.same(names(file, trusted), []);
    const unchanged = forged(file, signer, () => undefined);
    t.same(names(unchanged, trusted), [], "the control: signed anew as it was");
    for (const [what, change, claims] of [...approvals, ...grants, ...runs]) {
      const { predicate: elsewhere } = statementOf(other);
      const found = names(
        forged(file, signer, (statement) => void change(statement, elsewhere)),
        trusted,
      );
      for (const claim of claims) t.ok(found.includes(claim), `${what}: ${claim}, of ${found.join()}`);
    }

    const own = logSigner("log.example/bundles", randomBytes(32));
    const taking = forged(file, { ...own, also: [signer] }, () => undefined);
    t.same(names(taking, trusted), [], "a new key with the known one beside it");
    t.same(
      names(
        forged(file, own, () => undefined),
        trusted,
      ),
      ["envelope"],
      "a key of one's own under the log's name",
    );
    t.same(
      names(file, { logKeys: [readVerifierKey(verifierKey(own.key))] }),
      ["envelope", "head"],
      "whoever trusts another key has nothing but the file's word",
    );
    t.same(names(file, { logKeys: [] }), ["envelope", "head"], "no key is taken from the file");
  },
);

t.test(
  "OPEN-5 a second use that is left out is found with the whole log, and a rewritten log with a head that was kept",
  async (t) => {
    const { service, signer, trusted } = await evidencePlace(t);
    const code = await mintGrant(service);
    await expectStatus(consume(service, code, "once"), 200);
    const early = await evidence(service, `grants/${code}`);
    t.same(names(early, trusted), []);
    const whole = await exported(service);
    t.match(statusOf(check(early, { ...trusted, readWhole: wholeLog(whole) })), { complete: "proved" });
    t.match(statusOf(check(early, trusted)), {
      complete: "not claimed",
      earlier: "not claimed",
      witness: "not claimed",
    });

    await ask(
      service.stage.names.superUrl,
      `INSERT INTO audit_events (actor, action, resource_type, resource_id, request_id, before, after, digests)
     SELECT actor, action, resource_type, resource_id, request_id, before, after || '{"idempotency_root": "twice"}', digests
       FROM audit_events WHERE action = 'grant.consumed'`,
    );
    const grown = await evidence(service, `grants/${code}`);
    t.same(names(grown, trusted), ["status", "use"], "as it is told, the second use is seen");
    const hushed = forged(grown, signer, (statement) => {
      leaveOut(statement, nth(eventsOf(statement, "grant.consumed"), 1));
    });
    t.same(names(hushed, trusted), [], "one who has the log's key can leave it out of the file");
    const all = await exported(service);
    t.same(names(hushed, { ...trusted, readWhole: wholeLog(all) }), ["complete"], "and not out of the log");
    t.same(
      names(hushed, { ...trusted, readWhole: wholeLog(all.filter((line) => !line.includes('"twice"'))) }),
      ["complete"],
      "nor out of an export of it",
    );

    const kept = statementOf(early).predicate.log.note;
    const size = (file: string): number => statementOf(file).predicate.log.size;
    const path = `/v1/audit/proofs/consistency?first=${size(early)}&second=${size(grown)}`;
    const { body: proof } = await expectStatus(service.call("GET", path, { as: "auditor" }), 200);
    const since = { ...trusted, earlier: [kept] };
    t.match(statusOf(check(grown, { ...since, consistency: [proof] })), { earlier: "proved" });
    t.match(statusOf(check(grown, { ...since, readWhole: wholeLog(all) })), { earlier: "proved" });
    t.match(statusOf(check(early, since)), { earlier: "proved" }, "the same head");
    t.ok(names(grown, since).includes("earlier"), "without a proof it is not proved");
    const wrong = { ...proof, path: [...(proof["path"] as unknown as string[])].toReversed() };
    t.ok(names(grown, { ...since, consistency: [wrong] }).includes("earlier"), "nor with another");

    const { privateKey, publicKey } = generateKeyPairSync("ed25519");
    const witness = noteKey("witness.example/w1", publicKey, "cosignature");
    const watched = { ...trusted, witnesses: [readVerifierKey(verifierKey(witness))] };
    const line = formatSignature(cosign(parseNote(kept).text, witness, privateKey, 1_700_000_000));
    const seen = forged(early, signer, ({ predicate }) => Object.assign(predicate.log, { note: kept + line }));
    t.match(statusOf(check(seen, watched)), { witness: "proved", head: "proved" });
    t.same(names(early, watched), ["witness"], "a head that the witness has not signed");
    const later = forged(grown, signer, ({ predicate }) => {
      Object.assign(predicate.log, { note: predicate.log.note + line });
    });
    t.ok(names(later, watched).includes("witness"), "nor does its signature stand under another head");
  },
);
