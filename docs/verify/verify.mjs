#!/usr/bin/env node
// Checks a file of evidence without the service that has made it, and without any of its code. Needs Node 20 or newer and nothing else.
//
//   node verify.mjs evidence.json --log-key '<verifier key>' [options]
//
//   --log-key KEY         a key of the log that you trust; may be given more than once, as may the next three
//   --witness KEY         a witness that must have signed the same head
//   --signer JWK          the public key of a sovereign (or a file with it); where any is given, no other key's signature is good enough
//   --earlier FILE        a signed head of the log that you have kept: it must be the beginning of this one
//   --consistency FILE    what shows that: the answer of GET /v1/audit/proofs/consistency; an export does as well
//   --export FILE         the whole log (`countersign audit export`, and the files of retained months): then also that nothing was left out,
//                         and what has come since
//   --about NAME          the grant or run that it is to be of
//   --digest DIGEST       the digest of the request that you have read yourself
//   --json                the claims as JSON
//
// Each claim is proved, not proved, or not claimed, with the reason. Exit status: 0 if no claim is left unproved, 1 if one is, 2 if the
// file cannot be read. No key is taken from the file: what it says of itself is shown and not believed. README.md beside this file has the
// steps in words, so that they can be written in another language.
import { createHash, createPublicKey, verify } from "node:crypto";
import { closeSync, existsSync, openSync, readFileSync, readSync, realpathSync } from "node:fs";
import process from "node:process";
import { pathToFileURL } from "node:url";

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
  return { text, name, id: own, type, bytes, key: ed25519(bytes.subarray(1)) };
}

const generation = /^(.+)\/g([2-9]|[1-9]\d+)$/;
const firstName = (origin) => generation.exec(origin)?.[1] ?? origin;
const generationOf = (origin) => Number(generation.exec(origin)?.[2] ?? 1);

/** The log goes on as `<name>/g2`, `/g3` … with the same key once its database was restored: your keys, under the name that it has. */
function underName(keys, origin) {
  return keys.map((key) => {
    if (key.name === origin || key.type !== 1 || firstName(key.name) !== firstName(origin)) return key;
    const id = sha256(`${origin}\n`, key.bytes).subarray(0, 4);
    return { ...key, name: origin, id, text: `${origin}+${id.toString("hex")}+${key.bytes.toString("base64")}` };
  });
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

/** Whether two keys are one key of one log, whatever name it had. */
const isSameKey = (one, other) => one.type === 1 && other.type === 1 && firstName(one.name) === firstName(other.name) && one.bytes.equals(other.bytes);

/**
 * From the keys that you have to those that the log has had since, and to the names that it has had. A key is vouched for by the signature
 * of the one before it, and by the event that says so, in a head that the one before has signed; a name by its event, in a head under it.
 * @returns all keys, and each step in words with the name that it leads to
 */
function follow(trusted, links) {
  const [keys, steps] = [[...trusted], []];
  for (let left = [...links], before = -1; left.length !== before; ) {
    before = left.length;
    left = left.filter((link) => {
      const step = stepOf(link, keys);
      if (step === undefined) return true;
      if (step.key !== undefined && !keys.some((key) => isSameKey(key, step.key))) keys.push(step.key);
      steps.push(step);
      return false;
    });
  }
  return { keys, steps };
}

function stepOf({ event, leaf, path, note: text }, keys) {
  try {
    const { action, before, after } = event;
    const isKey = action === "audit_log.key_added";
    if (event.resource_type !== "audit_log" || (!isKey && action !== "audit_log.renamed")) return undefined;
    const added = readVerifierKey(after.verifier_key);
    const voucher = isKey ? readVerifierKey(before.verifier_key) : added;
    const { note, origin, size, root } = headOf(text);
    const [signer] = underName([voucher], origin);
    const proved =
      keys.some((key) => isSameKey(key, voucher)) &&
      added.type === 1 &&
      firstName(added.name) === firstName(origin) &&
      signer.name === origin &&
      noteSignedBy(note, signer) &&
      included(leaf, size, leafHash(Buffer.from(entryOf(event))), path.map(base64), root);
    if (!proved) return undefined;
    if (isKey) {
      const succession = readNote(after.note);
      const said = `countersign.dev/log-key/v1\n${voucher.text}\n${added.text}\n`;
      if (succession.text !== said || ![voucher, added].every((key) => noteSignedBy(succession, key))) return undefined;
      return { claim: "log-key", key: added, detail: `The key ${added.text} of the log is vouched for by ${voucher.text} at leaf ${leaf}.` };
    }
    const later = firstName(before.origin) === firstName(added.name) && generationOf(before.origin) < generationOf(added.name) && generationOf(added.name) <= generationOf(origin);
    const first = readNote(after.note);
    if (!later || before.size > leaf || first.text !== `${added.name}\n${before.size}\n${before.root}\n` || !noteSignedBy(first, added)) return undefined;
    return { claim: "log-name", name: added.name, detail: `The log is called ${added.name} since its database was restored (leaf ${leaf}); it was ${before.origin} until then, with ${before.size} leaves.` };
  } catch {
    // It is not what a link looks like.
    return undefined;
  }
}

// --- the Merkle tree (RFC 9162, 2.1.3.2) ------------------------------------------------------------------------------------------------

const leafHash = (entry) => sha256(Uint8Array.of(0), entry);
const nodeHash = (left, right) => sha256(Uint8Array.of(1), left, right);

export function included(leaf, size, hash, path, root) {
  if (!Number.isSafeInteger(leaf) || !Number.isSafeInteger(size) || leaf < 0 || leaf >= size) return false;
  if (hash.length !== 32 || root.length !== 32) return false;
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

/** RFC 9162, 2.1.4.2: whether the tree of `second` leaves begins with that of `first`. */
export function consistent(first, second, path, firstRoot, secondRoot) {
  if (!Number.isSafeInteger(first) || !Number.isSafeInteger(second) || first <= 0 || first > second) return false;
  if (first === second) return path.length === 0 && firstRoot.equals(secondRoot);
  if (firstRoot.length !== 32 || secondRoot.length !== 32) return false;
  const way = [...path];
  if (Number.isInteger(Math.log2(first))) way.unshift(firstRoot);
  let [fn, sn] = [first - 1, second - 1];
  while (fn % 2 === 1) [fn, sn] = [Math.floor(fn / 2), Math.floor(sn / 2)];
  const start = way.shift();
  if (start === undefined || start.length !== 32) return false;
  let [was, is] = [start, start];
  for (const hash of way) {
    if (sn === 0 || hash.length !== 32) return false;
    if (fn % 2 === 1 || fn === sn) {
      [was, is] = [nodeHash(hash, was), nodeHash(hash, is)];
      while (fn % 2 === 0 && fn !== 0) [fn, sn] = [fn / 2, Math.floor(sn / 2)];
    } else is = nodeHash(is, hash);
    [fn, sn] = [Math.floor(fn / 2), Math.floor(sn / 2)];
  }
  return sn === 0 && was.equals(firstRoot) && is.equals(secondRoot);
}

/** The entry of a leaf: the event, with digests in place of the states before and after it. */
function entryOf({ before, after, ...said }) {
  return canonical({ ...said, before: before === null ? null : digestOf(before), after: after === null ? null : digestOf(after) });
}

/** A tree that grows a leaf at a time, and knows its root at any moment. */
class Tree {
  size = 0;
  #peaks = [];

  add(hash) {
    let peak = { hash, height: 0 };
    while (this.#peaks.at(-1)?.height === peak.height) peak = { hash: nodeHash(this.#peaks.pop().hash, peak.hash), height: peak.height + 1 };
    this.#peaks.push(peak);
    this.size += 1;
  }

  root() {
    return this.#peaks.map(({ hash }) => hash).reduceRight((right, left) => nodeHash(left, right));
  }
}

// --- signatures of people (RFC 7515 with a detached payload) ------------------------------------------------------------------------------

function jwsHolds(jws, payload, jwk, kid) {
  const [header, empty, signature, ...more] = jws.split(".");
  if (empty !== "" || more.length > 0) return false;
  const { alg, ...named } = JSON.parse(Buffer.from(header, "base64url").toString());
  if (canonical(named) !== canonical({ kid })) return false;
  const bytes = Buffer.from(signature, "base64url");
  if (bytes.toString("base64url") !== signature || Buffer.from(header, "base64url").toString("base64url") !== header) return false;
  const message = Buffer.from(`${header}.${Buffer.from(payload).toString("base64url")}`);
  const key = createPublicKey({ key: jwk, format: "jwk" });
  if (alg === "EdDSA") return jwk.crv === "Ed25519" && verify(null, message, key, bytes);
  if (alg === "ES256") return jwk.crv === "P-256" && verify("sha256", message, { key, dsaEncoding: "ieee-p1363" }, bytes);
  return false;
}

// --- signatures of people with passkeys (WebAuthn Level 3, 7.2) ----------------------------------------------------------------------------

/** Base64url in its one spelling. */
function base64url(text) {
  const bytes = Buffer.from(text, "base64url");
  if (bytes.toString("base64url") !== text) throw new Error("base64url in another spelling");
  return bytes;
}

/** A JSON text in which no object has a name twice: two readers could see two of them. */
function readOnce(text) {
  const value = JSON.parse(text);
  const open = [];
  let last;
  for (const [token] of text.matchAll(/"(?:[^"\\]|\\.)*"|[{}[\]:,]|[^\s{}[\]:,"]+/g)) {
    if (token === "{" || token === "[") open.push(new Set());
    else if (token === "}" || token === "]") open.pop();
    else if (token === ":") {
      const name = JSON.parse(last);
      if (open.at(-1).has(name)) throw new Error("a name stands twice");
      open.at(-1).add(name);
    }
    last = token;
  }
  return value;
}

