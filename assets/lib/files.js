/** Files picked, dropped or pasted, made ready to travel inside a question. */
import { estimateTokens } from "./tokens.js";

/** All attachments of one question together, in bytes; base64 adds a third, and a request holds 1 MiB. */
export const ATTACHMENTS_MAX_BYTES = 700_000;

const TEXT_NAMES = /\.(txt|md|markdown|csv|tsv|json|jsonl|xml|html?|css|m?[jt]sx?|py|rs|go|java|c|h|cpp|hpp|cs|rb|php|sh|sql|toml|ya?ml|ini|cfg|conf|log|tex|diff|patch|svelte|vue|kt|swift|lua|r|pl)$/i;
const CHUNK = 32_768;

/** `image`, `text`, or null for what a question cannot carry. */
export function fileKind(file) {
  if (file.type.startsWith("image/")) return "image";
  return file.type.startsWith("text/") || TEXT_NAMES.test(file.name) || file.type === "application/json" ? "text" : null;
}

/** `tokens`: what the text of a file adds to its question. @param {File} file @returns {Promise<{name: string, media_type: string, data: string, size: number, tokens: number|null}>} */
export async function readAttachment(file) {
  const bytes = new Uint8Array(await file.arrayBuffer());
  const text = fileKind(file) === "text";
  const media_type = text && !file.type.startsWith("text/") ? "text/plain" : file.type;
  const name = file.name || "pasted";
  const tokens = text ? estimateTokens(`\n\nFile ${name}:\n\`\`\`\n${new TextDecoder().decode(bytes)}\n\`\`\``) : null;
  return { name, media_type, data: toBase64(bytes), size: bytes.length, tokens };
}

/** @param {Uint8Array} bytes */
export function toBase64(bytes) {
  let binary = "";
  for (let start = 0; start < bytes.length; start += CHUNK) {
    binary += String.fromCharCode(...bytes.subarray(start, start + CHUNK));
  }
  return btoa(binary);
}

/** Offers a text as a download. */
export function saveText(name, text, type = "text/plain") {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], { type }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}
