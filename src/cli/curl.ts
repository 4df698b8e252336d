import type { Command } from "commander";
import { type OutgoingRequest, toCurl } from "../client/index.ts";
import { UsageError } from "./usage.ts";

/** Stands for a token or a secret where nothing is sent; it is not printed. */
export const placeholder = "not-sent";

const signature = ["webhook-id", "webhook-timestamp", "webhook-signature"];

/**
 * The request as lines for a POSIX shell, without any secret: the token is `$COUNTERSIGN_TOKEN`, and what a dispatcher signs
 * is signed by openssl with `$SYNC_SECRET`.
 */
export function curlText(request: OutgoingRequest): string {
  if (request.headers["webhook-signature"] === undefined) return toCurl(request);
  const { body = "", ...rest } = request;
  const signed = ["id", "timestamp", "signature"].map(
    (name) => `-H "webhook-${name}: ${name === "signature" ? "v1," : ""}$${name}"`,
  );
  return [
    `body='${body.replaceAll("'", `'\\''`)}'`,
    'id="msg_$(openssl rand -hex 12)"',
    "timestamp=$(date +%s)",
    'case "$SYNC_SECRET" in',
    '  whsec_*) key=$(printf %s "${SYNC_SECRET#whsec_}" | openssl base64 -d -A | od -An -v -tx1 | tr -d " \\n") ;;',
    '  *) key=$(printf %s "$SYNC_SECRET" | od -An -v -tx1 | tr -d " \\n") ;;',
    "esac",
    'signature=$(printf %s "$id.$timestamp.$body" |',
    '  openssl dgst -sha256 -mac HMAC -macopt "hexkey:$key" -binary | openssl base64 -A)',
    toCurl(rest, { omit: signature, append: ['--data-raw "$body"', ...signed] }),
  ].join("\n");
}

/** What is done on this machine, or goes on until it is stopped: there is no request to print. */
const withoutRequest = [
  "serve",
  "migrate",
  "recover",
  "token",
  "profile",
  "completion",
  "dispatch",
  "audit verify",
  "audit retain",
  "plan lint",
  "plan digest",
  "key generate",
];

/** What sends a second request, which depends on the answer to the first. */
const withMore = [
  "audit export",
  "plan approve",
  "plan council",
  "plan sign",
  "grant sign",
  "lifecycle enact",
  "lifecycle supersede",
  "lifecycle retire",
];

/** The words by which a command is called. */
export function wordsOf(command: Command): string {
  const words: string[] = [];
  for (let at: Command | null = command; at?.parent != null; at = at.parent) words.unshift(at.name());
  return words.join(" ");
}

/** @throws UsageError for a command that sends none */
export function requireRequest(command: Command): void {
  const words = wordsOf(command);
  if (!withoutRequest.some((one) => words === one || words.startsWith(`${one} `))) return;
  throw new UsageError(`\`${words}\` has no request that --curl could print`);
}

/** What is said beside the first request; undefined where it is the only one. */
export function noteOfMore(command: Command, { method }: OutgoingRequest): string | undefined {
  const watching = command.opts<{ watch?: boolean }>().watch === true;
  const reads = method === "GET" && withMore.includes(wordsOf(command));
  if (!reads && !watching) return undefined;
  return "the command sends more than this: what, depends on the answer";
}