/** Whether a passkey of this relying party is used at this origin: of that host, by https, or on the machine itself. */
function isOriginOf(origin, rpId) {
  const [, scheme, host] = /^(https?):\/\/([a-z0-9.-]+)(?::[1-9]\d{0,4})?$/.exec(origin) ?? [];
  return typeof origin === "string" && host === rpId && (scheme === "https" || /^(?:.+\.)?localhost$/.test(host));
}

/** What an assertion says of where it was made. */
const clientDataOf = ({ client_data_json: encoded }) => readOnce(new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(base64url(encoded)));

/** What is wrong with an assertion whose challenge should be the digest of the payload. */
function assertionFaults({ rp_id: rpId, ...assertion }, payload, { jwk, alg }) {
  const [data, client, signature] = ["authenticator_data", "client_data_json", "signature"].map((name) => base64url(assertion[name]));
  const said = clientDataOf(assertion);
  const flags = data[32];
  const message = Buffer.concat([data, sha256(client)]);
  const key = createPublicKey({ key: jwk, format: "jwk" });
  const holds = alg === "EdDSA" ? jwk.crv === "Ed25519" && verify(null, message, key, signature) : alg === "ES256" && jwk.crv === "P-256" && verify("sha256", message, key, signature);
  return [
    unless(said.type === "webauthn.get", "the browser was asked for something else than a signature"),
    unless(said.challenge === sha256(payload).toString("base64url"), "the challenge is not the digest of these bytes"),
    unless(isOriginOf(said.origin, rpId), `it was made at ${said.origin}, which is not of ${rpId}`),
    unless(said.crossOrigin === undefined || said.crossOrigin === false, "it was made in a frame of another origin"),
    unless(said.topOrigin === undefined || isOriginOf(said.topOrigin, rpId), "it was made in a page of another origin"),
    unless(data.length === 37 && (flags & 0xc0) === 0, "the authenticator says more than what it was asked for"),
    unless(data.subarray(0, 32).equals(sha256(rpId)), `the authenticator did not sign for ${rpId}`),
    unless((flags & 1) === 1 && (flags & 4) === 4, "nobody was there, or was recognised"),
    unless((flags & 0x18) !== 0x10, "it is backed up, and says that it cannot be"),
    unless(holds, "the signature is not by that key over these bytes"),
  ];
}

/** RFC 7638: the name of a public key by its content. */
function thumbprint(jwk) {
  const { crv, kty, x, y } = jwk;
  return sha256(canonical(y === undefined ? { crv, kty, x } : { crv, kty, x, y })).toString("base64url");
}

// --- what is looked at --------------------------------------------------------------------------------------------------------------------

const statementType = "https://in-toto.io/Statement/v1";
const predicateType = "https://countersign.dev/evidence/v1";
const same = (one, other) => canonical(one ?? null) === canonical(other ?? null);
const hashOf = (text) => `sha256:${sha256(text).toString("hex")}`;
/** The time of an event, which has microseconds, against one in milliseconds. */
const before = (occurred, limit) => occurred.slice(0, 23) < limit;
/** A time in the file is from the transaction that wrote the event, and of the same clock: no transaction takes a minute. */
const near = (time, event) => event !== undefined && /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/.test(time) && Math.abs(Date.parse(event.occurred_at) - Date.parse(time)) < 60_000;
/** A time that is there if there is an event of it, and is that of the event. */
const dated = (time, event) => (event === undefined ? time === null || time === undefined : near(time, event));

/** What a file says is shown in one line, and moves nothing on a terminal. */
const visible = (text) => text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu, (one) => `\\u{${one.codePointAt(0).toString(16)}}`);

/** Collects claims. A claim that cannot be looked at, because something is missing or of another shape, is not proved. */
class Report {
  claims = [];

  say(claim, status, detail) {
    this.claims.push({ claim, status, proved: status === "proved", detail: visible(detail) });
  }

  /** @param work answers a list of what is wrong: none, and it is proved */
  look(claim, detail, work) {
    let wrong;
    try {
      wrong = work().filter((one) => typeof one === "string");
    } catch (error) {
      wrong = [`it cannot be looked at: ${error.message}`];
    }
    this.say(claim, wrong.length === 0 ? "proved" : "not proved", wrong.length === 0 ? detail : `${detail} But ${wrong.join("; ")}.`);
  }

  skip(claim, detail) {
    this.say(claim, "not claimed", detail);
  }
}

/** The rule of a list of checks: `unless(holds, what is wrong)`. */
const unless = (holds, wrong) => (holds === true ? true : wrong);

class Evidence {
  constructor(predicate) {
    for (const name of ["made_at", "request", "votes", "grant", "receipt", "keys", "run", "step", "events", "log"]) this[name] = predicate[name];
    this.told = predicate.events.map(({ event }) => event);
    const signature = this.grant?.signature ?? this.step?.record?.signature ?? null;
    this.signature = signature;
    this.key = signature === null ? undefined : this.keys.find(({ kid }) => kid === signature.kid);
  }

  /** A key or a plan may have been registered in a month that is not in the database any more: the whole log has the rest of its history. */
  addOlder(found) {
    const events = found.map((one) => JSON.parse(one)).filter(({ resource_type: type }) => ["signing_key", "plan"].includes(type));
    this.told = [...this.told, ...events.filter(({ seq }) => !this.told.some((one) => one.seq === seq))].sort((one, other) => one.seq - other.seq);
  }

  of(type, id, action) {
    return this.told.filter((event) => event.resource_type === type && event.resource_id === id && (action === undefined || event.action === action));
  }

  ofRequest(action) {
    return this.of("approval_request", this.request.apr_code, action && `approval_request.${action}`);
  }

  ofGrant(action) {
    return this.of("grant", this.grant.auth_code, action && `grant.${action}`);
  }

  ofRun(action) {
    return this.of("run", this.run.idempotency_root, action && `run.${action}`);
  }

  /** Whose whole history is in the file, where none is left out; of a lease only what the run took. */
  subjects() {
    const { request, grant, keys, run, step } = this;
    return [
      ...(request === null ? [] : [["approval_request", request.apr_code]]),
      ...(grant === null ? [] : [["grant", grant.auth_code]]),
      ...keys.map(({ kid }) => ["signing_key", kid]),
      // Where the file has no run, the log may have one that used the grant.
      ...(run === null && grant?.idempotency_root == null ? [] : [["run", (run ?? grant).idempotency_root]]),
      ...(step === null ? [] : [["plan", `${step.plan_id}/${step.revision}`]]),
      ...(step?.record ? [["proposal_approval", step.record.approval_code]] : []),
      ...(run?.rehearsal ? [["rehearsal", run.rehearsal.rehearsal_ref]] : []),
    ];
  }
}

// --- the file and the log ---------------------------------------------------------------------------------------------------------------

function lookAtFile(report, text, envelope, payload, statement, { logKeys }) {
  const said = payload.toString("utf8");
  report.look("form", "The file is in the one canonical form of what it says.", () => [
    unless(canonical(envelope) === text.replace(/\n$/, ""), "it is written in another way"),
    unless(canonical(statement) === said && Buffer.from(said).equals(payload), "the statement in it is written in another way"),
    unless(statement._type === statementType && statement.predicateType === predicateType, "the statement is of another kind"),
    unless(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/.test(statement.predicate.made_at), "the time at which it was made is none"),
  ]);
  report.look("envelope", "The envelope (DSSE) is signed with a key of the log that you trust.", () => {
    const type = envelope.payloadType;
    const message = Buffer.concat([Buffer.from(`DSSEv1 ${Buffer.byteLength(type)} ${type} ${payload.length} `), payload]);
    // While a key takes over, the one before it signs as well: one that you know is enough, and none that you know may be false.
    const known = envelope.signatures.flatMap(({ keyid, sig }) => {
      const key = logKeys.find((one) => one.text === keyid);
      return key === undefined ? [] : [unless(verify(null, message, key.key, base64(sig)), "the signature is not by that key over this statement")];
    });
    const named = envelope.signatures.map(({ keyid }) => keyid).join(" and ");
    return [
      unless(type === "application/vnd.in-toto+json", "its payload is of another type"),
      unless(known.length > 0, named === "" ? "it is not signed" : `it is signed with ${named}, which only the file itself vouches for`),
      ...known,
    ];
  });
}

