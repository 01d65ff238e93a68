/** The random word in front of serialised states that are not one buffer: four bytes, little-endian. */

const WORD_BYTES = 4;

/** The word, then `rest`. */
export function joinRandomWord(randomWord: number, rest: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(WORD_BYTES + rest.length);
  for (let index = 0; index < WORD_BYTES; index += 1) bytes[index] = randomWord >>> (index * 8);
  bytes.set(rest, WORD_BYTES);
  return bytes;
}

/** Takes apart what {@link joinRandomWord} made; `undefined` if the word is not there. */
export function splitRandomWord(
  bytes: Uint8Array,
): { readonly randomWord: number; readonly rest: Uint8Array } | undefined {
  if (bytes.length < WORD_BYTES) return undefined;
  let randomWord = 0;
  for (let index = 0; index < WORD_BYTES; index += 1) randomWord |= (bytes[index] as number) << (index * 8);
  return { randomWord, rest: bytes.subarray(WORD_BYTES) };
}
