import type { Build, Detail, Work } from "../../build.ts";
import { RunProblem } from "../../errors.ts";
import { baseline, delta, expectedSchemaDigest, fingerprint, liveSchemaDigest, standing } from "./catalog.ts";
import { inOrder, manifestDigest, refuseDuplicates } from "./manifest.ts";
import { lookAtTarget, requireSchema } from "./preflight.ts";
import { explain } from "./refusals.ts";
import { C1Input, type Entry } from "./schemas.ts";
import {
  activeValues,
  admitValues,
  collectionExists,
  countAdmitted,
  createSchema,
  ensureCollection,
  findEvidence,
  findValues,
  insertEvidence,
  retireCollectionOf,
  retireValuesOf,
} from "./store.ts";

type C1Work = Work<C1Input>;

/** Values of one round trip: small enough for any statement timeout, large enough not to be chatty. */
const chunk = 500;

async function preflight({ target, input }: C1Work): Promise<Detail> {
  const found = await lookAtTarget(target);
  if (found["collection"] === "absent") return found;
  const names = input.manifest.entries.map((one) => ({ code: one.operation_code, version: one.protocol_version }));
  const standingValues = new Map((await findValues(target, names)).map((row) => [idOf(row), row]));
  for (const entry of input.manifest.entries) {
    const row = standingValues.get(idOf(entry));
    if (row === undefined) continue;
    if (row.description !== entry.description) {
      throw new RunProblem(
        "STATE_FAILED",
        `${idOf(entry)} stands in the collection for something else: admit another version.`,
      );
    }
    if (row.status === "superseded")
      throw new RunProblem("STATE_FAILED", `${idOf(entry)} was superseded: restore it by a rollback first.`);
  }
  return { ...found, present: standingValues.size };
}

async function ensureSchema({ target, root, authCode }: C1Work): Promise<Detail> {
  const there = await collectionExists(target);
  if (!there) await createSchema(target);
  return { schema: there ? "present" : "created", collection: await ensureCollection(target, root, authCode) };
}

async function assertSchema({ target }: C1Work): Promise<Detail> {
  const live = await liveSchemaDigest(target);
  requireSchema(live);
  return { schema_digest: live };
}

async function admit({ target, input, root, authCode }: C1Work): Promise<Detail> {
  const did: Record<string, number> = { admitted: 0, restored: 0, present: 0 };
  const entries = input.manifest.entries.toSorted(inOrder);
  for (let from = 0; from < entries.length; from += chunk) {
    const counts = await admitValues(target, entries.slice(from, from + chunk), root, authCode);
    for (const [what, times] of Object.entries(counts)) did[what] = (did[what] ?? 0) + times;
  }
  return did;
}

async function assertAdmitted({ target, input }: C1Work): Promise<Detail> {
  const { entries } = input.manifest;
  const count = await countAdmitted(target, entries);
  if (count === entries.length) return { count };
  throw new RunProblem("MANIFEST_DIGEST_MISMATCH", `${count} of ${entries.length} values are in the collection.`);
}

async function assertManifest({ target, input }: C1Work): Promise<Detail> {
  const stored = await activeValues(target);
  const live = manifestDigest(stored);
  const approved = manifestDigest(input.manifest.entries.toSorted(inOrder));
  if (stored.length !== input.manifest.entries.length || live !== approved) {
    throw new RunProblem(
      "MANIFEST_DIGEST_MISMATCH",
      `${stored.length} values are active with the digest ${live}; approved are ${input.manifest.entries.length} with ${approved}.`,
    );
  }
  return { manifest_digest: live, count: stored.length };
}

/** The evidence as it is written and as it must be read back. */
async function evidenceOf({ target, input, authCode, bindings }: C1Work) {
  const stored = await activeValues(target);
  const { plan_id, plan_revision, environment } = bindings;
  return {
    kind: "evidence" as const,
    auth_code: authCode,
    manifest_digest: manifestDigest(stored),
    schema_digest: (await liveSchemaDigest(target)) ?? "",
    value_count: stored.length,
    content: { plan_id, plan_revision, environment, approved: input.manifest.entries.length },
  };
}

async function writeEvidence(work: C1Work): Promise<Detail> {
  await insertEvidence(work.target, work.root, await evidenceOf(work));
  return {};
}