/** Which keys and names the log has had since those that you have. */
function lookAtLinks(report, log, { steps }, trusted) {
  for (const { claim, detail } of steps) report.say(claim, "proved", detail);
  const isKnown = log.origin === firstName(log.origin) || trusted.logKeys.some(({ name }) => name === log.origin) || steps.some(({ name }) => name === log.origin);
  if (!isKnown) report.say("log-name", "not proved", `The log is called ${log.origin}, and nothing that your keys vouch for tells since when.`);
}

/** @returns the root that the head says, for all that follows */
function lookAtHead(report, log, { logKeys, witnesses = [] }) {
  const note = readNote(log.note);
  const [origin, size, root] = note.text.split("\n");
  report.look("head", `The head of ${log.size} leaves is signed with a key of the log ${log.origin} that you trust.`, () => [
    unless(origin === log.origin && size === String(log.size), "the head is of another log or size"),
    unless(
      logKeys.some((key) => key.name === origin && key.type === 1 && noteSignedBy(note, key)),
      `none of your keys has signed it (the file names ${log.verifier_keys.join(" and ")})`,
    ),
  ]);
  for (const witness of witnesses) {
    report.look("witness", `The witness ${witness.name} has signed the same head.`, () => [unless(noteSignedBy(note, witness), "it has not")]);
  }
  if (witnesses.length === 0) report.skip("witness", "No --witness was given: a log that shows others another history is not noticed by this file alone.");
  return base64(root);
}

function headOf(text) {
  const note = readNote(text);
  const [origin, size, root] = note.text.split("\n");
  return { note, origin, size: Number(size), root: base64(root) };
}

function lookAtEarlier(report, log, root, { logKeys, earlier = [], consistency = [], whole }) {
  if (earlier.length === 0) report.skip("earlier", "No --earlier was given: that the log only grew since a head that you have kept was not looked at.");
  for (const kept of earlier) {
    report.look("earlier", "The log is the one of the head that you have kept, and only one of the two was added to.", () => {
      const other = headOf(kept);
      const [first, second] = other.size <= log.size ? [other, { size: log.size, root }] : [{ size: log.size, root }, other];
      const proof = consistency.find((one) => one.first === first.size && one.second === second.size);
      const grown =
        first.size === second.size
          ? first.root.equals(second.root)
          : proof !== undefined
            ? consistent(first.size, second.size, proof.path.map(base64), first.root, second.root)
            : whole?.roots.get(first.size)?.equals(first.root) === true && whole.roots.get(second.size)?.equals(second.root) === true;
      return [
        unless(firstName(other.origin) === firstName(log.origin) && (other.size <= log.size ? generationOf(other.origin) <= generationOf(log.origin) : generationOf(other.origin) >= generationOf(log.origin)), "it is the head of another log"),
        unless(
          underName(logKeys, other.origin).some((key) => key.name === other.origin && noteSignedBy(other.note, key)),
          "it is not signed with a key of the log that you trust",
        ),
        unless(grown, proof === undefined && whole === undefined && first.size !== second.size ? `no proof leads from ${first.size} to ${second.size} leaves: give --consistency or --export` : "the one does not begin with the other: the log was rewritten, or its database restored from before"),
      ];
    });
  }
}

function lookAtInclusion(report, events, log, root) {
  report.look("inclusion", `All ${events.length} events are in the log of that head, in its order.`, () => {
    let [leafBefore, seqBefore] = [-1, 0];
    const wrong = events.flatMap(({ event, leaf, path }) => {
      const ordered = leaf > leafBefore && event.seq > seqBefore;
      [leafBefore, seqBefore] = [leaf, event.seq];
      if (!ordered) return [`event ${event.seq} is out of order`];
      return included(leaf, log.size, leafHash(Buffer.from(entryOf(event))), path.map(base64), root) ? [] : [`event ${event.seq} (${event.action}) is not in it`];
    });
    return [unless(events.length > 0, "there are none"), ...wrong];
  });
}

/** What came after the head of the file and makes of it another story; a key that is revoked later, or a lease that is taken again, does not. */
const contradicts = ["grant.minted", "grant.active", "grant.consumed", "grant.revoked", "grant.expired", "approval_request.voted", "approval_request.withdrawn", "proposal_approval.recorded", "proposal_approval.consumed", "proposal_approval.revoked", "run.started", "run.resumed", "run.stop_requested", "run.succeeded", "run.stopped", "run.compensation_started"];

function lookAtWhole(report, evidence, root, whole) {
  if (whole === undefined) {
    report.skip("complete", "No --export was given: the events here are in the log, and that none of these resources was left out (a second use, a vote against) was not looked at.");
    return;
  }
  const { later } = whole;
  const since = later.length === 0 ? "" : ` Behind it the export tells of more: ${later.map(({ seq, action }) => `${seq} ${action}`).join(", ")}.`;
  report.look("complete", `Up to the ${evidence.log.size} leaves of that head the whole log has no other event of these resources than the file.${since}`, () => {
    const wanted = evidence.told.filter(({ resource_type: type }) => type !== "lease").map((event) => canonical(event));
    const others = whole.found.map((one) => JSON.parse(one)).filter((event) => !wanted.includes(canonical(event)));
    const isOfIt = others.some(({ action, after }) => action === "run.started" && after.detail.auth_code === evidence.grant?.auth_code);
    const left = others.filter(({ resource_type: type }) => type !== "run" || evidence.run !== null || isOfIt);
    return [
      unless(whole.faults === 0, `${whole.faults} lines of the export have another form`),
      unless(whole.roots.get(evidence.log.size)?.equals(root) === true, "the export is not the log of that head"),
      unless(left.length === 0, `it has ${left.length} more: ${left.map(({ seq, action }) => `${seq} ${action}`).join(", ")}`),
      unless(wanted.every((event) => whole.found.includes(event)), "the file has events that the log has not"),
      unless(!later.some(({ action }) => contradicts.includes(action)), "the file is out of date: take it again"),
    ];
  });
}

function lookAtSubject(report, statement, { request, grant, run, step }, { about, digest }) {
  report.look("subject", "The digests that the statement is about are those of what it holds.", () => {
    const manifest = grant?.bindings.manifest_digest ?? run?.manifest_digest;
    const expected = [
      ...(request === null ? [] : [[`approval-request/${request.apr_code}`, hashOf(request.content)]]),
      ...(step === null ? [] : [[`plan-step/${step.plan_id}@${step.revision}/${step.step}`, hashOf(step.content)]]),
      ["manifest", manifest],
    ].map(([name, value]) => ({ name, digest: { sha256: value.slice(7) } }));
    return [unless(same(statement.subject, expected), "they are others")];
  });
  const names = [grant?.auth_code, run?.idempotency_root].filter((name) => name !== undefined);
  if (about === undefined) report.skip("about", `No --about was given. It is of ${names.join(" and ")}.`);
  else report.look("about", `It is of ${about}.`, () => [unless(names.includes(about), `it is of ${names.join(" and ")}`)]);
  if (digest !== undefined) report.look("read", `What was approved is what you have read (${digest}).`, () => [unless(request !== null && hashOf(request.content) === digest, "it is something else")]);
}

// --- the approval ------------------------------------------------------------------------------------------------------------------------

/** The least that each risk asks for. */
const least = { low: [1, 0], medium: [1, 0], high: [2, 0], sovereign: [3, 1] };

