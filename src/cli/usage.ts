/** The command cannot be carried out as it was written: exit 2. */
export class UsageError extends Error {}

/** Whoever started the command has taken it back, by Ctrl-C: exit 130. */
export class Interrupted extends Error {}
