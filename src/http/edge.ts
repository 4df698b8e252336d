import type { FastifyReply, FastifyRequest } from "fastify";
import { answerOnce, type Claim, type Outcome, requireValidKey, type StoredAnswer } from "../idempotency/index.ts";
import type { Caller } from "../kernel/caller.ts";
import { digestOf } from "../kernel/json.ts";
import type { Problem } from "../kernel/problem.ts";
import type { Sightings } from "../rehearsals/index.ts";
import { prefersEvents, prefersPage, prefersText } from "./accept.ts";
import { type AnswerCheck, answerCheck } from "./answer-check.ts";
import { sendEvents } from "./event-stream.ts";
import { entityTag, noneMatchNames } from "./etag.ts";
import { requireRoom } from "./plugins/load-shedding.ts";
import { whenSessionEnds } from "./plugins/session.ts";
import { asProblem, problemDocument, problemHeaders, problemMediaType, statusOf } from "./problem-document.ts";
import type { Answer, Given, Route, RouteInput } from "./route.ts";
import type { Services } from "./services.ts";

const jsonMediaType = "application/json; charset=utf-8";
const textMediaType = "text/plain; charset=utf-8";
const pageMediaType = "text/html; charset=utf-8";
const noBytes = new Uint8Array();
const nothingSeen: Sightings = new Map();

export function isMutating(route: Route): boolean {
  return route.method !== "GET" && route.mutates !== false;
}

/** Whether `Idempotency-Key` is honoured: a key belongs to a principal, so an open route has none. */
export function isIdempotent(route: Route): boolean {
  return isMutating(route) && route.idempotent !== false && route.access !== "open";
}

export function hasEntityTag(route: Route): boolean {
  return route.method === "GET" && (route.etag ?? /\/:[^/]+$/.test(route.url));
}

async function* noPieces(): AsyncGenerator<string> {
  // A route without a stream has nothing to send.
}

function isDryRun(route: Route, request: FastifyRequest): boolean {
  return route.dryRun === true && (request.query as { dry_run?: boolean }).dry_run === true;
}

function wantsStream(route: Route, request: FastifyRequest): boolean {
  return route.stream !== undefined && prefersEvents(request.headers.accept);
}

interface Edge {
  readonly route: Route;
  readonly services: Services;
  readonly checkAnswer: AnswerCheck;
}

/**
 * What runs between fastify and a route's `handle`: one transaction for the whole request, the idempotency protocol in
 * it, and the answer made ready before the commit, so that an answer which cannot be given changes nothing.
 *
 * The transaction may be run again after a serialization failure: nothing here touches the reply before it is over.
 */
export function edgeHandler(
  route: Route,
  services: Services,
  maxWaiting: number,
): (request: FastifyRequest, reply: FastifyReply) => Promise<FastifyReply> {
  const edge: Edge = { route, services, checkAnswer: answerCheck(route) };
  return async (request, reply) => {
    const dryRun = isDryRun(route, request);
    const claim = isIdempotent(route) && !dryRun ? claimOf(request) : undefined;
    if (dryRun) reply.header("dry-run", "true");
    requireRoom(services.database, maxWaiting);
    try {
      const given = inputFrom(edge, request, dryRun);
      if (wantsStream(route, request)) {
        const until = (left: AbortSignal): AbortSignal => whenSessionEnds(request, services.sessions, left);
        const open = (signal: AbortSignal): AsyncIterable<string> => route.stream?.(given, signal) ?? noPieces();
        return await sendEvents(reply, services.closing, until, open);
      }
      const shared = claim === undefined && !dryRun ? await answerTogether(edge, request, given) : undefined;
      if (shared !== undefined) return await send(route, request, reply, shared);
      const done = await answerAlone(edge, request, given, claim);
      if (done.replayed) reply.header("idempotency-replayed", "true");
      return await send(route, request, reply, done.answer);
    } catch (error) {
      count(edge, asProblem(error).code);
      throw error;
    }
  };
}

/** The answer in a transaction of its own, with what is seen of targets before it. */
async function answerAlone(
  edge: Edge,
  request: FastifyRequest,
  given: Given,
  claim: Claim | undefined,
): Promise<Performed> {
  const { route, services } = edge;
  const sightings = (await route.sees?.(given)) ?? nothingSeen;
  const looked = await route.looks?.(given);
  const done = await services.database.transact(
    (tx) => perform(edge, request, { ...given, tx, sightings, looked }, claim),
    isMutating(route) ? { rollback: given.dryRun } : { readOnly: true },
  );
  if (!given.dryRun) route.committed?.(services);
  count(edge, done.replayed ? "replayed" : (done.problem?.code ?? done.outcome));
  request.problemCode = done.problem?.code;
  return done;
}