function lookAtApproval(report, evidence) {
  const { request, votes, grant } = evidence;
  report.look("request", `${request.apr_code} was submitted by ${request.requested_by}, and its canonical bytes have the digest ${request.apr_digest} that was voted on.`, () => {
    const [submitted, ...more] = evidence.ofRequest("submitted");
    return [
      unless(canonical(JSON.parse(request.content)) === request.content, "the bytes are not canonical"),
      unless(hashOf(request.content) === request.apr_digest, "the bytes have another digest"),
      unless(more.length === 0 && submitted.actor === request.requested_by && submitted.digests.apr_digest === request.apr_digest, "the log tells of another submission"),
      unless(submitted.after.risk === request.risk && submitted.after.decide_by === request.decide_by, "the log tells of another risk or time to decide"),
      unless(JSON.parse(request.content).apr_code === request.apr_code && JSON.parse(request.content).proposed_action_code === request.proposed_action_code, "the bytes are of another request"),
      unless(near(request.created_at, submitted), "it was submitted at another time"),
      // Asked for again it is answered otherwise, and keeps its first result.
      unless(request.status === "executed" && request.result === "OK" && near(request.result_at, evidence.ofRequest("executed").find(({ after }) => after.result === "OK")), "the log tells of another result"),
    ];
  });
  report.look("votes", `Each of the ${votes.length} votes is in the log, by who cast it and on that digest, one a person; no other is counted there.`, () => {
    const cast = evidence.ofRequest("voted");
    const counted = { approvals: 0, council_approvals: 0, rejections: 0 };
    return [
      unless(cast.length === votes.length, `the log tells of ${cast.length}`),
      unless(new Set(votes.map(({ voter }) => voter)).size === votes.length, "somebody has voted twice"),
      ...cast.map((event) => {
        const vote = votes.find(({ voter }) => voter === event.actor);
        if (vote === undefined) return `the vote of ${event.actor} is missing`;
        if (vote.decision === "approve") counted.approvals += 1;
        else counted.rejections += 1;
        if (vote.decision === "approve" && vote.council) counted.council_approvals += 1;
        const { approvals, council_approvals, rejections } = event.after.quorum;
        return unless(
          typeof vote.council === "boolean" && event.after.decision === vote.decision && event.after.reason === vote.reason && near(vote.voted_at, event) && vote.apr_digest === request.apr_digest && event.digests.apr_digest === request.apr_digest && same({ approvals, council_approvals, rejections }, counted),
          `the log tells the vote of ${vote.voter} in another way`,
        );
      }),
      unless(Object.entries(counted).every(([name, many]) => request.quorum[name] === many) && (cast.length === 0 || same(request.quorum, cast.at(-1).after.quorum)), "the tally is another"),
    ];
  });
  report.look("quorum", "Enough people approved it before it was granted, none of whom asked for it or executes it, and nobody was against.", () => {
    const { after } = evidence.ofRequest("submitted")[0];
    const minted = evidence.ofGrant("minted")[0];
    const cast = evidence.ofRequest("voted").filter(({ seq }) => seq < minted.seq);
    const approved = cast.filter(({ after: { decision } }) => decision === "approve").map(({ actor }) => actor);
    const council = approved.filter((voter) => votes.find((vote) => vote.voter === voter)?.council === true);
    const [people, ofCouncil] = least[after.risk];
    return [
      unless(after.quorum >= people && after.council_quorum >= ofCouncil, "less was asked for than its risk demands"),
      unless(new Set(approved).size >= after.quorum, `${approved.length} of ${after.quorum} approved it`),
      unless(new Set(council).size >= after.council_quorum, `${council.length} of ${after.council_quorum} of the council approved it`),
      unless(approved.length === cast.length, "somebody was against it"),
      unless(approved.every((voter) => voter !== request.requested_by), "its requester approved it"),
      unless(approved.every((voter) => voter !== grant.bindings.executor), "its executor approved it"),
      unless(before(minted.occurred_at, after.decide_by), "it was granted after its time"),
      unless(["withdrawn", "expired"].every((action) => evidence.ofRequest(action).every(({ seq }) => seq > minted.seq)), "it was withdrawn or expired before it was granted"),
    ];
  });
}

/** A grant lives so long, in seconds: what is asked for within these bounds. */
const lives = { least: 60, most: 86_400, usual: 7_200 };

function lookAtGrant(report, evidence) {
  const { request, grant } = evidence;
  report.look("grant", `${grant.auth_code} was minted once, for that request.`, () => {
    const [minted, ...more] = evidence.ofGrant("minted");
    const executed = evidence.ofRequest("executed").filter(({ after }) => after.result === "OK" && after.auth_code === grant.auth_code);
    return [
      unless(more.length === 0 && minted.after.mode === grant.mode && minted.after.expires_at === grant.expires_at, "the log tells of another grant"),
      unless(near(grant.granted_at, minted), "it was granted at another time"),
      unless(same([grant.commit_allowed, grant.requires_sovereign_esign], [grant.mode === "commit", grant.mode === "commit"]), "it allows or needs something else"),
      unless(same(grant.sovereign_esign_ref, evidence.ofGrant("active")[0]?.after.sovereign_esign_ref), "it refers to another signature"),
      unless(grant.granted_by === `dot-apr-execute:${request.proposed_action_code}` && same(grant.approval_ref, { apr_code: request.apr_code, manifest_hash: grant.bindings.manifest_digest, quorum: "passed" }), "it was granted by or for something else"),
      unless(grant.request_ref === request.apr_code && minted.after.request_ref === request.apr_code && minted.digests.apr_digest === request.apr_digest, "it is of another request"),
      unless(executed.length > 0 && executed[0].seq > minted.seq && executed.every(({ digests }) => digests.apr_digest === request.apr_digest), "the log has no execution of the request that made it"),
    ];
  });
  report.look("bindings", "What it may be used for is what was approved, in every member, and no longer than was asked.", () => {
    const [minted] = evidence.ofGrant("minted");
    const content = JSON.parse(request.content);
    const asked = content.proposed_action;
    const { database, lease_name, ...bindings } = grant.bindings;
    const seconds = Math.min(lives.most, Math.max(lives.least, asked.ttl_seconds ?? lives.usual));
    return [
      unless(minted.digests.bindings_digest === digestOf(grant.bindings), "the log has another digest of the bindings"),
      ...Object.entries(bindings).map(([name, value]) => unless(same(asked[name], value), `${name} is another`)),
      unless(content.commit === (grant.mode === "commit"), "its mode is another"),
      unless((Date.parse(grant.expires_at) - Date.parse(minted.occurred_at)) / 1_000 <= seconds + 1, "it lives longer"),
      unless(same(asked.rehearsal_ref, grant.evidence.rehearsal_ref) || grant.mode !== "commit", "it stands on another rehearsal"),
      ...["plan_ref", "step_name", "owner_principal", "rolls_back"].map((name) => unless(same(asked[name], grant.evidence[name]), `${name} is another`)),
      unless(grant.evidence.manifest_hash === bindings.manifest_digest && grant.evidence.mode === grant.mode, "its evidence is of something else"),
    ];
  });
}

// --- the signature of a sovereign ---------------------------------------------------------------------------------------------------------

/** Its status at that time, and whether it could sign. */
function standOf(key, revoked, at) {
  const status = revoked !== undefined ? "revoked" : before(at, key.valid_until) ? "active" : "expired";
  return [status, status === "active" && !before(at, key.valid_from)];
}

function lookAtSignature(report, evidence, { signers = [] }) {
  const { request, grant, step, votes, signature, key } = evidence;
  const authority = grant === null ? ["proposal_approval", step.record.approval_code] : ["grant", grant.auth_code];
  const active = () => evidence.of(...authority, `${authority[0]}.active`);
  if (signature === null) {
    const asked = () => JSON.parse(step.content).signed === true || evidence.of(...authority, "proposal_approval.recorded")[0]?.after.status === "draft";
    const needed = grant === null ? step.record.signed || active().length > 0 || asked() : grant.mode === "commit";
    const { status } = grant ?? step.record;
    if (needed && (["active", "consumed"].includes(status) || active().length > 0)) report.say("signature", "not proved", "It needs a sovereign's signature and was in force, and the signature is not here.");
    else if (needed) report.skip("signature", "It needs a sovereign's signature, and has none: it is a draft, which nobody can use.");
    else report.skip("signature", "No signature of a person is needed for it: it allows a rehearsal, or a step that demands none.");
    return;
  }
  const assertion = signature.webauthn ?? null;
  report.look("signature", `${signature.signer} signed exactly this with the ${assertion === null ? "key" : "passkey"} ${signature.kid}${whereOf(assertion)}.`, () => {
    const said = JSON.parse(signature.payload);
    const [event, ...more] = active();
    const expected =
      grant === null
        ? Object.fromEntries(["act", "approval_code", "executor", "expires_at", "plan_digest", "plan_id", "rehearsal_ref", "revision", "step"].map((name) => [name, step.record[name]]))
        : { apr_digest: request.apr_digest, auth_code: grant.auth_code, expires_at: grant.expires_at, mode: grant.mode, rehearsal_ref: JSON.parse(request.content).proposed_action.rehearsal_ref ?? null };
    const others = grant === null ? [step.registered_by, step.record.executor] : [request.requested_by, grant.bindings.executor, ...votes.map(({ voter }) => voter)];
    return [
      unless(canonical(said) === signature.payload, "what was signed is not canonical"),
      unless(said.type === `countersign/${grant === null ? "proposal" : "grant"}-signing-payload/v1`, "what was signed is a statement of another kind"),
      ...(assertion === null
        ? [unless(jwsHolds(signature.jws, signature.payload, key.jwk, signature.kid), "the signature is not by that key over these bytes")]
        : [...assertionFaults(assertion, signature.payload, key), unless(signature.jws === null && assertion.rp_id === key.webauthn.rp_id, "it is a signature of two kinds, or for another relying party than its passkey")]),
      unless((assertion === null) === ((key.credential_id ?? null) === null), "the key is one that signs in another way"),
      unless(grant === null || grant.sovereign_esign_ref === referenceOf(signature), "the grant refers to another signature"),
      ...Object.entries(expected).map(([name, value]) => unless(same(said[name], value), `${name} is another than was signed`)),
      ...(grant === null
        ? []
        : Object.keys(grant.bindings)
            .filter((name) => !["database", "lease_name"].includes(name))
            .map((name) => unless(same(said.bindings[name], grant.bindings[name]), `${name} is another than was signed`))),
      unless(grant === null || said.database === grant.bindings.database, "it was signed for another database"),
      unless(more.length === 0 && event.actor === signature.signer && event.after.kid === signature.kid, "the log tells of another signature"),
      unless(grant === null || event.after.payload_digest === hashOf(signature.payload), "the log has another digest of what was signed"),
      unless(near(signature.signed_at, event), "it was signed at another time"),
      unless(signature.alg === key.alg, "its algorithm is that of another key"),
      ...(grant === null
        ? []
        : [
            unless(signature.payload_digest === hashOf(signature.payload), "it tells of another digest of what was signed"),
            unless(same([signature.key_valid_from, signature.key_valid_until, signature.key_confirmed_at, signature.key_confirmed_by, signature.key_revoked_at], [key.valid_from, key.valid_until, key.confirmed_at, key.confirmed_by, key.revoked_at]), "it tells of its key in another way than the key"),
          ]),
      unless(!others.includes(signature.signer), "its signer asked for it, voted on it or executes it"),
    ];
  });
  lookAtKey(report, evidence, active()[0]);
  if (signers.length === 0) report.skip("signer", "No --signer was given: whose key it is rests on what the log says.");
  else report.look("signer", "It was signed with a key of a person that you trust.", () => [unless(signers.some((one) => thumbprint(one) === thumbprint(key.jwk)), `${thumbprint(key.jwk)} is none of them`)]);
}

