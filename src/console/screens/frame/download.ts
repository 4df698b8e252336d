/** Hands a text to the person as a file. */
export function saveAs(name: string, text: string, type = "application/json"): void {
  const url = URL.createObjectURL(new Blob([text], { type }));
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  // The download has begun with the click; what it reads from stays until then.
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}
