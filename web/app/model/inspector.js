// Every frame that went over the wire, for the developer's drawer.
import { Observable } from '../lib/observable.js';
import { client } from './client.js';

/** @import { Frame } from '../types.js' */

/** Older ones are forgotten. */
const FRAMES_MAX = 1_000;

class Inspector extends Observable {
  /** @type {Frame[]} */
  frames = [];
  #count = 0;

  constructor() {
    super();
    client.on('frame', ({ at, direction, text }) => {
      this.#count += 1;
      const type = /"type":"([a-z_]{1,40})"/.exec(text.slice(0, 200))?.[1] ?? /"type":"([a-z_]{1,40})"/.exec(text)?.[1] ?? '';
      // Tokens are not for a screen, nor for what is copied from it.
      const shown = type === 'auth' ? text.replace(/"token":"[^"]*"/, '"token":"…"') : text;
      this.frames.push({ id: this.#count, at, direction, text: shown, type });
      if (this.frames.length > FRAMES_MAX) this.frames.splice(0, this.frames.length - FRAMES_MAX);
      this.changed();
    });
  }

  clear() {
    this.frames = [];
    this.changed();
  }
}

export const inspector = new Inspector();
