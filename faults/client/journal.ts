import { closeSync, constants, openSync, readFileSync, writeSync } from "node:fs";

/**
 * What the client knows of an answer: `ok` and `refused` are final, `unchanged` says that nothing happened and that the same
 * may go well later, `unknown` says nothing.
 */
export type Outcome = "ok" | "refused" | "unchanged" | "unknown";

export type OperationKind =
  | "submit"
  | "vote"
  | "execute"
  | "verify"
  | "consume"
  | "revoke"
  | "hold"
  | "lift"
  | "renew"
  | "release"
  | "run";

/** What an operation is about, as far as the checks need it. */
export interface Subject {
  readonly grant?: string;
  readonly root?: string;
  readonly lease?: string;
  readonly hold?: string;
  readonly request?: string;
}

export interface Asked {
  readonly line: number;
  readonly at: number;
  readonly asked: string;
  readonly attempt: number;
  readonly kind: OperationKind;
  readonly subject: Subject;
  readonly service: number;
  /** `settle`: after the faults, when whatever was under way has ended. */
  readonly phase: "play" | "settle";
}

export interface Answered {
  readonly line: number;
  readonly at: number;
  readonly answered: string;
  readonly attempt: number;
  readonly outcome: Outcome;
  readonly status: number;
  readonly code: string | null;
  /** Whether only a part of the request was passed on: what the service refuses then is not what was asked. */
  readonly cut: boolean;
  /** What was acknowledged, where the checks compare it. */
  readonly said: Readonly<Record<string, unknown>>;
}

export interface Noted {
  readonly line: number;
  readonly at: number;
  readonly noted: "began" | "struck" | "healed" | "well" | "settled" | "judged" | "witnessed";
  readonly said: Readonly<Record<string, unknown>>;
}

export type Entry = Asked | Answered | Noted;
type Unnumbered = Omit<Asked, "line" | "at"> | Omit<Answered, "line" | "at"> | Omit<Noted, "line" | "at">;

/** The client's own record: a line of JSON each, on the disk before the next step is taken (`O_DSYNC`). */
export class Journal {
  readonly file: string;
  readonly #descriptor: number;
  #line = 0;

  constructor(file: string) {
    this.file = file;
    const { O_CREAT, O_APPEND, O_WRONLY, O_DSYNC } = constants;
    this.#descriptor = openSync(file, O_CREAT | O_APPEND | O_WRONLY | O_DSYNC, 0o600);
  }

  write(entry: Unnumbered): void {
    this.#line += 1;
    writeSync(this.#descriptor, `${JSON.stringify({ line: this.#line, at: Date.now(), ...entry })}\n`);
  }

  close(): void {
    closeSync(this.#descriptor);
  }

  entries(): Entry[] {
    return readFileSync(this.file, "utf8")
      .split("\n")
      .filter(Boolean)
      .map((line) => JSON.parse(line) as Entry);
  }
}
