// Tells listeners what happened.

/**
 * @template {Record<string, any>} Events What each event bears, by its name.
 */
export class Emitter {
  /** @type {Map<keyof Events, Set<(detail: any) => void>>} */
  #listeners = new Map();

  /**
   * Calls the listener at each such event.
   *
   * @template {keyof Events} Name
   * @param {Name} name
   * @param {(detail: Events[Name]) => void} listener
   * @returns {() => void} Ends it.
   */
  on(name, listener) {
    const listeners = this.#listeners.get(name) ?? new Set();
    listeners.add(listener);
    this.#listeners.set(name, listeners);
    return () => listeners.delete(listener);
  }

  /**
   * The next such event.
   *
   * @template {keyof Events} Name
   * @param {Name} name
   * @param {(detail: Events[Name]) => boolean} [fits] Waits for one that fits.
   * @returns {Promise<Events[Name]>}
   */
  next(name, fits = () => true) {
    return new Promise((resolve) => {
      const off = this.on(name, (detail) => {
        if (!fits(detail)) return;
        off();
        resolve(detail);
      });
    });
  }

  /**
   * @template {keyof Events} Name
   * @param {Name} name
   * @param {Events[Name]} detail
   */
  emit(name, detail) {
    for (const listener of [...(this.#listeners.get(name) ?? [])]) {
      try {
        listener(detail);
      } catch (error) {
        // A listener's mistake is the application's: it must show, and must not stop the protocol.
        queueMicrotask(() => {
          throw error;
        });
      }
    }
  }
}