/** The answer in a transaction that others share, where the route has such an answer for this request. */
async function answerTogether(edge: Edge, request: FastifyRequest, given: Given): Promise<StoredAnswer | undefined> {
  let made: StoredAnswer | undefined;
  const answer = await edge.route.together?.(given, (one) => {
    made = onTheWire(edge, request, one);
  });
  if (answer === undefined) return undefined;
  count(edge, answer.outcome);
  return made ?? onTheWire(edge, request, answer);
}

interface Performed extends Outcome {
  readonly replayed: boolean;
  readonly outcome?: string | undefined;
}

async function perform(
  edge: Edge,
  request: FastifyRequest,
  input: RouteInput,
  claim: Claim | undefined,
): Promise<Performed> {
  const { route } = edge;
  await route.authorize?.(input);
  let outcome: string | undefined;
  const work = async (): Promise<Outcome> => {
    const answer = await route.handle(input);
    outcome = answer.outcome;
    const sent = onTheWire(edge, request, answer);
    return { answer: sent, problem: answer.problem, kept: withheld(route, answer, sent) };
  };
  if (claim === undefined) return { ...(await work()), replayed: false, outcome };
  const refuse = (problem: Problem): StoredAnswer => onTheWire(edge, request, { problem });
  const done = await answerOnce(input.tx, claim, work, refuse);
  const answer = done.replayed ? await restored(input, route, done.answer) : done.answer;
  return { ...done, answer, outcome };
}

/** What is kept of an answer that has a secret in it; undefined keeps the answer as it was sent. */
function withheld(route: Route, answer: Answer, sent: StoredAnswer): StoredAnswer | undefined {
  if (route.secret === undefined || answer.problem !== undefined) return undefined;
  return { ...sent, body: JSON.stringify(route.secret.withhold(answer.body)) };
}

async function restored(input: RouteInput, route: Route, kept: StoredAnswer): Promise<StoredAnswer> {
  if (route.secret === undefined || kept.contentType !== jsonMediaType) return kept;
  return { ...kept, body: JSON.stringify(await route.secret.restore(input, JSON.parse(kept.body))) };
}

function inputFrom(edge: Edge, request: FastifyRequest, dryRun: boolean): Given {
  const caller: Caller = request.caller ?? { principal: "anonymous", roles: [], requestId: request.id };
  return {
    caller,
    // Validated by the route's own schemas; the erased route knows them as what they are to it: nothing.
    params: request.params as undefined,
    query: request.query as undefined,
    body: request.body as undefined,
    dryRun,
    headers: request.headers,
    rawBody: request.rawBody ?? noBytes,
    services: edge.services,
  };
}

function claimOf(request: FastifyRequest): Claim | undefined {
  const key = request.headers["idempotency-key"];
  if (key === undefined || request.caller === null) return undefined;
  return {
    principal: request.caller.principal,
    method: request.method,
    path: request.raw.url ?? "",
    key: requireValidKey(String(key)),
    requestDigest: digestOf(request.body ?? null),
  };
}

function onTheWire(edge: Edge, request: FastifyRequest, answer: Answer): StoredAnswer {
  const text = prefersText(request.headers.accept) ? answer.text : undefined;
  const headers = { ...answer.headers };
  if (answer.problem !== undefined) {
    const { problem } = answer;
    return {
      status: statusOf(problem.definition),
      headers: { ...headers, ...problemHeaders(problem) },
      body: text ?? JSON.stringify(problemDocument(problem, { requestId: request.id, url: request.raw.url ?? "" })),
      contentType: text === undefined ? problemMediaType : textMediaType,
    };
  }
  edge.checkAnswer(answer.status, answer.body);
  if (answer.page !== undefined && prefersPage(request.headers.accept))
    return { status: answer.status, headers, body: answer.page, contentType: pageMediaType };
  return {
    status: answer.status,
    headers,
    body: text ?? JSON.stringify(answer.body),
    contentType: text === undefined ? jsonMediaType : textMediaType,
  };
}

function send(route: Route, request: FastifyRequest, reply: FastifyReply, answer: StoredAnswer): FastifyReply {
  reply.code(answer.status).header("cache-control", "no-store").headers(answer.headers);
  if (hasEntityTag(route) && answer.status === 200) {
    const tag = entityTag(answer.body);
    // Kept by the client alone, and asked about again each time.
    reply.headers({ etag: tag, "cache-control": "private, no-cache" });
    if (noneMatchNames(request.headers["if-none-match"], tag)) return reply.code(304).send();
  }
  return reply.type(answer.contentType).send(answer.body);
}

function count(edge: Edge, outcome: string | undefined): void {
  const { countsAs } = edge.route;
  if (countsAs !== undefined) edge.services.metrics.grantOutcome(countsAs, outcome ?? "ok");
}
