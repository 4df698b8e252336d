import t from "tap";
import { pageOf, pageRequest } from "../../src/kernel/paging.ts";

t.test("operations: a cursor leads to the next page, and the last page has none", (t) => {
  const key = (row: string) => ["1750672800000000", row];
  const first = pageOf(["a", "b", "c"], 2, key, (row) => row);
  t.same(first.items, ["a", "b"]);
  t.type(first.next_cursor, "string");
  const next = pageRequest({ limit: 2, cursor: first.next_cursor ?? "" }, ["microseconds", "name"]);
  t.same(next, { limit: 2, after: ["1750672800000000", "b"] });
  t.equal(pageOf(["c"], 2, key, (row) => row).next_cursor, null);
  t.equal(pageOf(["a", "b"], 2, key, (row) => row).next_cursor, null);
  t.same(pageRequest({}, ["number"]), { limit: 50, after: undefined });
  t.end();
});

t.test("operations: a cursor that no list has answered is refused", (t) => {
  const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const bad = ["", "%%%", encode({}), encode([]), encode(["1"]), encode(["x", "a"]), encode([1, "a"])];
  for (const cursor of [...bad, encode(["1", "a", "b"]), encode(["1", "a\0"]), encode(["1".repeat(18), "a"])]) {
    t.throws(() => pageRequest({ cursor }, ["microseconds", "name"]), { code: "INVALID_REQUEST" }, cursor);
  }
  t.end();
});