/** The digest by which a grant refers to its signature. */
function referenceOf({ jws, webauthn }) {
  if (webauthn == null) return hashOf(jws);
  const { rp_id: _, ...assertion } = webauthn;
  return digestOf(assertion);
}

/** Where a person used a passkey, as far as it can be read; what it is worth is looked at by the claim. */
function whereOf(assertion) {
  try {
    return assertion === null ? "" : ` at ${String(clientDataOf(assertion).origin)}`;
  } catch {
    return "";
  }
}

/** What is wrong with the proof that the owner of a key holds it. */
function proofFaults(key) {
  const held = canonical({ kid: key.kid, principal: key.principal, purpose: "register-signing-key" });
  if ((key.webauthn ?? null) !== null) return [...assertionFaults(key.webauthn, held, key), unless(key.proof === null, "there are two proofs")];
  const [head, payload, signature] = key.proof.split(".");
  return [unless(Buffer.from(payload, "base64url").toString() === held && jwsHolds(`${head}..${signature}`, held, key.jwk, key.kid), "there is no proof that its owner holds it")];
}

/** @param event by which what was signed came into force */
function lookAtKey(report, evidence, event) {
  const { signature, key, grant, made_at } = evidence;
  report.look("key", `The key ${signature.kid} is of ${signature.signer}, who holds it; somebody else confirmed it before it signed, and it was in force.`, () => {
    const [registered, ...again] = evidence.of("signing_key", signature.kid, "signing_key.registered");
    const [confirmed] = evidence.of("signing_key", signature.kid, "signing_key.confirmed");
    const print = thumbprint(key.jwk);
    const [ended] = evidence.of("signing_key", signature.kid, "signing_key.revoked");
    const revoked = ended !== undefined && ended.seq < event.seq;
    return [
      unless(again.length === 0 && registered.actor === signature.signer && key.principal === signature.signer, "it is somebody else's"),
      unless(registered.after.thumbprint === print && confirmed.after.thumbprint === print && (grant?.signature == null || thumbprint(grant.signature.jwk) === print), "the log knows another key under that name"),
      unless(confirmed.actor !== signature.signer && confirmed.seq < event.seq && confirmed.seq > registered.seq, "nobody else confirmed it in time"),
      ...proofFaults(key),
      unless(same(key.credential_id, registered.after.credential_id) && same(key.webauthn?.rp_id, registered.after.rp_id), "the log knows it as a key of another kind, or of another relying party"),
      unless(!before(event.occurred_at, registered.after.valid_from) && before(event.occurred_at, registered.after.valid_until), "it was not in force when it signed"),
      unless(!revoked, "it was revoked before it signed"),
      unless(same([key.valid_from, key.valid_until, key.confirmed_by], [registered.after.valid_from, registered.after.valid_until, confirmed.actor]) && near(key.registered_at, registered) && near(key.confirmed_at, confirmed), "the log tells of another time, or of somebody else who confirmed it"),
      unless(key.alg === registered.after.alg && key.thumbprint === print && same([key.status, key.usable], standOf(key, ended, made_at)), "it is shown as another key, or in another state"),
      unless(dated(key.revoked_at, ended) && (key.revoked_by ?? null) === (ended?.actor ?? null) && (key.revoked_reason ?? null) === (ended?.after.revoked_reason ?? null), "it was revoked by somebody else, at another time or for another reason"),
    ];
  });
}

// --- the use -------------------------------------------------------------------------------------------------------------------------------

const live = ["draft", "active"];
const becomes = { draft: ["active", "revoked", "expired"], active: ["consumed", "revoked", "expired"], consumed: [], revoked: [], expired: [] };

/** Follows the statuses of a grant or record. @returns what is wrong, and where it ends */
function pathOfStatus(type, events, first) {
  const wrong = [];
  let status;
  for (const { action, before: was, after } of events) {
    const to = action.slice(type.length + 1);
    if (to === first) {
      if (status !== undefined) wrong.push("it was made twice");
      status = after.status;
    } else if (becomes[status]?.includes(to) === true && was.status === status) status = to;
    else if (!(type === "grant" && to === "run_recorded" && status === "consumed")) wrong.push(`${action} does not follow ${status}`);
  }
  return { wrong, status };
}

function lookAtUse(report, evidence) {
  const { grant, receipt, made_at } = evidence;
  report.look("status", `${grant.auth_code} is ${grant.status}${grant.status === "revoked" ? `, by ${grant.revoked_by}` : ""}, and came to that by allowed steps.`, () => {
    const { wrong, status } = pathOfStatus("grant", evidence.ofGrant(), "minted");
    const late = grant.status === "expired" && live.includes(status) && !before(made_at, grant.expires_at);
    const [revoked] = evidence.ofGrant("revoked");
    return [
      ...wrong,
      unless(status === grant.status || late, `the log has it as ${status}`),
      unless(same([revoked?.after.revoked_by, revoked?.after.revoked_reason].map((one) => one ?? null), [grant.revoked_by, grant.revoked_reason]) && dated(grant.revoked_at, revoked), "it was revoked by somebody else, at another time or for another reason"),
      unless(same(evidence.ofGrant("run_recorded").at(-1)?.after, grant.evidence.run), "the log tells of another outcome of its run"),
    ];
  });
  const used = evidence.ofGrant("consumed");
  if (grant.status !== "consumed") {
    report.look("use", "The events here show no use of it, and there is no receipt.", () => [unless(used.length === 0 && receipt === null && grant.consumed_at === null, "there is one")]);
    return;
  }
  const writes = firstWrite(evidence);
  report.look("use", `It was used once, by its executor ${grant.consumed_by}, as ${grant.idempotency_root}, before it expired${evidence.run === null ? "" : " and before the first write of its run"}.`, () => {
    const [event, ...more] = used;
    const active = evidence.ofGrant("active")[0];
    const revoked = evidence.signature === null ? [] : evidence.of("signing_key", evidence.signature.kid, "signing_key.revoked");
    return [
      unless(more.length === 0, `there are ${used.length} uses`),
      unless(event.actor === grant.bindings.executor && event.actor === grant.consumed_by && event.after.consumed_by === event.actor, "it was used by somebody else"),
      unless(event.after.idempotency_root === grant.idempotency_root, "it was used as something else"),
      unless(same([receipt.auth_code, receipt.consumed_by, receipt.consumed_at, receipt.idempotency_root], [grant.auth_code, grant.consumed_by, grant.consumed_at, grant.idempotency_root]), "the receipt says something else"),
      unless(before(event.occurred_at, grant.expires_at) && grant.consumed_at < grant.expires_at, "it had expired"),
      unless(near(grant.consumed_at, event), "it was used at another time"),
      unless(grant.mode !== "commit" || active.seq < event.seq, "it was used before it was signed"),
      unless(revoked.every(({ seq }) => seq > event.seq), "the key that had signed it was revoked by then"),
      unless(writes === undefined || event.seq < writes.seq, "its run wrote before"),
    ];
  });
  if (receipt?.fencing_token == null) {
    const taken = [...evidence.told, ...(evidence.leases ?? [])].some(({ action, request_id: id, actor }) => action === "lease.acquired" && id === used[0]?.request_id && actor === used[0]?.actor);
    if (taken) report.say("fence", "not proved", "The receipt names no lease, and the log tells of one that was taken with it.");
    else if (evidence.leases === undefined) report.skip("fence", "The receipt names no lease. No --export was given: that none was taken with it was not looked at.");
    else report.skip("fence", "It was used without a lease.");
    return;
  }
  report.look("fence", `With it ${grant.consumed_by} took the lease ${receipt.lease_name}, with fence ${receipt.fencing_token}.`, () => {
    const [taken] = evidence.of("lease", receipt.lease_name, "lease.acquired").filter(({ after }) => after.fencing_token === receipt.fencing_token);
    return [
      unless(grant.bindings.lease_name === undefined || grant.bindings.lease_name === receipt.lease_name, "it is for another lease"),
      unless(taken.actor === grant.consumed_by && taken.after.holder === grant.consumed_by && taken.request_id === used[0].request_id, "the log tells of another holder"),
    ];
  });
}

