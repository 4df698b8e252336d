import type { Tx } from "../../database/index.ts";
import { digestOf } from "../../kernel/json.ts";
import type { GatewayObject } from "./schemas.ts";
import { readableTables, readCatalog, readTableRows, spelledPlainly } from "./store.ts";

/**
 * Everything in the target that decides what the gateway lets through, in the order of its names: what somebody with all
 * rights could have tampered with (OPEN-10). It costs the same however many units there are, and writes nothing.
 *
 * @param target any transaction; the objects that are there are answered, without a gateway few
 */
export function readGateway(target: Tx): Promise<readonly GatewayObject[]> {
  return spelledPlainly(target, async () => {
    const catalog = await readCatalog(target);
    const readable = new Set(await readableTables(target));
    const plain = catalog.filter(isPlainTable).map(({ object }) => object.slice("relation ".length));
    const rows = await readTableRows(target, new Set(plain.filter((name) => readable.has(name))));
    return [...catalog, ...rows].sort(byName);
  });
}

/** `sha256:` and 64 hex digits over the canonical form of the objects. */
export function gatewayDigest(objects: readonly GatewayObject[]): string {
  return digestOf(objects);
}

function isPlainTable({ object, aspects }: GatewayObject): boolean {
  return object.startsWith("relation ") && aspects["kind"] === "table" && aspects["row_security"] === false;
}

function byName(a: GatewayObject, b: GatewayObject): number {
  return a.object < b.object ? -1 : a.object > b.object ? 1 : 0;
}
