// Files on their way, by the place they are for.
import { Observable } from '../lib/observable.js';
import { t } from '../strings/index.js';
import { client } from './client.js';
import { chat } from './chat.js';
import { ui } from './ui.js';

/** What one message takes. */
const FILES_MAX = 10;

/**
 * @typedef {object} Upload
 * @property {number} id
 * @property {string} name
 * @property {number} progress Of 1.
 * @property {'sending' | 'done' | 'failed'} state
 * @property {string | null} uploadId Once it is there.
 * @property {string | null} preview
 * @property {AbortController} ending
 */

class Uploads extends Observable {
  /** @type {Map<string, Upload[]>} */
  #all = new Map();
  #count = 0;

  /** @param {string} place */
  of(place) {
    return this.#all.get(place) ?? [];
  }

  /** @param {string} place @param {File[]} files */
  add(place, files) {
    const present = this.of(place);
    if (present.length + files.length > FILES_MAX) ui.toast(t.tooManyFiles(FILES_MAX));
    for (const file of files.slice(0, Math.max(0, FILES_MAX - present.length))) void this.#send(place, file);
  }

  /** @param {string} place @param {File} file */
  async #send(place, file) {
    this.#count += 1;
    /** @type {Upload} */
    const upload = {
      id: this.#count,
      name: file.name || t.pastedFile,
      progress: 0,
      state: 'sending',
      uploadId: null,
      preview: file.type.startsWith('image/') ? URL.createObjectURL(file) : null,
      ending: new AbortController(),
    };
    this.#all.set(place, [...this.of(place), upload]);
    this.changed();
    try {
      const answer = await client.upload(file, {
        filename: upload.name,
        signal: upload.ending.signal,
        onProgress: ({ sent, total }) => {
          upload.progress = total > 0 ? sent / total : 0;
          this.changed();
        },
      });
      upload.uploadId = answer.id;
      upload.state = 'done';
    } catch (error) {
      if (upload.ending.signal.aborted) return;
      upload.state = 'failed';
      chat.complain(error);
    }
    this.changed();
  }

  /** @param {string} place @param {number} id */
  remove(place, id) {
    const upload = this.of(place).find((one) => one.id === id);
    upload?.ending.abort();
    if (upload?.preview) URL.revokeObjectURL(upload.preview);
    this.#all.set(
      place,
      this.of(place).filter((one) => one.id !== id),
    );
    this.changed();
  }

  /** Those that are there, for the message that is sent now. @param {string} place */
  take(place) {
    const ids = this.of(place).flatMap((upload) => (upload.uploadId ? [upload.uploadId] : []));
    for (const upload of this.of(place)) if (upload.uploadId) this.remove(place, upload.id);
    return ids;
  }
}

export const uploads = new Uploads();