/** The first two states look and take the grant; whatever comes after them may write. */
function firstWrite(evidence) {
  if (evidence.run === null) return undefined;
  const first = evidence.run.states.slice(0, 2).map(({ state }) => state);
  return evidence.ofRun("state_started").find(({ after }) => !first.includes(after.state));
}

// --- the run -------------------------------------------------------------------------------------------------------------------------------

/** Its last end in the log; undefined where it goes on, or was taken up again. */
function endOf(evidence) {
  const events = evidence.ofRun();
  const last = events.filter(({ action }) => ["run.succeeded", "run.stopped"].includes(action)).at(-1);
  const again = events.some(({ action, seq }) => seq > last?.seq && ["run.resumed", "run.stop_requested"].includes(action));
  return again ? undefined : last;
}

function endsSo(run, { after }) {
  const { stop_state, ...outcome } = after.detail;
  return [
    unless(same(stop_state, run.stop_state), "it has stopped in another state"),
    unless(same(outcome.error, run.error) && same(outcome, run.outcome), "it has ended by another error, or with another outcome"),
    unless(after.state === run.state, "it has ended in another state"),
  ];
}

/** What of a run may change while it is under way: the last request to stop it, and its lease. */
function underWay(evidence) {
  const { run } = evidence;
  const asked = evidence.ofRun("stop_requested").at(-1);
  const reserved = evidence.ofRun("state_ok").some(({ after }) => after.state === run.states[1]?.state);
  const lease = run.lease === null ? [] : evidence.of("lease", run.lease.name, "lease.acquired");
  const { at, ...request } = run.stop_request ?? { at: null };
  return [
    unless(same(asked?.after.detail ?? {}, request) && dated(at, asked), "the log tells of another request to stop"),
    unless(run.lease === null ? !reserved : lease.some(({ after }) => after.fencing_token === run.lease.fencing_token && after.holder === run.executor), "the log tells of another lease"),
  ];
}

function lookAtRun(report, evidence) {
  const { run, grant, step } = evidence;
  report.look("run", `The run ${run.idempotency_root} was ${run.executor}'s, under ${run.auth_code}, for what was approved; it is ${run.status}.`, () => {
    const [started, ...more] = evidence.ofRun("started");
    const { build, auth_code, mode, target, manifest_digest, schema_digest } = run;
    const record = step?.record;
    const owner = grant === null ? [record?.approval_code ?? run.auth_code, record?.executor ?? run.executor] : [grant.auth_code, grant.bindings.executor];
    const ended = endOf(evidence);
    const undoing = evidence.ofRun().filter(({ action }) => /^run\.(compensation_|indeterminate)/.test(action)).at(-1);
    return [
      unless(more.length === 0 && started.actor === run.executor && same(started.after.detail, { build, auth_code, mode, target, manifest_digest, schema_digest }), "the log tells of another run"),
      unless(same(owner, [run.auth_code, run.executor]), "it is of another grant or executor"),
      unless(grant === null || (same([manifest_digest, schema_digest, mode], [grant.bindings.manifest_digest, grant.bindings.schema_digest, grant.mode]) && (grant.bindings.database ?? target) === target), "it is of other content than was approved"),
      unless(ended === undefined ? ["running", "compensating", "indeterminate"].includes(run.status) : ended.action === `run.${run.status}`, ended === undefined ? "the log has no end of it" : `the log has it as ${ended.action.slice(4)}`),
      unless(ended !== undefined || (run.status === "indeterminate" ? undoing?.action === "run.indeterminate" : undoing === undefined || (run.status === "compensating" && undoing.action !== "run.indeterminate")), "the log tells of another stand"),
      ...(ended === undefined ? [] : endsSo(run, ended)),
      unless(near(run.created_at, started) && dated(run.finished_at, ended), "it began or ended at another time"),
      unless(run.environment === (grant?.bindings.environment ?? target), "it is of another environment"),
      unless(run.mode === "dry-run" || same(run.rehearsal_ref, (grant === null ? record : grant.evidence)?.rehearsal_ref), "it stands on another rehearsal"),
      unless(grant === null ? step.act === "rollback" || run.rolls_back === null : same(run.rolls_back, grant.evidence.rolls_back), "it rolls back another run"),
      ...underWay(evidence),
      unless((grant === null ? record?.idempotency_root : grant.idempotency_root) === run.idempotency_root || firstWrite(evidence) === undefined || (step !== null && run.mode === "dry-run"), "it came to writing without having used the grant"),
    ];
  });
  report.look("states", "Its states are an allowed path: each after the one before it, undone only once it went no further, nothing after its end.", () => pathOf(evidence));
  report.look("left", "What its states and compensations have left is what the log has digests of, and its rehearsal has the digest that it is known by.", () => {
    const last = (action, state) => evidence.ofRun(action).filter(({ after }) => after.state === state).at(-1)?.after.detail;
    const { rehearsal } = run;
    const recorded = rehearsal === null ? undefined : evidence.of("rehearsal", rehearsal.rehearsal_ref, "rehearsal.recorded")[0];
    return [
      ...run.states.filter(({ status }) => status === "ok").map(({ state, detail }) => unless(same(last("state_ok", state), detail), `${state} has left something else`)),
      ...run.states.map((state) => unless(stands(evidence, state), `${state.state} is told in another way`)),
      ...undone(evidence),
      ...run.compensations.filter(({ status }) => status === "ok").map(({ state, detail, compensation }) => unless(same(last("compensation_ok", state), { compensation, ...(detail === null ? {} : { detail }) }), `${state} was undone in another way`)),
      unless(run.mode !== "dry-run" || (run.rehearsal_ref === null) === (rehearsal === null), "the rehearsal is missing"),
      unless(run.mode !== "dry-run" || same(evidence.ofRun().filter(({ after }) => after.detail?.rehearsal_ref !== undefined).at(-1)?.after.detail.rehearsal_ref, run.rehearsal_ref), "the log tells of another rehearsal"),
      ...(rehearsal === null
        ? []
        : [
            unless(digestOf(rehearsal.content) === rehearsal.rehearsal_ref && run.rehearsal_ref === rehearsal.rehearsal_ref, "the rehearsal has another digest"),
            unless(rehearsal.content.idempotency_root === run.idempotency_root && rehearsal.content.passed === rehearsal.passed && recorded.after.passed === rehearsal.passed, "the rehearsal is of another run, or has gone another way"),
            ...["auth_code", "build", "database", "idempotency_root"].map((name) => unless(same(rehearsal[name], rehearsal.content[name]), `the rehearsal is of another ${name}`)),
            unless(rehearsal.fingerprint === rehearsal.content.entry_fingerprint && near(rehearsal.recorded_at, recorded), "the rehearsal is of another time or place"),
          ]),
    ];
  });
}

const reaches = { state_started: "running", state_retried: "running", state_ok: "ok", state_failed: "failed" };

/** What an attempt is marked with whose process ended: the next attempt's event is all that the log has of it. */
const interrupted = { code: "INTERRUPTED", detail: "The process that worked on it ended." };

/** Whether a state of the run stands as the log has it: by its last attempt, with an error that it had, and with what it left. */
function stands(evidence, { state, status, error, detail }) {
  const forward = ({ action, after }) => reaches[action.slice(4)] !== undefined && after.detail?.compensation === undefined;
  const events = evidence.ofRun().filter((event) => forward(event) && event.after.state === state);
  const last = events.at(-1);
  const expected = last === undefined ? "pending" : reaches[last.action.slice(4)];
  // A rehearsal that is begun again, and a run that is taken up again, leave what was done before.
  const again = evidence.run.mode === "dry-run" || evidence.ofRun("resumed").length > 0;
  const attempts = events.filter(({ action }) => action === "run.state_started").length;
  const failures = events.filter(({ action }) => ["run.state_failed", "run.state_retried"].includes(action)).map(({ after }) => ({ code: after.detail.code, detail: after.detail.detail }));
  const left = [null, {}, ...events.filter(({ action }) => action === "run.state_ok").map(({ after }) => after.detail)];
  return (
    (status === expected || (status === "pending" && again && expected !== "failed")) &&
    (status === "failed" ? same(error, failures.at(-1)) : error === null ? failures.length === 0 : failures.some((one) => same(one, error)) || (attempts > 1 && same(error, interrupted))) &&
    left.some((one) => same(one, detail))
  );
}