async function readEvidenceBack(work: C1Work): Promise<Detail> {
  const written = await findEvidence(work.target, work.root);
  const { manifest_digest, schema_digest } = work.bindings;
  if (written?.manifest_digest !== manifest_digest || written.schema_digest !== schema_digest) {
    throw new RunProblem("STATE_FAILED", "The evidence that was read back does not say what was approved.");
  }
  return { manifest_digest, schema_digest, value_count: written.value_count };
}

async function undoSchema({ target, root, authCode, bindings }: C1Work): Promise<Detail> {
  if (!(await collectionExists(target))) return { retired: false };
  return { retired: await retireCollectionOf(target, root, authCode, bindings.rollback_plan_ref) };
}

async function undoValues({ target, root, authCode, bindings }: C1Work): Promise<Detail> {
  if (!(await collectionExists(target))) return { retired: 0 };
  return { retired: await retireValuesOf(target, root, authCode, bindings.rollback_plan_ref) };
}

/** The failure artifact (RUN-4): what was there when the evidence failed, and stays there. */
async function recordFailure(work: C1Work): Promise<Detail> {
  if (!(await collectionExists(work.target))) return { recorded: false };
  await insertEvidence(work.target, work.root, { ...(await evidenceOf(work)), kind: "failure" });
  return { recorded: true };
}

const nothing = async (): Promise<Detail> => ({});

function idOf(entry: Pick<Entry, "operation_code" | "protocol_version">): string {
  return `${entry.operation_code}@${entry.protocol_version}`;
}

/** The C1 vocabulary build (RUN-1, RUN-4): eight states, each with what undoes it. */
export const c1Vocabulary: Build<C1Input> = {
  name: "c1-vocabulary",
  summary: "Builds the C1 collection and admits the operations of a manifest into it.",
  carrier: "C1",
  target: "DOT_C1_VOCAB_BUILD",
  leaseName: "lego1-c1-build",
  actionSet: ["dot_iu_create_collection", "staging_consume"],
  needs: () => ["dot_iu_create_collection", "staging_consume"],
  rollback: "c1-vocabulary-rollback",
  input: C1Input,
  examine: refuseDuplicates,
  digests: ({ manifest }) => ({
    manifest_digest: manifestDigest(manifest.entries.toSorted(inOrder)),
    schema_digest: expectedSchemaDigest(),
    count: manifest.entries.length,
  }),
  states: [
    {
      state: "S0",
      name: "PREFLIGHT",
      kind: "check",
      compensation: "ABORT",
      summary: "Looks at the target; writes nothing.",
      check: preflight,
    },
    {
      state: "S1",
      name: "RESERVE_CONSUME",
      kind: "reserve",
      compensation: "ABORT_NO_LEASE",
      summary: "Takes the lease and burns the grant.",
    },
    {
      state: "S2",
      name: "SCHEMA",
      kind: "write",
      compensation: "COMP_SCHEMA",
      summary: "Ensures collection, fields and table registry (DOT_C1_SCHEMA_ENSURE).",
      action: ensureSchema,
      verify: nothing,
      undo: undoSchema,
    },
    {
      state: "S3",
      name: "VERIFY_SCHEMA",
      kind: "write",
      compensation: "COMP_SCHEMA",
      summary: "Recomputes schema_digest from the live catalog.",
      action: nothing,
      verify: assertSchema,
      undo: undoSchema,
    },
    {
      state: "S4",
      name: "VALUES",
      kind: "write",
      compensation: "COMP_VALUES",
      summary: "Admits each value, once by code and version (DOT_C1_VALUE_ADMIT).",
      action: admit,
      verify: assertAdmitted,
      undo: undoValues,
    },
    {
      state: "S5",
      name: "VERIFY_VALUES",
      kind: "write",
      compensation: "COMP_VALUES",
      summary: "Recomputes manifest_digest and the count from the stored values.",
      action: nothing,
      verify: assertManifest,
      undo: undoValues,
    },
    {
      state: "S6",
      name: "EVIDENCE",
      kind: "write",
      compensation: "COMP_EVIDENCE",
      summary: "Writes the evidence and reads it back.",
      action: writeEvidence,
      verify: readEvidenceBack,
      undo: recordFailure,
    },
    {
      state: "S7",
      name: "FINALIZE",
      kind: "finalize",
      compensation: "COMP_FINALIZE",
      summary: "Writes the outcome to the grant and frees the lease.",
    },
  ],
  fingerprint,
  standing,
  baseline,
  delta,
  explain,
};
