#!/usr/bin/env node
// Checks a file of evidence without the service that has made it, and without any of its code. Needs Node 20 or newer and nothing else.
//
//   node verify.mjs evidence.json --log-key '<verifier key>' [--witness '<verifier key>']... [--signer '<public JWK>']... [--json]
//
// The keys come from somewhere else than the file: from the operator's page, an earlier audit, a witness. README.md beside this file has the
// steps in words, so that they can be written in another language. Exit status: 0 all claims are proved, 1 one is not, 2 it cannot be read.
import { createHash, createPublicKey, verify } from "node:crypto";
import { readFileSync } from "node:fs";
import process from "node:process";

// --- canonical JSON (RFC 8785) -------------------------------------------------------------------------------------------------------

/** Numbers and strings are written by JSON.stringify as ECMAScript says, which is what RFC 8785 asks for; keys sort by UTF-16 units. */
export function canonical(value) {
  if (value === null || typeof value === "boolean" || typeof value === "string") return JSON.stringify(value);
  if (typeof value === "number") {
    if (!Number.isFinite(value)) throw new Error("no JSON number");
    return JSON.stringify(value);
  }
  if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
  const keys = Object.keys(value).sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
  return `{${keys.map((key) => `${JSON.stringify(key)}:${canonical(value[key])}`).join(",")}}`;
}

const sha256 = (...parts) => parts.reduce((hash, part) => hash.update(part), createHash("sha256")).digest();
const digestOf = (value) => `sha256:${sha256(canonical(value)).toString("hex")}`;

/** Base64 in its one spelling. */
function base64(text) {
  const bytes = Buffer.from(text, "base64");
  if (bytes.toString("base64") !== text) throw new Error("base64 in another spelling");
  return bytes;
}

// --- keys and signed notes (C2SP signed-note, tlog-cosignature) -----------------------------------------------------------------------

const spki = Buffer.from("302a300506032b6570032100", "hex");
const ed25519 = (raw) => createPublicKey({ key: Buffer.concat([spki, raw]), format: "der", type: "spki" });

export function readVerifierKey(text) {
  const [, name, id, encoded] = /^([^+\s]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/]+={0,2})$/.exec(text) ?? [];
  if (name === undefined) throw new Error("that is no verifier key");
  const bytes = base64(encoded);
  const type = bytes[0];
  if (bytes.length !== 33 || (type !== 1 && type !== 4)) throw new Error("that is no Ed25519 verifier key");
  const own = sha256(`${name}\n`, bytes).subarray(0, 4);
  if (own.toString("hex") !== id) throw new Error("the id of the verifier key is not that of its key");
  return { text, name, id: own, type, key: ed25519(bytes.subarray(1)) };
}

function readNote(note) {
  const split = note.lastIndexOf("\n\n");
  if (split < 0 || !note.endsWith("\n")) throw new Error("that is no signed note");
  const signatures = note
    .slice(split + 2, -1)
    .split("\n")
    .map((line) => {
      const [, name, encoded] = /^— (\S+) (\S+)$/.exec(line) ?? [];
      if (name === undefined) throw new Error("a signature line has another form");
      const bytes = base64(encoded);
      return { name, id: bytes.subarray(0, 4), signature: bytes.subarray(4) };
    });
  return { text: note.slice(0, split + 1), signatures };
}

/** Whether the key has signed the note; a cosignature has the time of signing before it. */
function noteSignedBy({ text, signatures }, key) {
  const own = signatures.filter(({ name, id }) => name === key.name && id.equals(key.id));
  return own.length > 0 && own.every(({ signature }) => {
    if (key.type === 1) return verify(null, Buffer.from(text), key.key, signature);
    if (signature.length !== 72) return false;
    const message = Buffer.from(`cosignature/v1\ntime ${signature.readBigUInt64BE(0)}\n${text}`);
    return verify(null, message, key.key, signature.subarray(8));
  });
}

// --- the Merkle tree (RFC 9162, 2.1.3.2) ------------------------------------------------------------------------------------------------

const leafHash = (entry) => sha256(Uint8Array.of(0), entry);
const nodeHash = (left, right) => sha256(Uint8Array.of(1), left, right);

export function included(leaf, size, hash, path, root) {
  if (!Number.isSafeInteger(leaf) || !Number.isSafeInteger(size) || leaf < 0 || leaf >= size) return false;
  let [fn, sn, node] = [leaf, size - 1, hash];
  for (const sibling of path) {
    if (sn === 0 || sibling.length !== 32) return false;
    if (fn % 2 === 1 || fn === sn) {
      node = nodeHash(sibling, node);
      while (fn % 2 === 0 && fn !== 0) [fn, sn] = [fn / 2, Math.floor(sn / 2)];
    } else node = nodeHash(node, sibling);
    [fn, sn] = [Math.floor(fn / 2), Math.floor(sn / 2)];
  }
  return sn === 0 && node.equals(root);
}

/** The entry of a leaf: the event, with digests in place of the states before and after it. */
function entryOf({ before, after, ...said }) {
  return canonical({ ...said, before: before === null ? null : digestOf(before), after: after === null ? null : digestOf(after) });
}