/** What of the undoing is told in another way than in the log. */
function undone(evidence) {
  const { run } = evidence;
  const undoings = { compensation_started: "running", compensation_ok: "ok", compensation_failed: "failed" };
  const events = evidence.ofRun().filter(({ action }) => undoings[action.slice(4)] !== undefined);
  const states = [...new Set(events.map(({ after }) => after.state))];
  return [
    unless(same(run.compensations.map(({ state }) => state).sort(), states.sort()), "the log tells of other compensations"),
    ...run.compensations.map(({ state, compensation, status, error }) => {
      const last = events.filter(({ after }) => after.state === state).at(-1);
      const fault = last?.action === "run.compensation_failed" ? { code: last.after.detail.code, detail: last.after.detail.detail } : null;
      return unless(last !== undefined && undoings[last.action.slice(4)] === status && last.after.detail.compensation === compensation && same(error, fault), `the log tells of the undoing of ${state} in another way`);
    }),
  ];
}

/** @returns what is wrong with the path of the run */
function pathOf({ run, told }) {
  const order = run.states.map(({ state }) => state);
  const wrong = [];
  // A rehearsal goes from its last writing state to its end: what would only look at what was committed has nothing to look at.
  const finished = new Set();
  let [done, ended, undoing] = [-1, undefined, false];
  for (const { action, resource_type, resource_id, after } of told) {
    if (resource_type !== "run" || resource_id !== run.idempotency_root) continue;
    const what = action.slice("run.".length);
    const at = order.indexOf(after?.state);
    const out = () => wrong.push(`${what} ${after?.state ?? ""} is out of place`);
    if (ended !== undefined && !(ended === "stopped" && ["resumed", "stop_requested"].includes(what))) out();
    // A stopped run that is taken up again begins at its first state, unless it is taken up to be undone.
    if (ended !== undefined && what === "resumed") done = -1;
    ended = undefined;
    if (what === "state_started") {
      const again = run.mode === "dry-run" && at >= 2 && (at <= done || (done >= 2 && at === order.length - 1));
      if (undoing || (at !== done + 1 && !again)) out();
      if (again) done = at - 1;
    } else if (what === "state_ok") {
      if (undoing || at !== done + 1) out();
      done = at;
      finished.add(after.state);
    } else if (what === "state_failed") {
      if (undoing || at !== done + 1) out();
    } else if (what.startsWith("compensation_")) {
      if (at < 0 || at > done + 1) out();
      undoing = true;
    } else if (what === "succeeded") {
      if (undoing || done !== order.length - 1) out();
      ended = what;
    } else if (what === "stopped") ended = what;
    else if (!["started", "state_retried", "claimed", "indeterminate", "parked", "resumed", "stop_requested"].includes(what)) out();
  }
  return [
    ...wrong,
    unless(run.status !== "succeeded" || ended === "succeeded", "it did not come to its end"),
    unless(same(run.states.filter(({ status }) => status === "ok").map(({ state }) => state), order.slice(0, done + 1).filter((state) => finished.has(state))), "other states are done than the log tells of"),
    unless(same(run.last_ok_state, order[done]), "it has come to another state"),
    unless(new Set(order).size === order.length, "a state is there twice"),
  ];
}

/** The last event of the plan that tells of this run. */
function lineEvent(evidence) {
  const { run, step } = evidence;
  return evidence.of("plan", `${step.plan_id}/${step.revision}`).filter(({ after }) => after.idempotency_root === run.idempotency_root).at(-1);
}

function lookAtStep(report, evidence) {
  const { run, step } = evidence;
  const { record, line } = step;
  report.look("step", `It is the ${step.act} of step ${step.step} of ${step.plan_id}, revision ${step.revision}, as it was registered by ${step.registered_by}.`, () => {
    const [registered, ...more] = evidence.of("plan", `${step.plan_id}/${step.revision}`, "plan.registered");
    const ended = lineEvent(evidence);
    const content = JSON.parse(step.content);
    return [
      unless(run.manifest_digest === step.plan_digest && run.schema_digest === step.step_digest, "its run was started for another plan or step"),
      unless(same([evidence.request, evidence.receipt, evidence.votes], [null, null, []]), "what belongs to a grant is with it"),
      unless(content.step === step.step && ["commit", "rollback"].includes(step.act) && (step.act === "rollback") === (run.build === "plan-step-rollback"), "it is another step or act"),
      unless(ended === undefined || same([ended.after.step, ended.after.act], [step.step, step.act]), "the log tells of another step or act"),
      unless(more.length === 0 && registered.actor === step.registered_by && registered.digests.plan_digest === step.plan_digest, "the log tells of another plan"),
      unless(canonical(JSON.parse(step.content)) === step.content && hashOf(step.content) === step.step_digest, "the step has another digest"),
      unless(line !== null || ended === undefined, "the log tells of its end, and its line of the ledger is not here"),
      unless(line === null || (ended.action === `plan.step_${line.outcome}` && ended.digests.step_digest === step.step_digest && line.step_digest === step.step_digest && ended.digests.plan_digest === step.plan_digest), "the log tells of another step or outcome"),
    ];
  });
  if (record !== null) lookAtRecord(report, evidence);
  else if (run.auth_code.startsWith("M1-")) report.say("record", "not proved", `It ran under ${run.auth_code}, which is not here.`);
  else report.skip("record", "It is a rehearsal, or a step that needs no record: nothing was burned for it.");
  lookAtLedger(report, evidence);
}

function lookAtRecord(report, evidence) {
  const { run, step } = evidence;
  const { record } = step;
  const events = evidence.of("proposal_approval", record.approval_code);
  const isOwn = events.some(({ action, after }) => action === "proposal_approval.consumed" && after.idempotency_root === run.idempotency_root);
  report.look("record", `${record.granted_by} recorded ${record.approval_code} for it, and ${isOwn ? "it was used once, by this run" : "this run has not used it"}.`, () => {
    const [recorded, ...more] = events.filter(({ action }) => action === "proposal_approval.recorded");
    const { wrong, status } = pathOfStatus("proposal_approval", events, "recorded");
    const used = events.filter(({ action }) => action === "proposal_approval.consumed");
    const [revoked] = events.filter(({ action }) => action === "proposal_approval.revoked");
    const { plan_id, revision, act, rehearsal_ref, expires_at } = record;
    const told = recorded.after;
    return [
      ...wrong,
      unless(more.length === 0 && recorded.actor === record.granted_by && recorded.digests.plan_digest === step.plan_digest && same({ plan_id, revision, step: record.step, act, rehearsal_ref, expires_at }, { plan_id: told.plan_id, revision: told.revision, step: told.step, act: told.act, rehearsal_ref: told.rehearsal_ref, expires_at: told.expires_at }), "the log tells of another record"),
      unless(same([plan_id, revision, record.step, act], [step.plan_id, step.revision, step.step, step.act]), "it is for something else"),
      unless(status === record.status || (record.status === "expired" && live.includes(status)), `the log has it as ${status}`),
      unless(record.granted_by !== step.registered_by && record.granted_by !== run.executor, "who recorded it wrote the plan or executes it"),
      unless(near(record.granted_at, recorded) && dated(record.consumed_at, used[0]) && dated(record.revoked_at, revoked) && (record.consumed_by ?? null) === (used[0]?.actor ?? null), "it was recorded, used or revoked at another time"),
      unless(same([record.revoked_by, record.revoked_reason], [revoked?.actor ?? null, revoked?.after.reason ?? null]), "it was revoked by somebody else, or for another reason"),
      unless(record.plan_digest === step.plan_digest && record.signed === (JSON.parse(step.content).signed ?? false), "it is of another plan, or signed or not unlike the step demands"),
      unless(same(record.idempotency_root, used[0]?.after.idempotency_root), "it was used by another run"),
      unless(used.length <= 1 && used.every(({ actor, occurred_at }) => (!isOwn || actor === run.executor) && before(occurred_at, expires_at)), "it was used twice, by somebody else or too late"),
      unless(!isOwn || firstWrite(evidence) === undefined || used[0].seq < firstWrite(evidence).seq, "its run wrote before"),
    ];
  });
  lookAtSignature(report, evidence, evidence.trusted);
}

/** What a step of a plan has left, as its line of the ledger has it. */
function lookAtLedger(report, evidence) {
  const { run, step } = evidence;
  const { line, record } = step;
  // What a state has left is bound to the log by the claim `left`.
  const left = (state) => run.states.find((one) => one.state === state && one.status === "ok")?.detail;
  if (line === null) {
    const reserved = evidence.ofRun("state_ok").some(({ after }) => after.state === "S1");
    if (endOf(evidence) !== undefined && reserved) report.say("ledger", "not proved", "It has ended, and its line of the ledger is not here.");
    else report.skip("ledger", "There is no line of it in the ledger: it has not ended, or ended before it had used anything.");
    report.skip("backups", "There is no line of it in the ledger.");
    return;
  }
  report.look("ledger", "Its line of the ledger is the one that the log tells of, with the change and the evidence that its states have left.", () => {
    const event = lineEvent(evidence);
    const { act, outcome, approval_code, idempotency_root } = line;
    return [
      unless(same({ step: line.step, act, outcome, approval_code, idempotency_root }, event.after) && line.recorded_by === event.actor && near(line.recorded_at, event), "the log tells of another line"),
      unless(same([line.revision, line.plan_digest, line.documents], [step.revision, step.plan_digest, null]), "it is of another plan"),
      unless(approval_code === (record?.approval_code ?? null) && same(line.rehearsal_ref, run.rehearsal_ref), "it names another record or rehearsal"),
      unless(same(left("S3")?.delta, line.delta), "the change is another"),
      unless(same(left("S3")?.evidence, line.evidence), "the evidence is another"),
      unless(same([left("S3")?.entry_fingerprint ?? null, left("S4")?.fingerprint ?? null], [line.entry_fingerprint, line.exit_fingerprint]), "the fingerprints are others"),
      unless(same(line.error, run.error), "the error is another"),
    ];
  });
  if (line.backups === null && (run.mode !== "commit" || left("S2") === undefined)) report.skip("backups", "Nothing was backed up: a rehearsal, a step that only looks, or one that was refused before.");
  else report.look("backups", "The digests of the backups, as the ledger has them, are what the run has left in the log.", () => [unless(run.mode === "commit" && same(left("S2"), line.backups), "the backups are others")]);
}

