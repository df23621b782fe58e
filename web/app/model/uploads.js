// Files on their way, by the place they are for.
import { Observable } from '../lib/observable.js';
import { Problem } from '../../sdk/src/index.js';
import { t } from '../strings/index.js';
import { client } from './client.js';
import { chat } from './chat.js';
import { ui } from './ui.js';

/** @import { Upload } from '../types.js' */

/** What one message takes, until the server has said. */
const FILES_MAX = 10;
/** Within so long a broken connection is noticed. */
const NOTICED_MS = 2_000;

class Uploads extends Observable {
  /** @type {Map<string, Upload[]>} */
  #all = new Map();
  #count = 0;

  constructor() {
    super();
    client.on('state', ({ phase }) => {
      if (phase !== 'online') return;
      for (const upload of [...this.#all.values()].flat()) if (upload.state === 'waiting') void this.#send(upload);
    });
    client.on('signedOut', () => {
      for (const [place, present] of this.#all) for (const { id } of present) this.remove(place, id);
    });
  }

  /** @param {string} place */
  of(place) {
    return this.#all.get(place) ?? [];
  }

  /** @param {string} place @param {File[]} files */
  add(place, files) {
    const most = chat.capabilities.limits?.attachments_max ?? FILES_MAX;
    const present = this.of(place);
    if (present.length + files.length > most) ui.toast(t.tooManyFiles(most));
    const added = files.slice(0, Math.max(0, most - present.length)).map((file) => this.#made(file));
    this.#all.set(place, [...present, ...added]);
    for (const upload of added) void this.#send(upload);
    this.changed();
  }

  /** @param {File} file @returns {Upload} */
  #made(file) {
    this.#count += 1;
    return {
      id: this.#count,
      file,
      name: file.name || t.pastedFile,
      progress: 0,
      state: 'sending',
      failure: '',
      canRetry: false,
      uploadId: null,
      preview: file.type.startsWith('image/') ? URL.createObjectURL(file) : null,
      ending: new AbortController(),
    };
  }

  /** What the server would refuse after the last byte is not sent at all. @param {File} file */
  #refusal({ size, type }) {
    const { file_bytes_max, image_bytes_max } = chat.capabilities.limits ?? {};
    const most = Math.min(file_bytes_max ?? Infinity, type.startsWith('image/') ? (image_bytes_max ?? Infinity) : Infinity);
    if (size > most) return t.fileTooLarge(t.size(most));
    return size === 0 ? t.fileEmpty : '';
  }

  /** @param {Upload} upload */
  async #send(upload) {
    const refusal = this.#refusal(upload.file);
    Object.assign(upload, { state: refusal ? 'failed' : 'sending', failure: refusal, canRetry: false, progress: 0 });
    this.changed();
    if (refusal) return;
    try {
      const answer = await client.upload(upload.file, {
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
      upload.failure = chat.explain(error);
      upload.canRetry = !(error instanceof Problem) || !error.isFinal;
      if (error instanceof Problem && error.code === 'offline') this.#wait(upload);
    }
    this.changed();
  }

  /** A server that is away is noticed by one connection before the other. @param {Upload} upload */
  #wait(upload) {
    upload.state = 'waiting';
    if (client.state.phase !== 'online') return;
    setTimeout(() => {
      if (upload.state !== 'waiting' || client.state.phase !== 'online') return;
      upload.state = 'failed';
      this.changed();
    }, NOTICED_MS);
  }

  /** @param {Upload} upload */
  retry(upload) {
    if (upload.state === 'failed') void this.#send(upload);
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
  idsOf(place) {
    return this.of(place).flatMap((upload) => (upload.uploadId ? [upload.uploadId] : []));
  }

  /** A message bears them. @param {string} place */
  sent(place) {
    for (const upload of this.of(place)) if (upload.uploadId) this.remove(place, upload.id);
  }
}

export const uploads = new Uploads();
