import type { ProblemDefinition } from "../kernel/problem.ts";
import { statusOf } from "./problem-document.ts";

/** The page that a problem's `type` leads to. It has neither style nor script, so that the strictest policy fits it. */
export function problemPage(code: string, definition: ProblemDefinition): string {
  return `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>${escape(code)} - Countersign</title></head>
<body>
<h1>${escape(code)}</h1>
<p>${escape(definition.title)}. It is answered with HTTP status ${statusOf(definition)}.</p>
<h2>What to do</h2>
<p>${escape(definition.remedy).replace(/`([^`]+)`/g, "<code>$1</code>")}</p>
</body>
</html>
`;
}

/** A browser asks for HTML by name; whatever else asks for JSON by name, or for nothing in particular, gets JSON. */
export function prefersJson(accept: string | undefined): boolean {
  return accept === undefined || !/\btext\/html\b/i.test(accept);
}

function escape(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");
}