// --- all of it -----------------------------------------------------------------------------------------------------------------------------

/**
 * @param text the file as it stands
 * @param trusted what you have from elsewhere: `logKeys` and `witnesses` (of readVerifierKey), `signers` (public JWKs), `earlier` (signed
 *   heads), `consistency` (answers of the service), `readWhole` (of wholeLog), `about` and `digest`
 * @returns each claim with its status, and why or by what
 */
export function check(text, trusted) {
  const report = new Report();
  const envelope = JSON.parse(text);
  const payload = base64(envelope.payload);
  const statement = JSON.parse(payload.toString("utf8"));
  const evidence = new Evidence(statement.predicate);
  evidence.trusted = trusted;
  const { grant, run, step, log } = evidence;
  const followed = follow(trusted.logKeys, log.links ?? []);
  const logKeys = underName(followed.keys, log.origin);
  lookAtFile(report, text, envelope, payload, statement, { logKeys: [...followed.keys, ...logKeys] });
  lookAtLinks(report, log, followed, trusted);
  const root = lookAtHead(report, log, { ...trusted, logKeys });
  const sizes = [log.size, ...(trusted.earlier ?? []).map((kept) => headOf(kept).size)];
  const whole = trusted.readWhole?.(sizes, evidence.subjects(), log.size, evidence.told.filter(({ action }) => action.endsWith(".consumed")).map((event) => event.request_id));
  evidence.leases = whole?.leases;
  if (whole?.roots.get(log.size)?.equals(root)) evidence.addOlder(whole.found);
  lookAtEarlier(report, log, root, { ...trusted, logKeys, whole });
  lookAtInclusion(report, evidence.events, log, root);
  lookAtWhole(report, evidence, root, whole);
  lookAtSubject(report, statement, evidence, trusted);
  if (grant !== null) {
    lookAtApproval(report, evidence);
    lookAtGrant(report, evidence);
    lookAtSignature(report, evidence, trusted);
    lookAtUse(report, evidence);
  } else if (step === null) report.say("grant", "not proved", "It has neither a grant nor a step of a plan.");
  if (run !== null) lookAtRun(report, evidence);
  else if (grant !== null && evidence.ofGrant("run_recorded").length > 0) report.say("run", "not proved", "The log tells of a run under this grant, which is not here.");
  else report.skip("run", "There is no run of the service in it: what was done under the grant, if anything, is not told here.");
  if (step !== null) lookAtStep(report, evidence);
  return report.claims;
}

// --- the whole log -------------------------------------------------------------------------------------------------------------------------

/** Bytes: no line of an export is so long, and what has none that ends is not gathered. */
const longest = 64 * 2 ** 20;

/** The lines of a file, however long it is. */
function* linesOf(file) {
  const handle = openSync(file, "r");
  const chunk = Buffer.alloc(2 ** 20);
  let [parts, length] = [[], 0];
  try {
    for (let read = readSync(handle, chunk); read > 0; read = readSync(handle, chunk)) {
      const part = Buffer.from(chunk.subarray(0, read));
      let start = 0;
      for (let end = part.indexOf(10); end >= 0; end = part.indexOf(10, start)) {
        yield Buffer.concat([...parts, part.subarray(start, end)]).toString("utf8");
        [parts, length, start] = [[], 0, end + 1];
      }
      parts.push(part.subarray(start));
      length += read - start;
      if (length > longest) throw new Error(`${file} has a line of more than ${longest} bytes`);
    }
    if (length > 0) yield Buffer.concat(parts).toString("utf8");
  } finally {
    closeSync(handle);
  }
}

/** The leaves of several exports in their order: that of the service, and the files of the months that it has no more. */
function* leavesOf(exports) {
  const sources = exports.map((lines) => {
    const left = lines[Symbol.iterator]();
    left.next();
    const source = {
      next() {
        do {
          const { done, value } = left.next();
          source.line = done ? undefined : value;
          source.said = done || value === "" ? undefined : JSON.parse(value);
        } while (source.line !== undefined && source.said?.event === undefined);
      },
    };
    source.next();
    return source;
  });
  for (let leaf = 0; ; leaf += 1) {
    const source = sources.find(({ said }) => said?.leaf === leaf);
    if (source === undefined) break;
    yield { line: source.line, said: source.said };
    // What is in two of the files is read once.
    for (const one of sources) while (one.said !== undefined && one.said.leaf <= leaf) one.next();
  }
}

/** Reads exports: the roots at the sizes that are asked for, the events of the resources up to a size and since then, and leases by request. */
export function wholeLog(...exports) {
  return (sizes, subjects, upTo, requests = []) => {
    const names = new Set(subjects.map(([type, id]) => canonical([type, id])));
    const tree = new Tree();
    const roots = new Map();
    const found = [];
    const [later, leases] = [[], []];
    let faults = 0;
    for (const { line, said } of leavesOf(exports)) {
      if (canonical(said) !== line) faults += 1;
      tree.add(leafHash(Buffer.from(entryOf(said.event))));
      if (sizes.includes(tree.size)) roots.set(tree.size, tree.root());
      const { event } = said;
      if (names.has(canonical([event.resource_type, event.resource_id]))) {
        if (tree.size <= upTo) found.push(canonical(event));
        else later.push(event);
      }
      if (event.action === "lease.acquired" && requests.includes(event.request_id)) leases.push(event);
    }
    return { roots, found, later, leases, faults };
  };
}

// --- the command -------------------------------------------------------------------------------------------------------------------------

const read = (file) => readFileSync(file, "utf8");

const options = {
  "--log-key": (trusted, value) => trusted.logKeys.push(readVerifierKey(value)),
  "--key": (trusted, value) => trusted.logKeys.push(readVerifierKey(value)),
  "--witness": (trusted, value) => trusted.witnesses.push(readVerifierKey(value)),
  "--signer": (trusted, value) => trusted.signers.push(JSON.parse(existsSync(value) ? read(value) : value)),
  "--earlier": (trusted, value) => trusted.earlier.push(read(value)),
  "--consistency": (trusted, value) => trusted.consistency.push(JSON.parse(read(value))),
  "--export": (trusted, value) => trusted.exports.push(value),
  "--about": (trusted, value) => Object.assign(trusted, { about: value }),
  "--digest": (trusted, value) => Object.assign(trusted, { digest: value }),
};

const usage = "node verify.mjs <file> --log-key <key> [--witness <key>] [--signer <jwk>] [--earlier <file>] [--consistency <file>] [--export <file>] [--about <name>] [--digest <digest>] [--json]";

function main(words) {
  const trusted = { logKeys: [], witnesses: [], signers: [], earlier: [], consistency: [], exports: [] };
  let file;
  let json = false;
  for (let at = 0; at < words.length; at += 1) {
    const option = options[words[at]];
    if (option !== undefined) {
      at += 1;
      if (words[at] === undefined) throw new Error(usage);
      option(trusted, words[at]);
    } else if (words[at] === "--json") json = true;
    else if (words[at].startsWith("--") || file !== undefined) throw new Error(usage);
    else file = words[at];
  }
  if (file === undefined) throw new Error(usage);
  if (trusted.exports.length > 0) trusted.readWhole = wholeLog(...trusted.exports.map(linesOf));
  const claims = check(read(file), trusted);
  if (json) console.log(JSON.stringify(claims, null, 2));
  else for (const { claim, status, detail } of claims) console.log(`${(status === "not proved" ? "NOT PROVED" : status).padEnd(12)} ${claim.padEnd(10)} ${detail}`);
  process.exitCode = claims.some(({ status }) => status === "not proved") ? 1 : 0;
}

/** Whether this file was started, under whatever name or link: not to know is to look. */
function isStarted(file) {
  if (file === undefined) return false;
  try {
    return [file, realpathSync(file)].some((one) => pathToFileURL(one).href === import.meta.url);
  } catch {
    return true;
  }
}

if (isStarted(process.argv[1])) {
  try {
    main(process.argv.slice(2));
  } catch (error) {
    console.error(`verify: ${visible(error.message)}`);
    process.exitCode = 2;
  }
}
