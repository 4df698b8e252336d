import { ServiceProblem } from "./problems.ts";

/** Containers inside containers that a body may have. */
export const maxDepth = 32;

const forbiddenKeys = new Set(["__proto__", "constructor", "prototype"]);
const words = ["true", "false", "null"];
const numberLiteral = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y;

/** One open container: an object with the keys seen so far, or an array with the index of its current item. */
interface Frame {
  readonly keys: Set<string> | undefined;
  key: string;
  index: number;
}

type Expected = "value" | "value or ]" | "key" | "key or }" | "comma or end" | "end of text";

/**
 * Reads a JSON text once from left to right and refuses what `JSON.parse` would let through although two readers could
 * understand it differently: duplicate keys, numbers that a double cannot hold, U+0000 and lone surrogates, prototype
 * keys, deep nesting. The grammar (RFC 8259) is checked on the way, so that a malformed text is refused with its place.
 * Linear in the length of the text, and never recursive.
 *
 * @param text a decoded JSON text
 * @throws ServiceProblem INVALID_REQUEST with an RFC 6901 pointer; it never repeats a value of the text
 */
export function scanJson(text: string): void {
  new Scanner(text).run();
}

class Scanner {
  readonly #text: string;
  readonly #frames: Frame[] = [];
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  run(): void {
    let expected: Expected = "value";
    for (;;) {
      this.#at = skipWhitespace(this.#text, this.#at);
      const char = this.#text[this.#at];
      if (char === undefined) {
        if (expected === "end of text") return;
        this.#malformed("the text ends too early");
      }
      expected = this.#step(expected, char);
    }
  }

  #step(expected: Expected, char: string): Expected {
    switch (expected) {
      case "value":
        return this.#value(char);
      case "value or ]":
        return char === "]" ? this.#close() : this.#value(char);
      case "key":
        return this.#key(char);
      case "key or }":
        return char === "}" ? this.#close() : this.#key(char);
      case "comma or end":
        return this.#separator(char);
      case "end of text":
        return this.#malformed("there is more text after the value");
    }
  }

  #separator(char: string): Expected {
    const top = this.#top();
    const end = top.keys === undefined ? "]" : "}";
    if (char === end) return this.#close();
    if (char !== ",") this.#malformed(`a comma or ${end} belongs here`);
    this.#at += 1;
    top.index += 1;
    return top.keys === undefined ? "value" : "key";
  }

  #key(char: string): Expected {
    const top = this.#top();
    if (char !== '"') this.#malformed("a key in double quotes belongs here");
    const end = endOfString(this.#text, this.#at);
    top.key = this.#content(end);
    if (top.keys?.has(top.key)) this.#refuse("This key occurs twice in its object.");
    if (forbiddenKeys.has(top.key)) this.#refuse("This key is not allowed.");
    top.keys?.add(top.key);
    this.#at = skipWhitespace(this.#text, end);
    if (this.#text[this.#at] !== ":") this.#malformed("a colon belongs here");
    this.#at += 1;
    return "value";
  }

  #value(char: string): Expected {
    if (char === "{" || char === "[") return this.#open(char);
    if (char === '"') {
      const end = endOfString(this.#text, this.#at);
      this.#content(end);
      this.#at = end;
    } else {
      this.#at += this.#wordOrNumber().length;
    }
    return this.#afterValue();
  }

  #open(char: string): Expected {
    if (this.#frames.length === maxDepth) this.#refuse(`Values are nested deeper than ${maxDepth} levels.`);
    this.#frames.push({ keys: char === "{" ? new Set() : undefined, key: "", index: 0 });
    this.#at += 1;
    return char === "{" ? "key or }" : "value or ]";
  }

  #close(): Expected {
    this.#frames.pop();
    this.#at += 1;
    return this.#afterValue();
  }

  #afterValue(): Expected {
    return this.#frames.length === 0 ? "end of text" : "comma or end";
  }

  #wordOrNumber(): string {
    const word = words.find((candidate) => this.#text.startsWith(candidate, this.#at));
    if (word !== undefined) return word;
    numberLiteral.lastIndex = this.#at;
    const literal = numberLiteral.exec(this.#text)?.[0];
    if (literal === undefined) return this.#malformed("a value belongs here");
    // Beyond 2^53 neighbouring integers are one double: what was signed would no longer be what was read.
    if (Math.abs(Number(literal)) > Number.MAX_SAFE_INTEGER) {
      this.#refuse("The number is beyond ±(2^53−1) and cannot be held exactly. Send it as a string.");
    }
    return literal;
  }

  /**
   * The string from here to `end` with its escapes resolved. Only an escape can bring in U+0000 or half of a surrogate
   * pair: raw control characters are not JSON, and UTF-8 has no lone surrogates.
   */
  #content(end: number): string {
    const raw = this.#text.slice(this.#at + 1, end - 1);
    if (!raw.includes("\\")) return raw;
    const content = JSON.parse(this.#text.slice(this.#at, end)) as string;
    if (content.includes("\0")) this.#refuse("The string contains U+0000.");
    if (!content.isWellFormed()) this.#refuse("The string contains half of a surrogate pair.");
    return content;
  }

  #top(): Frame {
    return this.#frames.at(-1) as Frame;
  }

  #refuse(detail: string): never {
    const pointer = this.#frames
      .map((frame) => `/${escapeToken(frame.keys === undefined ? String(frame.index) : frame.key)}`)
      .join("");
    const place = pointer === "" ? "the top level" : pointer;
    throw new ServiceProblem("INVALID_REQUEST", `The JSON is not acceptable at ${place}: ${detail}`, {
      errors: [{ pointer, detail }],
    });
  }

  #malformed(what: string): never {
    return refuseMalformed(this.#text, this.#at, what);
  }
}

function skipWhitespace(text: string, from: number): number {
  let at = from;
  for (;;) {
    const code = text.charCodeAt(at);
    if (code !== 0x20 && code !== 0x0a && code !== 0x0d && code !== 0x09) return at;
    at += 1;
  }
}

/** The index after the closing quote of the string that opens at `at`. */
function endOfString(text: string, at: number): number {
  for (let i = at + 1; i < text.length; i += 1) {
    const code = text.charCodeAt(i);
    if (code === 0x22) return i + 1;
    if (code < 0x20) return refuseMalformed(text, i, "a control character must be escaped");
    if (code === 0x5c) i = endOfEscape(text, i);
  }
  return refuseMalformed(text, text.length, "a string is not closed");
}

const unicodeEscape = /\\u[0-9a-fA-F]{4}/y;

/** The index of the last character of the escape that starts with the backslash at `at`. */
function endOfEscape(text: string, at: number): number {
  const next = text[at + 1];
  if (next !== undefined && '"\\/bfnrt'.includes(next)) return at + 1;
  unicodeEscape.lastIndex = at;
  if (unicodeEscape.test(text)) return at + 5;
  return refuseMalformed(text, at, "the escape is unknown");
}

/** One reference token of a JSON pointer, shortened, since a client may send a key of any length (RFC 6901). */
export function escapeToken(token: string): string {
  const short = token.length > 100 ? `${token.slice(0, 100)}…` : token;
  return short.toWellFormed().replaceAll("~", "~0").replaceAll("/", "~1");
}

function refuseMalformed(text: string, at: number, what: string): never {
  const before = text.slice(0, at);
  const line = before.split("\n").length;
  const column = at - before.lastIndexOf("\n");
  const detail = `Line ${line}, column ${column}: ${what}.`;
  throw new ServiceProblem("INVALID_REQUEST", `The body is not valid JSON. ${detail}`, {
    errors: [{ pointer: "", detail }],
  });
}
