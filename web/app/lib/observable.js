// Models that tell their views when they have changed.
import { useEffect, useState } from './html.js';

/** Somebody who wants to know. @typedef {() => void} Listener */

export class Observable {
  /** @type {Set<Listener>} */
  #listeners = new Set();
  #isTelling = false;
  /** Grows with each change. */
  version = 0;

  /** @param {Listener} listener */
  observe(listener) {
    this.#listeners.add(listener);
    return () => {
      this.#listeners.delete(listener);
    };
  }

  /** Many changes in one turn are told once. */
  changed() {
    this.version += 1;
    if (this.#isTelling) return;
    this.#isTelling = true;
    queueMicrotask(() => {
      this.#isTelling = false;
      for (const listener of [...this.#listeners]) listener();
    });
  }
}

/**
 * Renders the calling view again whenever one of the models changes.
 * @param {(Observable | null | undefined)[]} models
 */
export function useObserved(...models) {
  const [, setTurn] = useState(0);
  const seen = models.map((model) => model?.version);
  useEffect(() => {
    const again = () => setTurn((turn) => turn + 1);
    const ends = models.map((model) => model?.observe(again));
    // Effects come after a frame: what changed since the rendering was told to nobody.
    if (models.some((model, index) => model?.version !== seen[index])) again();
    return () => ends.forEach((end) => end?.());
  }, models);
}
