import type { TSchema } from "typebox";

type Schema = Readonly<Record<string, unknown>>;

/**
 * Finds the objects of a schema that would let unknown members in without saying so: those that neither refuse them
 * (`additionalProperties: false`) nor name what they may be.
 *
 * @returns a pointer into the schema for each; none means that it is closed
 */
export function openObjects(schema: TSchema): string[] {
  const found: string[] = [];
  walk(schema as Schema, "", found);
  return found;
}

function walk(schema: Schema, path: string, found: string[]): void {
  if (isObjectSchema(schema) && schema.additionalProperties === undefined && !namesEveryMember(schema)) {
    found.push(path === "" ? "/" : path);
  }
  for (const keyword of ["properties", "patternProperties", "$defs"]) {
    for (const [name, child] of Object.entries((schema[keyword] ?? {}) as Record<string, Schema>)) {
      walk(child, `${path}/${keyword}/${name}`, found);
    }
  }
  for (const keyword of ["anyOf", "oneOf", "allOf", "items", "additionalProperties"]) {
    const children = [schema[keyword]]
      .flat()
      .filter((child): child is Schema => typeof child === "object" && child !== null);
    for (const [index, child] of children.entries()) walk(child, `${path}/${keyword}/${index}`, found);
  }
}

function isObjectSchema(schema: Schema): boolean {
  return schema.type === "object" || schema.properties !== undefined || schema.patternProperties !== undefined;
}

/** `Type.Record(Type.String(), …)` has one pattern that matches every name: any member, of one declared shape. */
function namesEveryMember(schema: Schema): boolean {
  return Object.keys(schema.patternProperties ?? {}).includes("^.*$");
}
