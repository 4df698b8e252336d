import { writeFileSync } from "node:fs";
import type { Command } from "commander";
import { keyProof, newSigningKey, type PrivateKey, publicPart, signDetached } from "../client/index.ts";
import { digestOfBytes } from "../kernel/json.ts";
import type { Connect } from "./approvals.ts";
import { readJson, readText, UsageError } from "./connection.ts";
import { fields } from "./output.ts";
import { listed, withPaging } from "./pages.ts";
import { said } from "./terminal.ts";
import type { Run } from "./tokens.ts";

/** Keys of sovereigns, and the signature that makes a draft active (ESIGN-1 to ESIGN-4). */
export function addSigningCommands(program: Command, run: Run, connect: Connect): void {
  const key = program.command("key").description("signing keys of sovereigns");
  key
    .command("generate")
    .description("make a key pair on this machine; the file is the secret, keep it")
    .requiredOption("-o, --out <file>", "where the private JWK goes; must not exist")
    .option("--alg <alg>", "EdDSA or ES256", "EdDSA")
    .action((options: { out: string; alg: string }) =>
      run(async () => {
        const { alg, out } = options;
        if (alg !== "EdDSA" && alg !== "ES256") throw new UsageError("--alg is EdDSA or ES256");
        const made = await newSigningKey(alg);
        writeNew(out, `${JSON.stringify({ ...made, alg }, null, 2)}\n`);
        const value = { kid: made.kid, jwk: publicPart(made), file: out };
        return { value, text: `${made.kid}\nThe private key is in ${out} and nowhere else.` };
      }),
    );
  key
    .command("register")
    .description("register one's own public key, with a proof that the private one is held")
    .requiredOption("-k, --key <jwk>", "file with the private JWK; it does not leave this machine")
    .option("--principal <name>", "who the service knows you as", "sovereign")
    .option("--valid-until <time>", "RFC 3339; a year if absent")
    .action((options: { key: string; principal: string; validUntil?: string }) =>
      run(async () => {
        const own = readKey(options.key);
        const until = options.validUntil === undefined ? {} : { valid_until: options.validUntil };
        const proof = await keyProof(own, options.principal);
        const input = { kid: own.kid, jwk: publicPart(own), proof, ...until };
        const value = await connect("sovereign").client.registerSigningKey(input);
        const text = said`${value.kid} is ${value.status}. A council member confirms it after comparing the thumbprint ${value.thumbprint} with you.`;
        return { value, text };
      }),
    );
  addKeyRecords(key, run, connect);
  addGrantSigning(program, run, connect);
}

/** Keys as the service has them. */
function addKeyRecords(key: Command, run: Run, connect: Connect): void {
  withPaging(
    key
      .command("list")
      .description("keys, newest first")
      .option("--status <status>", "pending, active or revoked")
      .option("--principal <name>", "of this sovereign alone"),
  ).action((query: Record<string, string>) =>
    run(() =>
      listed(
        query,
        (page) => connect("sovereign").client.listSigningKeys(page),
        ["kid", "principal", "alg", "status", "thumbprint", "valid until"],
        (one) => [one.kid, one.principal, one.alg, one.status, one.thumbprint, one.valid_until],
      ),
    ),
  );
  key
    .command("show")
    .description("one key")
    .argument("<kid>")
    .action((kid: string) =>
      run(async () => {
        const value = await connect("sovereign").client.readSigningKey(kid);
        return { value, text: fields(value) };
      }),
    );
  key
    .command("confirm")
    .description("say that a key is the sovereign's, as a council member")
    .argument("<kid>")
    .action((kid: string) =>
      run(async () => {
        const value = await connect("council_1").client.confirmSigningKey(kid);
        return { value, text: said`${kid} of ${value.principal} is ${value.status}` };
      }),
    );
  key
    .command("revoke")
    .description("end a key; what it has signed and is not used yet is void")
    .argument("<kid>")
    .requiredOption("--reason <text>", "why; it is on record")
    .action((kid: string, options: { reason: string }) =>
      run(async () => {
        const value = await connect("admin").client.revokeSigningKey(kid, options);
        return { value, text: said`${kid} is ${value.status}: ${value.revoked_reason}` };
      }),
    );
}

