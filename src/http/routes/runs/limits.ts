/** Bytes of a body that carries a build's input: a manifest of 20,000 values fits, elsewhere 256 KiB are the most. */
export const inputBodyLimit = 4 * 1024 * 1024;
