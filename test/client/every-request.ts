import { Client, NotSent, type OutgoingRequest } from "../../src/client/index.ts";

/** What a method of the client sends. */
export interface Sent {
  readonly method: string;
  readonly request: OutgoingRequest;
}

/** What a client is asked with where it does not matter with what. */
const anything = (index: number): unknown => (index === 0 ? "a" : index === 1 ? "b" : index === 2 ? 1 : {});

/** Methods that decide by what they are given. */
const asked: Readonly<Record<string, readonly (readonly unknown[])[]>> = {
  execute: [["a", "b", "a secret"]],
  verify: [[{}], [{}, "a"]],
  "lifecycle.dryRun": [
    ["enact", {}],
    ["supersede", {}],
    ["retire", {}],
  ],
  grantEvidence: [["a"], ["a", "page"]],
  runEvidence: [["a"], ["a", "page"]],
};

/** Has every method of the client make its request, and sends none. */
export async function everyRequest(): Promise<Sent[]> {
  const client = new Client({ url: "http://service.example", token: "t", dry: true });
  const sent: Sent[] = [];
  const groups: [string, object][] = [
    ["", client],
    ...Object.entries(client).map(([name, group]): [string, object] => [`${name}.`, group as object]),
  ];
  for (const [prefix, group] of groups) {
    for (const [name, method] of methodsOf(group)) {
      for (const args of asked[prefix + name] ?? [Array.from({ length: method.length }, (_, index) => anything(index))])
        sent.push({ method: prefix + name, request: await requestOf(() => method.apply(group, [...args])) });
    }
  }
  return sent;
}

type Method = (...args: unknown[]) => unknown;

function methodsOf(group: object): [string, Method][] {
  const found = new Map<string, Method>();
  for (
    let at: object = Object.getPrototypeOf(group) as object;
    at !== Object.prototype;
    at = Object.getPrototypeOf(at) as object
  ) {
    for (const name of Object.getOwnPropertyNames(at)) {
      const value = (group as Readonly<Record<string, unknown>>)[name];
      if (typeof value === "function" && !found.has(name)) found.set(name, value as Method);
    }
  }
  for (const own of ["constructor", "send", "sendForText", "openStream", "get", "change", "ask", "text", "every"])
    found.delete(own);
  return [...found];
}

async function requestOf(call: () => unknown): Promise<OutgoingRequest> {
  try {
    const answer = call() as Promise<unknown> | AsyncGenerator;
    await ("next" in answer ? answer.next() : answer);
  } catch (error) {
    if (error instanceof NotSent) return error.request;
    throw error;
  }
  throw new Error("it was sent");
}
