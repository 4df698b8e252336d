import { problemClass } from "../../kernel/problem.ts";

/** Why the embedded PostgreSQL could not be started or used. */
export const EmbeddedProblem = problemClass("EmbeddedProblem", {
  EMBEDDED_NOT_INSTALLED: {
    kind: "internal",
    title: "No PostgreSQL binaries for this platform are installed",
    remedy: "Install with optional dependencies (`npm ci` without `--omit=optional`), or set DATABASE_URL.",
  },
  EMBEDDED_UNUSABLE: {
    kind: "internal",
    title: "The embedded PostgreSQL cannot run here",
    remedy:
      "Set DATA_DIR to a directory that an unprivileged user can reach, run as a non-root user, or set DATABASE_URL.",
  },
  EMBEDDED_START_FAILED: {
    kind: "unavailable",
    title: "The embedded PostgreSQL did not start",
    remedy: "Read the server's own log, `postgres.log` in DATA_DIR. The data was not touched.",
  },
  EMBEDDED_BUSY: {
    kind: "unavailable",
    title: "Another process keeps the data directory busy",
    remedy: "Wait until the other start or stop is over, then start again.",
  },
  DATA_DIR_VERSION: {
    kind: "internal",
    title: "The data belongs to another major version of PostgreSQL",
    remedy: "Dump the data with the version that wrote it and load it here, or set DATA_DIR to another directory.",
  },
  DATA_DIR_FOREIGN: {
    kind: "internal",
    title: "The data directory holds something that is not ours",
    remedy: "Set DATA_DIR to another directory, or move what is in the way. Nothing was deleted.",
  },
  DATA_DIR_SECRETS_LOST: {
    kind: "internal",
    title: "The passwords of the data directory are lost",
    remedy: "Restore `postgres.json` in DATA_DIR from a backup, or set DATA_DIR to another directory.",
  },
});