function addGrantSigning(program: Command, run: Run, connect: Connect): void {
  const grant = program.commands.find((command) => command.name() === "grant");
  if (grant === undefined) throw new Error("the grant commands come first");
  grant
    .command("payload")
    .description("the exact bytes that a sovereign signs")
    .argument("<auth_code>")
    .option("-o, --out <file>", "write them there, for signing elsewhere; must not exist")
    .action((code: string, options: { out?: string }) =>
      run(async () => {
        const payload = await connect("sovereign").client.signingPayload(code);
        if (options.out !== undefined) writeNew(options.out, payload);
        const value = { payload, payload_digest: digestOfBytes(payload) };
        return { value, text: `${payload}\n${value.payload_digest}` };
      }),
    );
  grant
    .command("sign")
    .description("sign a draft with a key of one's own: it becomes active")
    .argument("<auth_code>")
    .requiredOption("-k, --key <jwk>", "file with the private JWK; it does not leave this machine")
    .option("--digest <digest>", "sign only if the payload has this digest: the one that you reviewed")
    .option("--payload <file>", "sign these bytes and print the JWS, without asking the service anything")
    .action((code: string, options: { key: string; digest?: string; payload?: string }) =>
      run(async () => {
        const own = readKey(options.key);
        const { payload: file } = options;
        const payload = file === undefined ? await connect("sovereign").client.signingPayload(code) : readText(file);
        requireMeant(code, payload, options.digest);
        const jws = await signDetached(own, payload);
        if (file !== undefined) return { value: { jws, payload_digest: digestOfBytes(payload) }, text: jws };
        const value = await connect("sovereign").client.esign(code, { jws });
        const shown = { ...(JSON.parse(payload) as object), payload_digest: digestOfBytes(payload) };
        return { value, text: `${fields(shown)}\n\n${said`${code} is ${value.status}, signed with ${own.kid}`}` };
      }),
    );
  grant
    .command("esign")
    .description("hand in a signature that was made elsewhere")
    .argument("<auth_code>")
    .requiredOption("--jws <jws>", "<protected>..<signature>")
    .action((code: string, options: { jws: string }) =>
      run(async () => {
        const value = await connect("sovereign").client.esign(code, options);
        return { value, text: said`${code} is ${value.status}` };
      }),
    );
}

/** Nobody signs one grant and means another. @throws UsageError */
function requireMeant(code: string, payload: string, digest: string | undefined): void {
  const { type, auth_code } = JSON.parse(payload) as { type?: unknown; auth_code?: unknown };
  if (type !== "countersign/grant-signing-payload/v1") throw new UsageError("this is not a signing payload of a grant");
  if (auth_code !== code) throw new UsageError(`this is the payload of ${String(auth_code)}, not of ${code}`);
  const found = digestOfBytes(payload);
  if (digest !== undefined && digest !== found) {
    throw new UsageError(`the payload has the digest ${found}, not the one that you reviewed: nothing was signed`);
  }
}

/** A private JWK with a kid, from a file. @throws UsageError */
export function readKey(file: string): PrivateKey {
  const key = readJson(file) as Partial<PrivateKey> | null;
  if (typeof key?.kid !== "string" || typeof key.d !== "string") {
    throw new UsageError(`${file} is no private JWK with a kid`);
  }
  return key as PrivateKey;
}

/** Writes a file that nobody else reads. @throws UsageError when it is there, or cannot be written */
export function writeNew(file: string, content: string): void {
  try {
    writeFileSync(file, content, { mode: 0o600, flag: "wx" });
  } catch (error) {
    throw new UsageError(`cannot write ${file}: ${error instanceof Error ? error.message : String(error)}`);
  }
}