// --- signatures of people (RFC 7515 with a detached payload) ------------------------------------------------------------------------------

function jwsHolds(jws, payload, jwk) {
  const [header, empty, signature, ...more] = jws.split(".");
  if (empty !== "" || more.length > 0) return false;
  const { alg } = JSON.parse(Buffer.from(header, "base64url").toString());
  const bytes = Buffer.from(signature, "base64url");
  if (bytes.toString("base64url") !== signature || Buffer.from(header, "base64url").toString("base64url") !== header) return false;
  const message = Buffer.from(`${header}.${Buffer.from(payload).toString("base64url")}`);
  const key = createPublicKey({ key: jwk, format: "jwk" });
  if (alg === "EdDSA") return jwk.crv === "Ed25519" && verify(null, message, key, bytes);
  if (alg === "ES256") return jwk.crv === "P-256" && verify("sha256", message, { key, dsaEncoding: "ieee-p1363" }, bytes);
  return false;
}

/** RFC 7638: the name of a public key by its content. */
function thumbprint(jwk) {
  const { crv, kty, x, y } = jwk;
  return sha256(canonical(y === undefined ? { crv, kty, x } : { crv, kty, x, y })).toString("base64url");
}

// --- the claims --------------------------------------------------------------------------------------------------------------------------

/**
 * @param text the file as it stands
 * @param trusted verifier keys of the log and of witnesses, and public JWKs of people, all from elsewhere
 * @returns each claim with whether it is proved, and why or by what
 */
