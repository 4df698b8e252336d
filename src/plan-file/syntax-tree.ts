/** A node of a syntax tree as libpg-query gives it: JSON, its type as the key above it (or the field's, where it has one type). */
export type Tree = Readonly<Record<string, unknown>>;

export function isTree(value: unknown): value is Tree {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The node in a field; an empty one where there is none. */
export function child(tree: Tree, field: string): Tree {
  const value = tree[field];
  return isTree(value) ? value : {};
}

export function items(tree: Tree, field: string): readonly unknown[] {
  const value = tree[field];
  return Array.isArray(value) ? value : [];
}

export function text(tree: Tree, field: string): string {
  const value = tree[field];
  return typeof value === "string" ? value : "";
}

/** Type and content of a node that carries its type: `{ SelectStmt: {...} }`. */
export function typed(value: unknown): readonly [string, Tree] {
  if (!isTree(value)) return ["", {}];
  const [first] = Object.entries(value);
  return first !== undefined && isTree(first[1]) ? [first[0], first[1]] : ["", {}];
}

/** The strings of a name such as `[{ String: { sval: "public" } }, { String: { sval: "f" } }]`. */
export function words(list: readonly unknown[]): string[] {
  return list.flatMap((item) => {
    const [type, node] = typed(item);
    return type === "String" ? [text(node, "sval")] : [];
  });
}

/** Every node below and including the tree, each with its type or field; without recursion, however deep it is. */
export function* nodes(tree: Tree): Generator<readonly [string, Tree]> {
  const waiting: [string, unknown][] = [["", tree]];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const [name, value] = next;
    if (Array.isArray(value)) {
      for (const item of value) waiting.push([name, item]);
    } else if (isTree(value)) {
      yield [name, value];
      for (const entry of Object.entries(value)) waiting.push(entry);
    }
  }
}
