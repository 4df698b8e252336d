/** The head of the log (C2SP tlog-checkpoint). */
export interface Checkpoint {
  readonly origin: string;
  readonly size: number;
  readonly root: Uint8Array;
}

export function formatCheckpoint({ origin, size, root }: Checkpoint): string {
  return `${origin}\n${size}\n${Buffer.from(root).toString("base64")}\n`;
}

/** Lines that others have added are passed over. @throws TypeError for what is no checkpoint */
export function parseCheckpoint(text: string): Checkpoint {
  const [origin = "", size = "", root = ""] = text.split("\n");
  const bytes = Buffer.from(root, "base64");
  const whole =
    origin !== "" && /^(0|[1-9]\d{0,15})$/.test(size) && bytes.length === 32 && bytes.toString("base64") === root;
  if (!whole || !text.endsWith("\n")) throw new TypeError("that is no checkpoint");
  return { origin, size: Number(size), root: bytes };
}