export function check(text, { logKeys, witnesses = [], signers = [] }) {
  const claims = [];
  const claim = (name, proved, detail) => claims.push({ claim: name, proved: proved === true, detail });
  const attempt = (name, detail, work) => {
    try {
      claim(name, work(), detail);
    } catch (error) {
      claim(name, false, `${detail} ${error.message}`);
    }
  };

  const envelope = JSON.parse(text);
  claim("form", canonical(envelope) === text.replace(/\n$/, ""), "The file is in the one canonical form of what it says.");
  const payload = base64(envelope.payload);
  const statement = JSON.parse(payload.toString("utf8"));
  claim("statement", canonical(statement) === payload.toString("utf8") && statement._type === "https://in-toto.io/Statement/v1" && statement.predicateType === "https://countersign.dev/evidence/v1", "The payload is an in-toto statement of this kind, canonical.");
  attempt("envelope", "The envelope is signed with a key of the log that you trust.", () => {
    const type = envelope.payloadType;
    const message = Buffer.concat([Buffer.from(`DSSEv1 ${Buffer.byteLength(type)} ${type} ${payload.length} `), payload]);
    return type === "application/vnd.in-toto+json" && envelope.signatures.length > 0 && envelope.signatures.every(({ keyid, sig }) => {
      const key = logKeys.find((one) => one.text === keyid);
      return key !== undefined && verify(null, message, key.key, base64(sig));
    });
  });

  const { request, votes, grant, run, events, log } = statement.predicate;
  const note = readNote(log.note);
  const [origin, size, root] = note.text.split("\n");
  attempt("head", `The head of ${size} leaves is signed with a key of the log that you trust.`, () => logKeys.some((key) => noteSignedBy(note, key)) && origin === log.origin && Number(size) === log.size);
  for (const witness of witnesses) attempt("witness", `${witness.name} has signed the same head.`, () => noteSignedBy(note, witness));

  let last = -1;
  const inLog = events.map(({ event, leaf, path }) => {
    const ordered = leaf > last;
    last = leaf;
    return ordered && included(leaf, log.size, leafHash(Buffer.from(entryOf(event))), path.map(base64), base64(root));
  });
  claim("inclusion", inLog.length > 0 && inLog.every(Boolean), `${inLog.filter(Boolean).length} of ${inLog.length} events are in the log of that head, in its order.`);

  const of = (type, id, action) => events.map(({ event }) => event).filter((event) => event.resource_type === type && event.resource_id === id && (action === undefined || event.action === action));
  const content = JSON.parse(request.content);
  attempt("request", `${request.apr_code} was submitted by ${request.requested_by} with this very content.`, () => {
    const [submitted, ...more] = of("approval_request", request.apr_code, "approval_request.submitted");
    const digest = `sha256:${sha256(request.content).toString("hex")}`;
    return more.length === 0 && canonical(content) === request.content && digest === request.apr_digest && submitted.actor === request.requested_by && submitted.digests.apr_digest === digest && statement.subject[0].digest.sha256 === digest.slice(7);
  });
  attempt("votes", "Each vote is in the log, by who cast it, on that content; one a person.", () => {
    const cast = of("approval_request", request.apr_code, "approval_request.voted");
    return cast.length === votes.length && new Set(votes.map(({ voter }) => voter)).size === votes.length && votes.every((vote) => vote.apr_digest === request.apr_digest && cast.some((event) => event.actor === vote.voter && event.after.decision === vote.decision && event.after.reason === vote.reason && event.digests.apr_digest === vote.apr_digest));
  });
  attempt("quorum", "Enough people approved it, none of whom asked for it or executes it.", () => {
    const { quorum, council_quorum } = of("approval_request", request.apr_code, "approval_request.submitted")[0].after;
    const approvals = votes.filter(({ decision }) => decision === "approve");
    const independent = approvals.every(({ voter }) => voter !== request.requested_by && voter !== grant.bindings.executor);
    return independent && votes.every(({ decision }) => decision !== "reject") && approvals.length >= quorum && approvals.filter(({ council }) => council).length >= council_quorum;
  });
  attempt("grant", `${grant.auth_code} was minted once, for that request and for this change.`, () => {
    const [minted, ...more] = of("grant", grant.auth_code, "grant.minted");
    return more.length === 0 && grant.request_ref === request.apr_code && minted.after.request_ref === request.apr_code && minted.digests.apr_digest === request.apr_digest && minted.digests.manifest_digest === grant.bindings.manifest_digest && minted.digests.bindings_digest === digestOf(grant.bindings) && minted.after.expires_at === grant.expires_at && minted.after.mode === grant.mode;
  });
  if (grant.mode === "commit") {
    attempt("signature", `${grant.signature?.signer} signed this grant with the key ${grant.signature?.kid}.`, () => {
      const { jws, payload: signed, jwk, kid, signer } = grant.signature;
      const said = JSON.parse(signed);
      const active = of("grant", grant.auth_code, "grant.active");
      return canonical(said) === signed && said.auth_code === grant.auth_code && said.apr_digest === request.apr_digest && said.expires_at === grant.expires_at && Object.entries(said.bindings).every(([name, value]) => canonical(grant.bindings[name] ?? null) === canonical(value)) && jwsHolds(jws, signed, jwk) && active.length === 1 && active[0].actor === signer && active[0].after.kid === kid && active[0].after.payload_digest === `sha256:${sha256(signed).toString("hex")}`;
    });
    attempt("key", "The key was confirmed by somebody else before it signed, and is one that you trust.", () => {
      const { kid, jwk, signer } = grant.signature;
      const [registered] = of("signing_key", kid, "signing_key.registered");
      const [confirmed] = of("signing_key", kid, "signing_key.confirmed");
      const active = of("grant", grant.auth_code, "grant.active")[0];
      const known = signers.length === 0 || signers.some((trusted) => thumbprint(trusted) === thumbprint(jwk));
      return known && registered.actor === signer && confirmed.actor !== signer && confirmed.seq < active.seq;
    });
  }
  const used = of("grant", grant.auth_code, "grant.consumed");
  if (grant.status === "consumed") {
    attempt("use", `It was used by ${grant.consumed_by}, before ${grant.expires_at}.`, () => {
      const [event] = used;
      return event.actor === grant.bindings.executor && event.actor === grant.consumed_by && event.occurred_at.slice(0, 23) < grant.expires_at && event.after.idempotency_root === grant.idempotency_root;
    });
  }
  claim("once", used.length === (grant.status === "consumed" ? 1 : 0), `The events given here show ${used.length} use(s). That no other is left out is shown by the whole log: \`countersign audit export\` and \`audit verify\`.`);
  if (run !== null) {
    attempt("run", `The run ${run.idempotency_root} ended as ${run.status}, under this grant and in this order.`, () => {
      const told = of("run", run.idempotency_root);
      const ends = told.filter(({ action }) => action === `run.${run.status}`);
      const done = told.filter(({ action }) => action === "run.state_ok").map(({ after }) => after.state);
      const shown = run.states.filter(({ status }) => status === "ok").map(({ state }) => state);
      return run.auth_code === grant.auth_code && run.manifest_digest === grant.bindings.manifest_digest && ends.length === 1 && canonical(done) === canonical(shown);
    });
  }
  return claims;
}

// --- the command -------------------------------------------------------------------------------------------------------------------------

function main(words) {
  const trusted = { logKeys: [], witnesses: [], signers: [] };
  let file;
  let json = false;
  for (let at = 0; at < words.length; at += 1) {
    if (words[at] === "--log-key") trusted.logKeys.push(readVerifierKey(words[(at += 1)]));
    else if (words[at] === "--witness") trusted.witnesses.push(readVerifierKey(words[(at += 1)]));
    else if (words[at] === "--signer") trusted.signers.push(JSON.parse(words[(at += 1)]));
    else if (words[at] === "--json") json = true;
    else file = words[at];
  }
  if (file === undefined || trusted.logKeys.length === 0) throw new Error("say which file, and which --log-key you trust");
  const claims = check(readFileSync(file, "utf8"), trusted);
  if (json) console.log(JSON.stringify(claims, null, 2));
  else for (const { claim, proved, detail } of claims) console.log(`${proved ? "proved    " : "NOT PROVED"}  ${claim.padEnd(10)} ${detail}`);
  process.exitCode = claims.every(({ proved }) => proved) ? 0 : 1;
}

if (process.argv[1] !== undefined && import.meta.url.endsWith(process.argv[1].split("/").at(-1))) {
  try {
    main(process.argv.slice(2));
  } catch (error) {
    console.error(`verify: ${error.message}`);
    process.exitCode = 2;
  }
}
