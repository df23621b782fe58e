// Files that the server shows to members only: fetched with the login's word, shown from memory.
import { client } from './client.js';

/** Pictures that are kept, oldest first out. */
const PICTURES_MAX = 150;

export class Media {
  /** @type {Map<string, Promise<string>>} */
  #pictures = new Map();

  /** An address for an `<img>`; none for a picture that is elsewhere, whose keeper would learn who looks. @param {string} url @returns {Promise<string>} */
  picture(url) {
    if (new URL(client.resolve(url)).origin !== location.origin) return Promise.reject(new TypeError(`${url} is elsewhere`));
    let made = this.#pictures.get(url);
    if (!made) {
      made = this.fetch(url).then((blob) => URL.createObjectURL(blob));
      this.#pictures.set(url, made);
      made.catch(() => this.#pictures.delete(url));
      if (this.#pictures.size > PICTURES_MAX) this.#forget(/** @type {string} */ (this.#pictures.keys().next().value));
    }
    return made;
  }

  /** @param {string} url @returns {Promise<Blob>} */
  async fetch(url) {
    return client.download(url);
  }

  /** @param {string} url */
  #forget(url) {
    void this.#pictures.get(url)?.then((made) => URL.revokeObjectURL(made), () => {});
    this.#pictures.delete(url);
  }

  clear() {
    for (const url of [...this.#pictures.keys()]) this.#forget(url);
  }
}
