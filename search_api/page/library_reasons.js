/** Why something could not be indexed, in plain words, and what to do. Knows nothing of the page. */

const AGAIN = "Put a good copy in its place: it is looked at by itself.";
const SETTING = (name) => `If you trust what comes in, raise ${name} and restart ingest. Then try again with the command.`;

/** @type {Record<string, {title: string, meaning: string, advice: string}>} */
const REASONS = {
  empty: { title: "Empty", meaning: "The file has no bytes, as after an upload that broke off.", advice: AGAIN },
  not_a_picture: {
    title: "Not a picture", meaning: "It holds something else, whatever its name says.",
    advice: "If it should be a picture, put the right file in its place. If not, leave it: it does no harm.",
  },
  unsupported_format: {
    title: "Format not read", meaning: "It may be a picture, but of a kind that Seenit does not decode.",
    advice: "Save it as JPEG, PNG, WebP, GIF, TIFF, BMP or AVIF and put that in its place.",
  },
  broken: { title: "Damaged", meaning: "It begins like a picture, then ends early or makes no sense.", advice: AGAIN },
  too_many_pixels: {
    title: "Too many pixels", meaning: "Decoding it would take more memory than Seenit allows one picture.",
    advice: SETTING("SEENIT_MAX_PIXELS"),
  },
  too_many_bytes: {
    title: "File too large", meaning: "It is larger than Seenit reads.", advice: SETTING("SEENIT_MAX_BYTES"),
  },
  decoder_crashed: {
    title: "Decoder crashed", meaning: "Decoding it crashed a process of its own; nothing else was harmed.",
    advice: "Open it elsewhere and save it anew. After an update of Seenit, try again with the command.",
  },
  decoder_timeout: {
    title: "Decoding took too long", meaning: "It was still being decoded when its time was over.",
    advice: "If the machine was very busy then, try again with the command. Else save the picture anew.",
  },
  decoder_memory: {
    title: "Decoding took too much memory", meaning: "It grew beyond what one decoding may take.",
    advice: "Save it smaller, or in a simpler format, and put that in its place.",
  },
  not_a_file: { title: "Not a file", meaning: "It is a pipe, a socket or a device.", advice: "Nothing to do, unless you would rather move it away." },
  outside_folder: {
    title: "Link out of the folder", meaning: "It is a link to somewhere outside, which Seenit does not follow.",
    advice: "Put the picture itself here instead of the link.",
  },
  unreadable: {
    title: "May not be read", meaning: "It is there, but Seenit is not allowed to read it.",
    advice: "Let Seenit's user read it, then try again with the command.",
  },
  bad_key: { title: "Name cannot be kept", meaning: "Its name is no valid UTF-8, or too long.", advice: "Rename it: it is looked at by itself." },
  unexpected: {
    title: "Something unforeseen", meaning: "Indexing it failed in a way that nobody foresaw.",
    advice: "Try again with the command. If it fails again, that is a bug: please report it with the words below.",
  },
};

/**
 * Explains a reason.
 * @param {string} reason
 * @returns {{title: string, meaning: string, advice: string}}
 */
export function explained(reason) {
  return REASONS[reason] ?? { title: reason.replaceAll("_", " "), meaning: "", advice: "Try again with the command." };
}

/**
 * Writes the command that has rejections looked at again.
 * @param {{bucket: string, reason: string, embedded: boolean}} which
 * @returns {string} for a shell; where Seenit is embedded its folder is left to fill in.
 */
export function retryCommand({ bucket, reason, embedded }) {
  const words = ["seenit rejections retry"];
  if (embedded) words.push("--folder FOLDER");
  if (bucket) words.push(`--bucket ${quoted(bucket)}`);
  if (reason) words.push(`--reason ${quoted(reason)}`);
  return words.join(" ");
}

const quoted = (word) => (/^[\w.@%+=:,/-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`);
