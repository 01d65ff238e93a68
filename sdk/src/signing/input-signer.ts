/**
 * Ed25519 and SHA-256 of the browser (or Node), and what is signed. There is no fallback: where WebCrypto is missing (a page
 * without a secure context) nothing is signed, and all are told.
 */
import { SdkError } from '../base/errors.js';
import { encodeUtf8 } from '../base/utf8.js';

/** Signs for one peer. The private key stays inside. */
export interface InputSigner {
  /** 32 bytes. */
  readonly publicKey: Uint8Array;
  /** The Ed25519 signature of `bytes`, 64 bytes. */
  sign(bytes: Uint8Array): Promise<Uint8Array>;
}

/** Stands before every batch that is signed or hashed, so that no signature means anything else elsewhere. */
const DOMAIN: Uint8Array = encodeUtf8('rollmesh input batch v1\0');

/**
 * A signer with a fresh key that cannot be exported.
 * @throws {SdkError} `unsupported-browser` without WebCrypto (no secure context) or without Ed25519 in it.
 */
export async function createInputSigner(): Promise<InputSigner> {
  const subtle = globalThis.crypto?.subtle as SubtleCrypto | undefined;
  if (subtle === undefined) {
    throw new SdkError(
      'unsupported-browser',
      'Inputs cannot be signed here: the page has no secure context. Serve it by https, or from localhost.',
    );
  }
  try {
    const { privateKey, publicKey } = (await subtle.generateKey('Ed25519', false, [
      'sign',
      'verify',
    ])) as CryptoKeyPair;
    const raw = new Uint8Array(await subtle.exportKey('raw', publicKey));
    return {
      publicKey: raw,
      sign: async (bytes) => new Uint8Array(await subtle.sign('Ed25519', privateKey, own(bytes))),
    };
  } catch (cause) {
    throw new SdkError(
      'unsupported-browser',
      'Inputs cannot be signed here: this browser has no Ed25519. Update it.',
      { cause },
    );
  }
}

/** The bytes that are signed for an encoded batch. */
export function signedText(batch: Uint8Array): Uint8Array {
  const text = new Uint8Array(DOMAIN.length + batch.length);
  text.set(DOMAIN);
  text.set(batch, DOMAIN.length);
  return text;
}

/** Hash of an encoded batch, which the next one names. */
export async function hashOfBatch(batch: Uint8Array): Promise<Uint8Array> {
  return new Uint8Array(await crypto.subtle.digest('SHA-256', own(signedText(batch))));
}

/** Importing a key takes as long as signing with it. The bytes of a key are never written to once it is known. */
const importedKeys = new WeakMap<Uint8Array, Promise<CryptoKey>>();

/** True if `signature` was made over this encoded batch with the private half of `key`. Never rejects. */
export async function verifyBatch(
  key: Uint8Array,
  signature: Uint8Array,
  batch: Uint8Array,
): Promise<boolean> {
  if (isWeakKey(key)) return false;
  try {
    let imported = importedKeys.get(key);
    if (imported === undefined) {
      imported = crypto.subtle.importKey('raw', own(key), 'Ed25519', false, ['verify']);
      importedKeys.set(key, imported);
    }
    return await crypto.subtle.verify('Ed25519', await imported, own(signature), own(signedText(batch)));
  } catch {
    // Not a point of the curve.
    return false;
  }
}

/** Points of small order, as hex of the 32 bytes without the sign bit: signatures of anything can be made up for such a key. */
const WEAK_KEYS: ReadonlySet<string> = new Set([
  '00'.repeat(32),
  `01${'00'.repeat(31)}`,
  '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
  'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
  `ec${'ff'.repeat(30)}7f`,
  `ed${'ff'.repeat(30)}7f`,
  `ee${'ff'.repeat(30)}7f`,
]);

/** True for a key with which everybody could sign. */
export function isWeakKey(key: Uint8Array): boolean {
  let hex = '';
  key.forEach((byte, index) => {
    hex += (index === 31 ? byte & 0x7f : byte).toString(16).padStart(2, '0');
  });
  return WEAK_KEYS.has(hex);
}

/** True if both have the same bytes. */
export function sameBytes(left: Uint8Array | undefined, right: Uint8Array | undefined): boolean {
  if (left === undefined || right === undefined || left.length !== right.length) return false;
  return left.every((byte, index) => byte === right[index]);
}

/** WebCrypto takes no view of a shared buffer, and the types say so. */
function own(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return bytes.buffer instanceof ArrayBuffer ? (bytes as Uint8Array<ArrayBuffer>) : new Uint8Array(bytes);
}
